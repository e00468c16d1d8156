"""Spreads one pass over threads: segments go in, for each lane its parts come out, and the lanes run side by side.

A lane is a thread that takes some of the tokens through all layers alone. Lanes meet once a pass, where threads
inside each operator would meet some thousand times: on two cores most operators are too short for that, and where
another program takes a core for a moment, all would wait for it each time. The weights are read once a lane, so a
lane needs some tokens to be worth it. Knows no tensors.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import torch

from summarizer.models.cache import RowCache, SharedPrefix
from summarizer.models.network import Segment

LEAST = 4  # tokens a lane; below, a step takes as long as reading the weights does
LEAST_PIECE = 16  # tokens of a prefix that are worth handing to another lane


class Relay:
    """A piece of a prefix that several lanes read: a lane that attends to what an earlier one reads waits, layer by
    layer, until keys and values are in their place."""

    def __init__(self) -> None:
        self._layers: list[float] = []  # done, by runner
        self._moved = threading.Condition()

    def join(self) -> int:
        """A further runner; its number."""
        self._layers.append(0)
        return len(self._layers) - 1

    def done(self, runner: int, layers: float) -> None:
        with self._moved:
            self._layers[runner] = layers
            self._moved.notify_all()

    def wait(self, runner: int, layers: int) -> None:
        """Until all runners before this one have done so many layers."""
        with self._moved:
            self._moved.wait_for(lambda: all(done >= layers for done in self._layers[:runner]))


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens `ids` of a sequence that holds `first` tokens before them. `places` are (place in `ids`, line of the
    answer) where logits are wanted."""

    sequence: RowCache | SharedPrefix
    ids: Sequence[int]
    first: int
    places: tuple[tuple[int, int], ...]
    relay: Relay | None = None
    runner: int = 0

    @property
    def kind(self) -> int:
        """0 for the next token of a row, 1 for the beginning of a row, 2 for a piece of a prefix."""
        if isinstance(self.sequence, SharedPrefix):
            return 2
        return 0 if self.first else 1


def split(segments: Sequence[Segment], count: int) -> list[list[Part]]:
    """The parts of at most `count` lanes with about as many tokens each, in the order of their kinds. The same
    segments always give the same parts."""
    singles: list[Part] = []
    beginnings: list[Part] = []
    pieces: list[Part] = []
    line = 0
    for segment in segments:
        places = tuple((place, line + i) for i, place in enumerate(segment.want))
        line += len(places)
        part = Part(segment.sequence, segment.ids, segment.sequence.length, places)
        (singles, beginnings, pieces)[part.kind].append(part)
    singles.sort(key=lambda part: part.sequence.slot if isinstance(part.sequence, RowCache) else 0)
    edges = [len(singles) * i // count for i in range(count + 1)]
    lanes = [singles[a:b] for a, b in pairwise(edges)]  # neighbours in the slab
    load = [len(lane) for lane in lanes]
    for part in sorted(beginnings, key=lambda part: -len(part.ids)):
        lightest = load.index(min(load))
        lanes[lightest].append(part)
        load[lightest] += len(part.ids)
    for piece in pieces:
        _pour(piece, lanes, load)
    return [lane for lane in lanes if lane]


def _pour(piece: Part, lanes: list[list[Part]], load: list[int]) -> None:
    """Cuts a piece of a prefix so that the lanes become equally long; its tokens stay in the order of the lanes."""
    left, relay = len(piece.ids), Relay()
    if left < len(lanes) * LEAST_PIECE:
        lightest = load.index(min(load))
        lanes[lightest].append(piece)
        load[lightest] += left
        return
    level = (sum(load) + left) / len(lanes)
    for number, lane in enumerate(lanes):
        room = left if number == len(lanes) - 1 else min(left, round(max(0.0, level - load[number])))
        if not room:
            continue
        start = len(piece.ids) - left
        lane.append(
            Part(
                piece.sequence,
                piece.ids[start : start + room],
                piece.first + start,
                tuple((place - start, line) for place, line in piece.places if start <= place < start + room),
                relay,
                relay.join(),
            )
        )
        load[number] += room
        left -= room


class Lanes:
    """Runs the lanes of a pass: the first in the calling thread, the others in threads of its own."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._size = 0

    def count(self, tokens: int) -> int:
        """How many lanes so many tokens are worth, within the threads that this one may use for products."""
        return max(1, min(torch.get_num_threads(), tokens // LEAST))

    def run(self, lanes: Sequence[list[Part]], work: Callable[[list[Part]], None]) -> None:
        """Does `work` on each lane and waits for all; raises what one of them raised."""
        threads = torch.get_num_threads()
        spare = threads // len(lanes)
        inside = spare if spare > 2 else 1  # two threads in an operator gain less than they lose to waiting

        def lane(parts: list[Part]) -> None:
            torch.set_num_threads(inside)  # PyTorch keeps it by the calling thread
            try:
                work(parts)
            finally:
                for part in parts:  # after an error nobody waits for this lane
                    if part.relay is not None:
                        part.relay.done(part.runner, float("inf"))

        others: list[Future[None]] = [self._threads(len(lanes) - 1).submit(lane, parts) for parts in lanes[1:]]
        try:
            lane(lanes[0])
        finally:
            torch.set_num_threads(threads)
            problems = [other.exception() for other in others]  # waits
        for problem in problems:
            if problem is not None:
                raise problem

    def _threads(self, size: int) -> ThreadPoolExecutor:
        if self._pool is None or size > self._size:
            if self._pool is not None:
                self._pool.shutdown()
            self._pool, self._size = ThreadPoolExecutor(size, "lane"), size
        return self._pool
