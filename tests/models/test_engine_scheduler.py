"""Laws of continuous batching: who decodes when changes no text; room is bounded; who stops leaves at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from checkpoints import VOCABULARY, write_checkpoint

from summarizer.errors import Cancelled, ModelError
from summarizer.models.engine import Engine
from summarizer.models.load import open_network
from summarizer.models.network import Network, Output
from summarizer.models.protocol import Sampling
from summarizer.models.rows import RowState, Score, Write
from summarizer.models.scheduler import Limits, Scheduler

ROOMY = Limits(rows=64, prefix_tokens=10_000, row_tokens=10_000)


def ids(count: int, seed: int) -> list[int]:
    chance = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCABULARY, (count,), generator=chance).tolist()


def never() -> bool:
    return False


class Watched:
    """A network that remembers how many rows each pass held, and can be made to wait or to fail."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.rows: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.problem: Exception | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._network, name)

    def run(self, segments: list[object]) -> Output:
        self.gate.wait(20)
        if self.problem is not None:
            problem, self.problem = self.problem, None
            raise problem
        self.rows.append(len(segments))
        return self._network.run(segments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint("llama", tmp_path_factory.mktemp("scheduler"))


@pytest.fixture
def network(directory: Path) -> Watched:
    return Watched(open_network(directory, device="cpu", dtype="float32")[0])


Opener = Callable[[Limits], Scheduler]


@pytest.fixture
def start(network: Watched) -> Iterator[Opener]:
    opened: list[Scheduler] = []

    def open_with(limits: Limits) -> Scheduler:
        opened.append(Scheduler(Engine(network, 1), limits))  # type: ignore[arg-type]
        return opened[-1]

    yield open_with
    network.gate.set()
    for scheduler in opened:
        scheduler.close()


def job(seed: int, count: int = 12) -> Write:
    return Write(tuple(ids(4 + seed % 5, 100 + seed)), count, Sampling(temperature=seed % 2, seed=seed))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def test_threads_get_the_texts_that_they_get_alone(directory: Path, start: Opener) -> None:
    scheduler = start(ROOMY)
    lone = Engine(open_network(directory, device="cpu", dtype="float32")[0])

    def request(number: int) -> list[list[int]]:
        prefix = scheduler.read(ids(20 + 30 * number, number), never)
        try:
            return [row.tokens for row in scheduler.run(prefix, [job(number), job(number + 1)], never)]
        finally:
            scheduler.release(prefix)

    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(request, range(6)))
    for number, texts in enumerate(together):
        prefix = lone.prefill(ids(20 + 30 * number, number))
        assert texts == [lone.run(prefix, [job(number + k)])[0].tokens for k in range(2)]


def test_rows_of_several_requests_share_passes(network: Watched, start: Opener) -> None:
    scheduler = start(ROOMY)
    prefixes = [scheduler.read(ids(10, n), never) for n in range(3)]
    network.rows.clear()
    network.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(scheduler.run, p, [job(0), job(2)], never) for p in prefixes]
        # The worker holds those that came before it began the pass that waits at the gate; the others are in its inbox.
        until(lambda: scheduler._worker.inbox.qsize() + scheduler._worker.rows // 2 == 3)
        network.gate.set()
        for future in futures:
            assert all(row.finish for row in future.result(20))
    assert max(network.rows) == 6


@pytest.mark.parametrize(
    "limits",
    [Limits(3, 10_000, 10_000), Limits(64, 10_000, 3 * (8 + 12))],
    ids=["by rows", "by memory"],
)
def test_rows_are_bounded_and_none_is_lost(limits: Limits, network: Watched, start: Opener) -> None:
    scheduler = start(limits)
    prefix = scheduler.read(ids(10, 1), never)
    network.rows.clear()
    rows = scheduler.run(prefix, [job(n) for n in range(10)], never)
    assert [len(row.tokens) for row in rows] == [12] * 10
    assert max(network.rows) == 3


def test_a_lone_row_that_is_larger_than_the_limit_still_runs(start: Opener) -> None:
    scheduler = start(Limits(4, 5, 5))
    prefix = scheduler.read(ids(30, 1), never)
    (row,) = scheduler.run(prefix, [job(1, 20)], never)
    assert len(row.tokens) == 20


def test_a_prefix_waits_for_room_and_then_comes(start: Opener) -> None:
    scheduler = start(Limits(4, 50, 1000))
    first = scheduler.read(ids(40, 1), never)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(scheduler.read, ids(30, 2), never)
        # Rows of the prefix that is held are not held up by the one that waits.
        assert scheduler.run(first, [job(1)], never)[0].finish == "length"
        assert not second.done()
        scheduler.release(first)
        assert second.result(20).ready


def test_who_stops_leaves_at_the_next_step(network: Watched, start: Opener) -> None:
    scheduler = start(ROOMY)
    prefix = scheduler.read(ids(10, 1), never)
    stop = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        stopped = pool.submit(scheduler.run, prefix, [job(1, 400), job(2, 400)], stop.is_set)
        other = pool.submit(scheduler.run, prefix, [job(3, 300)], never)
        until(lambda: network.rows[-1:] == [3])
        network.gate.clear()  # the pass that is under way may still end
        stop.set()
        with pytest.raises(Cancelled):
            stopped.result(20)
        seen = len(network.rows)
        network.gate.set()
        assert len(other.result(20)[0].tokens) == 300
    assert set(network.rows[seen + 1 :]) == {1}


def test_a_prefix_that_nobody_waits_for_is_given_up(network: Watched, start: Opener) -> None:
    scheduler = start(ROOMY)
    network.gate.clear()
    with pytest.raises(Cancelled):
        scheduler.read(ids(2000, 1), lambda: True)
    network.gate.set()
    scheduler.run(scheduler.read(ids(5, 1), never), [job(1)], never)
    assert len(scheduler._worker.held) == 1


def test_an_error_reaches_everybody_and_the_next_request_works(network: Watched, start: Opener) -> None:
    scheduler = start(ROOMY)
    prefix = scheduler.read(ids(10, 1), never)
    network.problem = MemoryError("no room")
    with pytest.raises(ModelError, match="no room"):
        scheduler.run(prefix, [job(1)], never)
    again = scheduler.read(ids(10, 1), never)
    assert scheduler.run(again, [job(1)], never)[0].finish == "length"


def test_a_closed_scheduler_says_so(network: Watched, start: Opener) -> None:
    scheduler = start(ROOMY)
    prefix = scheduler.read(ids(10, 1), never)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scheduler.run, prefix, [job(1, 900)], never)
        until(lambda: len(network.rows) > 3)
        scheduler.close()
        with pytest.raises(ModelError):
            running.result(20)
    with pytest.raises(ModelError, match="closed"):
        scheduler.read(ids(3, 1), never)
    scheduler.close()


def test_scores_and_callbacks(start: Opener) -> None:
    scheduler = start(ROOMY)
    prefix = scheduler.read(ids(10, 1), never)
    ended: list[int] = []
    tokens: list[int] = []

    def on_end(number: int, row: RowState) -> None:
        ended.append(number)

    def on_token(number: int, row: RowState) -> None:
        tokens.append(number)

    jobs = [job(0, 9), Score((5, 6), ((1, (7, 8)),)), job(2, 3)]
    rows = scheduler.run(prefix, jobs, never, on_end, on_token)
    assert ended == [1, 2, 0]
    assert (tokens.count(0), tokens.count(1), tokens.count(2)) == (9, 1, 3)
    assert len(rows[1].scores[0]) == 2
