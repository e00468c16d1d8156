"""The decode engine: token ids in, token ids and log-probabilities out, for many rows a step.

A prefix is read once; rows that continue it share its keys and values. What all prefixes begin with is kept, and not
read again. A step is one pass over the next token
of every running row, the beginnings of rows that join, and a piece of a prefix that is being read; so texts
that arrive while others are written join at the next step, and a long prefix does not hold the others up.
Knows no tokenizer, no threads and no words; `scheduler.py` decides who may join.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import torch

from summarizer.models.network import Network, Output, Segment
from summarizer.models.rows import PrefixState, RowState, Score, Stem, Write, stems_of
from summarizer.models.sampling import draw

PIECE = 512  # tokens of prefixes and beginnings a step while no row is running
PIECE_BESIDE = 128  # and while rows are running, so that they go on several times a second


class Engine:
    """Not for several threads at once. Prefixes must be ready before rows are added to them. `threads` is how many
    share the products of a pass (None leaves it alone). It stays the same for good: sums that are split otherwise
    differ in their last bits, and the same seed must give the same text."""

    def __init__(self, network: Network, threads: int | None = None) -> None:
        self.network, self.threads = network, threads
        self.passes = 0
        self._reading: deque[PrefixState] = deque()
        self._kept: tuple[tuple[int, ...], Any] = ((), None)  # a beginning, and the network's copy of it
        self._joining: deque[Stem] = deque()
        self._running: list[RowState] = []

    # --- one call for a whole piece of work ---

    def prefill(self, ids: Sequence[int], common: int = 0) -> PrefixState:
        """Reads a prefix to its end."""
        prefix = self.add_prefix(ids, common)
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

    def add_prefix(self, ids: Sequence[int], common: int = 0) -> PrefixState:
        """`common` says how many of the first tokens the next prefix is likely to begin with, too. They are pieces of
        their own whether they have been kept or not, so that the sums, and the texts, are the same."""
        kept_ids, kept = self._kept
        known = common > 0 and tuple(ids[:common]) == kept_ids
        sequence = self.network.prefix(len(ids), kept if known else None)
        prefix = PrefixState(tuple(ids), sequence, common if known else 0, common)
        if not prefix.ready:
            self._reading.append(prefix)
        return prefix

    def drop_prefix(self, prefix: PrefixState) -> None:
        if prefix in self._reading:
            self._reading.remove(prefix)
        self.network.drop(prefix.sequence)

    def add_rows(self, rows: Sequence[RowState]) -> None:
        """Rows of one prefix join; what several of them begin with is read once."""
        for row in rows:
            if isinstance(row.job, Write):
                row.chance.seed(row.job.sampling.seed)
        self._joining.extend(stems_of(rows))

    def drop_rows(self, rows: Sequence[RowState]) -> None:
        """Takes rows out before the next step, finished or not."""
        gone = {id(row) for row in rows}
        self._running = [row for row in self._running if id(row) not in gone]
        left: deque[Stem] = deque()
        for stem in self._joining:
            if stem.without(gone):
                left.append(stem)
            else:
                self._free(stem)
        self._joining = left
        for row in rows:
            self._free(row)

    @torch.inference_mode()
    def step(self) -> None:
        """One pass over everything that can go on."""
        running = self._running
        segments = [Segment(row.sequence, (row.tokens[-1],), (0,)) for row in running]
        budget = PIECE_BESIDE if running else PIECE
        joining = self._take_joining(budget // 2 if self._reading else budget)
        for stem in joining:
            segments.append(self._begin(stem))
            budget -= len(segments[-1].ids)
        prefix = self._reading[0] if self._reading else None
        if prefix is not None:
            end = prefix.common if prefix.done < prefix.common else len(prefix.ids)
            piece = prefix.ids[prefix.done : min(prefix.done + max(budget, 16), end)]
            segments.append(Segment(prefix.sequence, piece))
            prefix.done += len(piece)
        if not segments:
            return
        try:
            output = self._pass(segments)
        except BaseException:
            for stem in joining:  # nobody else knows of what they hold
                self._free(stem)
            raise
        if prefix is not None:
            if prefix.done == prefix.common:
                self._keep(prefix)
            if prefix.ready:
                self._reading.popleft()
        self._settle(running, joining, output)

    def _keep(self, prefix: PrefixState) -> None:
        """Remembers what has been read of a prefix, in the place of the last one."""
        _, last = self._kept
        if last is not None:
            self.network.drop(last)
        self._kept = (prefix.ids[: prefix.common], self.network.prefix(prefix.common, prefix.sequence))

    def _pass(self, segments: Sequence[Segment]) -> Output:
        self.passes += 1
        if self.threads is not None and self.threads != torch.get_num_threads():
            torch.set_num_threads(self.threads)  # PyTorch keeps it by the calling thread
        return self.network.run(segments)

    def _take_joining(self, budget: int) -> list[Stem]:
        """Stems that fit into this pass; always one, however long, so that none waits for ever."""
        taken: list[Stem] = []
        while self._joining:
            size = len(self._joining[0].ids)
            if taken and size > budget:
                break
            taken.append(self._joining.popleft())
            budget -= size
        return taken

    def _begin(self, stem: Stem) -> Segment:
        if stem.sequence is None:
            first = next(stem.all_rows())
            stem.sequence = self.network.row(first.prefix.sequence, max(map(_capacity, stem.all_rows())))
        if stem.rows and isinstance(score := stem.rows[0].job, Score):
            return Segment(stem.sequence, stem.ids, tuple(place for place, _ in score.ask))
        return Segment(stem.sequence, stem.ids, (len(stem.ids) - 1,) if stem.rows else ())

    def _settle(self, running: list[RowState], joining: list[Stem], output: Output) -> None:
        """Reads scores off, draws one token a row, and lets rows that are done leave."""
        logits = output.logits
        lines = list(range(len(running)))
        rows, at = list(running), len(running)
        for stem in joining:
            if stem.rows and isinstance(score := stem.rows[0].job, Score):
                (row,) = stem.rows
                row.scores = _read_off(logits[at : at + len(score.ask)], score)
                if score.states and output.states is not None:
                    row.states = output.states[at : at + len(score.ask)].float().cpu()
                row.finish, row.sequence = "stop", stem.sequence
                self._free(row)
                _tell(row)
                at += len(score.ask)
                continue
            self._hand_on(stem)
            rows += stem.rows
            lines += [at] * len(stem.rows)
            at += bool(stem.rows)
        self._joining.extendleft(part for stem in reversed(joining) for part in reversed(stem.stems))
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

    def _hand_on(self, stem: Stem) -> None:
        """What a stem has read goes to everyone who goes on from there: copies, and itself to the last."""
        heirs: list[RowState | Stem] = [*stem.rows, *stem.stems]
        *others, last = heirs
        for other in others:
            needs = [other] if isinstance(other, RowState) else other.all_rows()
            other.sequence = self.network.fork(stem.sequence, max(map(_capacity, needs)))
        last.sequence, stem.sequence = stem.sequence, None

    def _free(self, holder: RowState | Stem) -> None:
        if holder.sequence is not None:
            self.network.drop(holder.sequence)
            holder.sequence = None


def _capacity(row: RowState) -> int:
    """Tokens of its own that a row will hold; a score keeps nothing."""
    return len(row.job.suffix) + row.job.max_tokens if isinstance(row.job, Write) else 0


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
