"""A model that says what it was told to say: for tests of everything above the model layer.

In: answers, as a queue or a function. Out: a Model that obeys the whole protocol and remembers everything
that it was asked in `history`. It computes nothing and is never random.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Self

from summarizer.errors import Cancelled, ContextTooSmall, ModelError
from summarizer.models._shared import cut, ignore, never
from summarizer.models.protocol import Completion, ModelInfo, Prefix, Row, Usage
from summarizer.types import Stop

Answer = Callable[[Prefix, Row], str]
Rate = Callable[[Prefix, str, Sequence[str]], Sequence[float]]
Likelihood = Callable[[Prefix, str, str], float | None]

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `row` is there for "write" only; `answer` is what was written or is to be judged."""

    kind: Literal["read", "write", "rate", "likelihood"]
    prefix: Prefix
    instruction: str = ""
    row: Row | None = None
    choices: tuple[str, ...] = ()
    answer: str = ""


class ScriptedModel:
    """`answers`: texts given in the order of the rows, or a function of prefix and row.

    `rates`: the weight of each choice (0 where it isn't named), or a function of prefix, instruction and
    choices; without it all choices are as likely. `likelihoods`: a function of prefix, instruction and
    answer; without it the model doesn't tell. Tokens are words and punctuation marks. Rows end in the order
    of their lengths, as they do in a real batch.
    """

    def __init__(
        self,
        answers: Iterable[str] | Answer = (),
        *,
        rates: Mapping[str, float] | Rate | None = None,
        likelihoods: Likelihood | None = None,
        context_tokens: int = 8192,
        name: str = "scripted",
    ) -> None:
        self._answer = answers if callable(answers) else None
        self._queue = deque(() if callable(answers) else answers)
        self._rates = rates
        self._likelihoods = likelihoods
        self._info = ModelInfo(spec="scripted", name=name, context_tokens=context_tokens)
        self._lock = threading.Lock()  # sessions of one model may run in several threads
        self.history: list[Asked] = []
        self.closed = False

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def left(self) -> int:
        """How many answers of the queue haven't been given yet."""
        return len(self._queue)

    def count_tokens(self, text: str) -> int:
        return len(_TOKEN.findall(text))

    @contextmanager
    def read(self, prefix: Prefix, *, stop: Stop = never) -> Iterator[ScriptedSession]:
        if self.closed:
            raise ModelError("The model is closed.", "Open it again.")
        if stop():
            raise Cancelled("Reading was stopped.")
        tokens = self.count_tokens(prefix.system) + self.count_tokens(prefix.document)
        self.require(tokens)
        self.note(Asked("read", prefix))
        session = ScriptedSession(self, prefix, tokens)
        try:
            yield session
        finally:
            session.closed = True

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- for the session ---

    def note(self, asked: Asked) -> None:
        with self._lock:
            self.history.append(asked)

    def require(self, tokens: int) -> None:
        if tokens > self._info.context_tokens:
            raise ContextTooSmall(
                f"{tokens} tokens don't fit into a context of {self._info.context_tokens}.",
                "Shorten the document, or use a model with a longer context.",
            )

    def answer(self, prefix: Prefix, row: Row) -> str:
        if self._answer is not None:
            text = self._answer(prefix, row)
        else:
            with self._lock:
                if not self._queue:
                    raise ModelError(
                        f"The script has no answer left for {row.instruction[:60]!r}.",
                        "Give ScriptedModel more answers, or a function.",
                    )
                text = self._queue.popleft()
        return cut(text, row.stop)

    def weights(self, prefix: Prefix, instruction: str, choices: Sequence[str]) -> list[float]:
        if self._rates is None:
            weights = [1.0] * len(choices)
        elif callable(self._rates):
            weights = [float(weight) for weight in self._rates(prefix, instruction, choices)]
        else:
            weights = [float(self._rates.get(choice, 0.0)) for choice in choices]
        total = sum(weights)
        if len(weights) != len(choices) or total <= 0:
            raise ModelError("The script gives these choices no weight.", "Name at least one of them.")
        return [weight / total for weight in weights]

    def likelihood(self, prefix: Prefix, instruction: str, answer: str) -> float | None:
        return self._likelihoods(prefix, instruction, answer) if self._likelihoods else None


class ScriptedSession:
    """Rows over one prefix; made by ScriptedModel.read."""

    def __init__(self, model: ScriptedModel, prefix: Prefix, prefix_tokens: int) -> None:
        self._model = model
        self._prefix = prefix
        self._prefix_tokens = prefix_tokens
        self._usage = Usage(prefix_tokens, 0)
        self.closed = False

    @property
    def usage(self) -> Usage:
        return self._usage

    def write(
        self,
        rows: Sequence[Row],
        *,
        stop: Stop = never,
        on_done: Callable[[int, Completion], None] = ignore,
    ) -> list[Completion]:
        self._require_open(stop)
        completions = []
        for row in rows:
            asked = self._model.count_tokens(row.instruction) + self._model.count_tokens(row.opening)
            self._model.require(self._prefix_tokens + asked + row.max_tokens)
            completion = self._complete(self._model.answer(self._prefix, row), row.max_tokens)
            self._model.note(Asked("write", self._prefix, row.instruction, row=row, answer=completion.text))
            self._count(asked, completion.tokens)
            completions.append(completion)
        for number in sorted(range(len(rows)), key=lambda each: completions[each].tokens):
            self._require_open(stop)
            on_done(number, completions[number])
        return completions

    def rate(self, instructions: Sequence[str], choices: Sequence[str]) -> list[list[float]]:
        self._require_open(never)
        result = []
        for instruction in instructions:
            self._model.note(Asked("rate", self._prefix, instruction, choices=tuple(choices)))
            self._count(self._model.count_tokens(instruction), 0)
            result.append(self._model.weights(self._prefix, instruction, choices))
        return result

    def probe(self, instructions: Sequence[str]) -> list[float] | None:
        return None

    def likelihood(self, rows: Sequence[tuple[str, str]]) -> list[float | None]:
        self._require_open(never)
        result = []
        for instruction, answer in rows:
            self._model.note(Asked("likelihood", self._prefix, instruction, answer=answer))
            tokens = self._model.count_tokens(instruction) + self._model.count_tokens(answer)
            self._count(tokens, 0)
            result.append(self._model.likelihood(self._prefix, instruction, answer))
        return result

    def _complete(self, text: str, max_tokens: int) -> Completion:
        tokens = list(_TOKEN.finditer(text))
        if len(tokens) > max_tokens:
            return Completion(text[: tokens[max_tokens - 1].end()] if max_tokens else "", max_tokens, "length")
        return Completion(text, len(tokens), "stop")

    def _count(self, prompt: int, completion: int) -> None:
        before = self._usage
        self._usage = Usage(before.prompt_tokens + prompt, before.completion_tokens + completion)

    def _require_open(self, stop: Stop) -> None:
        if self.closed:
            raise ModelError("The session is closed.", "Use it inside its `with` statement.")
        if stop():
            raise Cancelled("Writing was stopped.")
