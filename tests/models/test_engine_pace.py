"""The choice of threads: the faster one wins, and wins again when things change."""

from __future__ import annotations

from summarizer.models.pace import Pace


def run(pace: Pace, passes: int, seconds: dict[int, float], tokens: int = 9) -> list[int]:
    chosen = []
    for _ in range(passes):
        threads = pace.choose(tokens)
        pace.learn(tokens, threads, seconds[threads])
        chosen.append(threads)
    return chosen


def test_free_cores_are_used() -> None:
    assert run(Pace(2), 400, {1: 0.05, 2: 0.03}).count(1) < 10


def test_busy_cores_are_left_alone() -> None:
    assert run(Pace(2), 400, {1: 0.05, 2: 0.7}).count(2) < 10


def test_a_change_is_noticed() -> None:
    pace = Pace(4)
    run(pace, 100, {1: 0.05, 4: 0.7})
    late = run(pace, 600, {1: 0.05, 4: 0.015})
    assert late[-100:].count(1) < 5


def test_long_passes_try_one_thread_only_where_short_ones_suffer() -> None:
    free = Pace(2)
    run(free, 50, {1: 0.05, 2: 0.03})
    assert set(run(free, 50, {1: 9.0, 2: 5.0}, tokens=512)) == {2}
    busy = Pace(2)
    run(busy, 50, {1: 0.05, 2: 0.7})
    assert run(busy, 50, {1: 2.0, 2: 7.0}, tokens=512).count(2) < 10


def test_one_thread_is_one_thread() -> None:
    assert set(run(Pace(1), 20, {1: 0.1})) == {1}
