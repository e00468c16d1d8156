"""The decode engine: token ids in, token ids and log-probabilities out, for many rows a step.

A prefix is read once; rows that continue it share its keys and values. A step is one pass over the next token
of every running row, the beginnings of rows that join, and a piece of a prefix that is being read; so texts
that arrive while others are written join at the next step, and a long prefix does not hold the others up.
Knows no tokenizer, no threads and no words; `scheduler.py` decides who may join.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from summarizer.models.network import Network, Segment
from summarizer.models.protocol import Finish, Sampling
from summarizer.models.sampling import Allowed, draw

PIECE = 512  # tokens of prefixes and beginnings a step while no row is running
PIECE_BESIDE = 128  # and while rows are running, so that they go on several times a second


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
    `tokens` as the next token behind `ids[place]`."""

    ids: tuple[int, ...]
    ask: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(slots=True, eq=False)
class PrefixState:
    """A prefix that is being read (`pending`) or has been."""

    ids: tuple[int, ...]
    sequence: Any
    done: int = 0

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


class Engine:
    """Not for several threads at once. Prefixes must be ready before rows are added to them. `threads` is how many
    share the products of a pass (None leaves it alone). It stays the same for good: sums that are split otherwise
    differ in their last bits, and the same seed must give the same text."""

    def __init__(self, network: Network, threads: int | None = None) -> None:
        self.network, self.threads = network, threads
        self.passes = 0
        self._reading: deque[PrefixState] = deque()
        self._joining: deque[list[RowState]] = deque()  # rows with the same beginning, read once
        self._running: list[RowState] = []

    # --- one call for a whole piece of work ---

    def prefill(self, ids: Sequence[int]) -> PrefixState:
        """Reads a prefix to its end."""
        prefix = self.add_prefix(ids)
        while not prefix.ready:
            self.step()
        return prefix

    def run(self, prefix: PrefixState, jobs: Sequence[Write | Score]) -> list[RowState]:
        """Does all jobs together; the rows in the order of the jobs."""
        rows = [RowState(job, prefix) for job in jobs]
        self.add_rows(rows)
        while any(row.finish is None for row in rows):
            self.step()
        return rows

    # --- the parts that a scheduler uses ---

    @property
    def busy(self) -> bool:
        return bool(self._reading or self._joining or self._running)

    def add_prefix(self, ids: Sequence[int]) -> PrefixState:
        prefix = PrefixState(tuple(ids), self.network.prefix(len(ids)))
        if not prefix.ready:
            self._reading.append(prefix)
        return prefix

    def drop_prefix(self, prefix: PrefixState) -> None:
        if prefix in self._reading:
            self._reading.remove(prefix)
        self.network.drop(prefix.sequence)

    def add_rows(self, rows: Sequence[RowState]) -> None:
        """Rows of one prefix join; those with the same suffix read it once and share what it costs."""
        same: dict[object, list[RowState]] = {}
        for row in rows:
            if isinstance(row.job, Score):
                self._joining.append([row])
                continue
            row.chance.seed(row.job.sampling.seed)
            key = (id(row.prefix), row.job.suffix)
            if key not in same:
                self._joining.append(same.setdefault(key, []))
            same[key].append(row)

    def drop_rows(self, rows: Sequence[RowState]) -> None:
        """Takes rows out before the next step, finished or not."""
        gone = {id(row) for row in rows}
        self._running = [row for row in self._running if id(row) not in gone]
        left = ([row for row in group if id(row) not in gone] for group in self._joining)
        self._joining = deque(group for group in left if group)
        for row in rows:
            self._free(row)

    @torch.inference_mode()
    def step(self) -> None:
        """One pass over everything that can go on."""
        running = self._running
        segments = [Segment(row.sequence, (row.tokens[-1],), (0,)) for row in running]
        budget = PIECE_BESIDE if running else PIECE
        joining = self._take_joining(budget // 2 if self._reading else budget)
        for group in joining:
            segments.append(self._begin(group))
            budget -= len(segments[-1].ids)
        prefix = self._reading[0] if self._reading else None
        if prefix is not None:
            piece = prefix.ids[prefix.done : prefix.done + max(budget, 16)]
            segments.append(Segment(prefix.sequence, piece))
            prefix.done += len(piece)
        if not segments:
            return
        logits = self._pass(segments)
        if prefix is not None and prefix.ready:
            self._reading.popleft()
        self._settle(running, joining, logits)

    def _pass(self, segments: Sequence[Segment]) -> torch.Tensor:
        self.passes += 1
        if self.threads is not None and self.threads != torch.get_num_threads():
            torch.set_num_threads(self.threads)  # PyTorch keeps it by the calling thread
        return self.network.run(segments)

    def _take_joining(self, budget: int) -> list[list[RowState]]:
        """Groups whose beginnings fit into this pass; always one, however long, so that none waits for
        ever."""
        taken: list[list[RowState]] = []
        while self._joining:
            size = len(_beginning(self._joining[0][0]))
            if taken and size > budget:
                break
            taken.append(self._joining.popleft())
            budget -= size
        return taken

    def _begin(self, group: Sequence[RowState]) -> Segment:
        row = group[0]
        ids = _beginning(row)
        if isinstance(row.job, Score):
            row.sequence = self.network.row(row.prefix.sequence, 0)
            return Segment(row.sequence, ids, tuple(place for place, _ in row.job.ask))
        row.sequence = self.network.row(row.prefix.sequence, len(ids) + row.job.max_tokens)
        return Segment(row.sequence, ids, (len(ids) - 1,))

    def _settle(self, running: list[RowState], joining: list[list[RowState]], logits: torch.Tensor) -> None:
        """Reads scores off, draws one token a row, and lets rows that are done leave."""
        lines = list(range(len(running)))
        rows, at = list(running), len(running)
        for group in joining:
            first = group[0]
            if isinstance(first.job, Score):
                count = len(first.job.ask)
                first.scores = _read_off(logits[at : at + count], first.job)
                first.finish = "stop"
                self._free(first)
                _tell(first)
                at += count
                continue
            for row in group:
                if row is not first:
                    assert isinstance(row.job, Write)
                    row.sequence = self.network.fork(first.sequence, len(row.job.suffix) + row.job.max_tokens)
                rows.append(row)
                lines.append(at)
            at += 1
        if not rows:
            return
        wanted = logits if lines == list(range(len(logits))) else logits[lines]
        for row, token, logprob in zip(rows, *draw(wanted, rows), strict=True):
            _append(row, token, logprob)
        self._running = [row for row in rows if row.finish is None]
        for row in rows:
            if row.finish is not None:
                self._free(row)
            _tell(row)

    def _free(self, row: RowState) -> None:
        if row.sequence is not None:
            self.network.drop(row.sequence)
            row.sequence = None


def _beginning(row: RowState) -> tuple[int, ...]:
    return row.job.ids if isinstance(row.job, Score) else row.job.suffix


def _append(row: RowState, token: int, logprob: float) -> None:
    job = row.job
    assert isinstance(job, Write)
    if token in job.end:
        row.finish = "stop"
        return
    row.tokens.append(token)
    row.logprobs.append(logprob)
    if job.halt is not None and job.halt(row.tokens):
        row.finish = "stop"
    elif len(row.tokens) >= job.max_tokens:
        row.finish = "length"


def _read_off(logits: torch.Tensor, job: Score) -> list[list[float]]:
    """logits [asks, vocabulary]: the log-probabilities that were asked for."""
    totals = logits.logsumexp(-1)
    return [(logits[i, list(tokens)] - totals[i]).tolist() for i, (_, tokens) in enumerate(job.ask)]


def _tell(row: RowState) -> None:
    if row.on_token is not None:
        row.on_token(row)
