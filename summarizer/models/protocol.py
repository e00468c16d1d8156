"""What the pipeline asks of a model, and the plain types it asks with.

A model reads a prefix once and then writes or rates many rows that share it. It knows nothing of articles,
panels or checks, and the stages know nothing of tokens' ids, tensors or HTTP.

    with model.read(Prefix(system, document)) as session:
        session.rate([instruction, ...], choices)
        session.write([Row(instruction, ...), ...])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol, Self

from summarizer.types import Stop

Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Prefix:
    """What all rows share: the system message, and the beginning of the user message (the document).

    Both are data: text in them that looks like a control token is read as text.
    """

    system: str
    document: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. Temperature 0 is greedy. `repetition_penalty` divides the positive and
    multiplies the negative logits of tokens already written in this row (Keskar et al., 2019, CTRL)."""

    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One text to write: `instruction` ends the user message, `opening` begins the answer.

    The answer (without the opening) ends before the first of `stop`, at the model's own end, or after
    `max_tokens` tokens.
    """

    instruction: str
    max_tokens: int = 160
    opening: str = ""
    stop: tuple[str, ...] = ()
    sampling: Sampling = Sampling()


@dataclass(frozen=True, slots=True)
class Completion:
    """What a row became. `tokens` counts what was generated; `logprob` is the mean natural-log probability a
    token under the model's unmodified distribution, or None where the engine doesn't tell."""

    text: str
    tokens: int
    finish: Finish
    logprob: float | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """`context_tokens` bounds prefix, instruction and answer together. `adapter` is "" for a bare checkpoint."""

    spec: str
    name: str
    context_tokens: int
    adapter: str = ""
    device: str = ""
    dtype: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int
    completion_tokens: int


class Session(Protocol):
    """Rows over one prefix. Not for use from several threads at once."""

    @property
    def usage(self) -> Usage: ...

    def write(
        self,
        rows: Sequence[Row],
        *,
        stop: Stop = ...,
        on_done: Callable[[int, Completion], None] = ...,
    ) -> list[Completion]:
        """Completions in the order of `rows`; `on_done(i, completion)` as each ends. Raises Cancelled soon
        after `stop()` becomes true."""
        ...

    def rate(self, instructions: Sequence[str], choices: Sequence[str]) -> list[list[float]]:
        """For each instruction, the probability of each choice as the whole answer, normalised to sum to 1.
        A choice may be the beginning of another ("1" and "10")."""
        ...

    def probe(self, instructions: Sequence[str]) -> list[float] | None:
        """What the adapter's probe reads off the model's state behind each instruction, or None where there is no
        probe."""
        ...

    def likelihood(self, rows: Sequence[tuple[str, str]]) -> list[float | None]:
        """For each (instruction, answer): the mean natural-log probability a token of that answer, or None
        where the engine doesn't tell."""
        ...


class Model(Protocol):
    @property
    def info(self) -> ModelInfo: ...

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes as data; an upper estimate where the engine doesn't tell."""
        ...

    def read(self, prefix: Prefix, *, stop: Stop = ...) -> AbstractContextManager[Session]:
        """Read the prefix once. Raises ContextTooSmall if it doesn't fit."""
        ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
