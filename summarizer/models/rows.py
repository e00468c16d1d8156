"""What the engine works on: texts to write and continuations to score as jobs, their states, and the tree in which
rows that begin alike read what they have in common once.

Knows no network and no tensors.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from summarizer.models.protocol import Finish, Sampling
from summarizer.models.sampling import Allowed

# Tokens that two rows must have in common before it pays to read them once: each part of a beginning waits for the
# one before it, and a pass has its price.
LEAST_COMMON = 16


@dataclass(frozen=True, slots=True)
class Write:
    """A text to write after `suffix`: until a token of `end` (not part of the text), until `halt(tokens)`
    after a token, or `max_tokens`. `allowed` names the tokens that may follow the tokens so far."""

    suffix: tuple[int, ...]
    max_tokens: int
    sampling: Sampling = field(default_factory=Sampling)
    end: frozenset[int] = frozenset()
    halt: Callable[[Sequence[int]], bool] | None = None
    allowed: Allowed | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """Log-probabilities to read off while `ids` are read: for each (place, tokens) of `ask`, those of
    `tokens` as the next token behind `ids[place]`; with `states` the network's state there as well."""

    ids: tuple[int, ...]
    ask: tuple[tuple[int, tuple[int, ...]], ...]
    states: bool = False


@dataclass(slots=True, eq=False)
class PrefixState:
    """A prefix that is being read or has been. Other prefixes may begin with its first `common` tokens, too."""

    ids: tuple[int, ...]
    sequence: Any
    done: int = 0
    common: int = 0

    @property
    def ready(self) -> bool:
        return self.done == len(self.ids)


@dataclass(slots=True, eq=False)
class RowState:
    """A job and what became of it. `on_token(row)` is called after each token, `finish` set with the last."""

    job: Write | Score
    prefix: PrefixState
    on_token: Callable[[RowState], None] | None = None
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    scores: list[list[float]] = field(default_factory=list)  # of a Score, one list an `ask`
    states: Any = None  # and if it asks for them and the network tells: [asks, hidden]
    finish: Finish | None = None
    sequence: Any = None
    chance: random.Random = field(default_factory=random.Random)

    @property
    def sampling(self) -> Sampling:
        assert isinstance(self.job, Write)
        return self.job.sampling

    @property
    def allowed(self) -> Allowed | None:
        assert isinstance(self.job, Write)
        return self.job.allowed

    @property
    def beginning(self) -> tuple[int, ...]:
        return self.job.ids if isinstance(self.job, Score) else self.job.suffix


@dataclass(slots=True, eq=False)
class Stem:
    """`ids` that all its rows read behind what their stem before this one has read (`sequence`; behind the prefix
    where there is none). `rows` have then read everything, `stems` read on."""

    ids: tuple[int, ...]
    rows: list[RowState]
    stems: list[Stem] = field(default_factory=list)
    sequence: Any = None

    def all_rows(self) -> Iterator[RowState]:
        yield from self.rows
        for stem in self.stems:
            yield from stem.all_rows()

    def without(self, gone: set[int]) -> bool:
        """Takes rows out, by `id`, and says whether any is left."""
        self.rows = [row for row in self.rows if id(row) not in gone]
        self.stems = [stem for stem in self.stems if stem.without(gone)]
        return bool(self.rows or self.stems)


def stems_of(rows: Sequence[RowState]) -> list[Stem]:
    """The rows of one prefix as trees, in the order of their first rows. Scores stand alone."""
    scores = [Stem(row.job.ids, [row]) for row in rows if isinstance(row.job, Score)]
    return [*scores, *_grow([row for row in rows if isinstance(row.job, Write)], 0)]


def _grow(rows: Sequence[RowState], at: int) -> list[Stem]:
    """Trees of what the rows read from token `at` on."""
    same: dict[tuple[int, ...], list[RowState]] = {}
    for row in rows:
        same.setdefault(row.beginning, []).append(row)
    bundles: list[tuple[int, list[tuple[int, ...]]]] = []  # how far they agree, and what they read
    for ids in same:
        for i, (end, others) in enumerate(bundles):
            common = _common(others[0], ids, at, end)
            if common - at >= LEAST_COMMON:
                bundles[i] = (common, [*others, ids])
                break
        else:
            bundles.append((len(ids), [ids]))
    made = []
    for end, members in bundles:
        here = [row for ids in members if len(ids) == end for row in same[ids]]
        onward = [row for ids in members if len(ids) > end for row in same[ids]]
        made.append(Stem(members[0][at:end], here, _grow(onward, end)))
    return made


def _common(one: Sequence[int], other: Sequence[int], at: int, end: int) -> int:
    """How far the two agree, from `at`, where they do, to `end` at most."""
    end = min(end, len(other))
    while at < end and one[at] == other[at]:
        at += 1
    return at
