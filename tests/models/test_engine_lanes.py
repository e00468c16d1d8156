"""Laws of lanes: every token is in one of them, threads change no text, and an error leaves nobody waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from checkpoints import VOCABULARY, generate, one_thread, reference, write_checkpoint
from hypothesis import given
from hypothesis import strategies as st

from summarizer.models.cache import RowCache, SharedPrefix
from summarizer.models.engine import PIECE, Engine, RowState, Write
from summarizer.models.lanes import LEAST, LEAST_PIECE, Lanes, Part, Relay, split
from summarizer.models.load import open_network
from summarizer.models.network import Segment
from summarizer.models.protocol import Sampling


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def ids(count: int, seed: int) -> list[int]:
    chance = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCABULARY, (count,), generator=chance).tolist()


PREFIX = ids(PIECE + 90, 1)  # more than a piece: the second one is read behind the first


def rows(count: int) -> list[Write]:
    hot = Sampling(temperature=1.0, top_p=0.9)
    return [
        Write(tuple(ids(1 + 7 * i % 40, 10 + i)), 4 + 3 * i % 8, hot if i % 3 else Sampling()) for i in range(count)
    ]


def test_the_number_of_threads_changes_no_text(tmp_path: Path) -> None:
    directory = write_checkpoint("qwen3", tmp_path)
    written: list[list[RowState]] = []
    for threads in (1, 2, 5):
        engine = Engine(open_network(directory, device="cpu", dtype="float32")[0], threads)
        written.append(engine.run(engine.prefill(PREFIX), rows(21)))
    for alone, *others in zip(*written, strict=True):
        assert [state.tokens for state in others] == [alone.tokens] * 2
        assert all(state.logprobs == pytest.approx(alone.logprobs, abs=1e-4) for state in others)


def test_the_same_work_gives_the_same_bits(tmp_path: Path) -> None:
    """Lanes run side by side, yet what each does depends on the work alone, never on which is faster."""
    engine = Engine(open_network(write_checkpoint("qwen2", tmp_path), device="cpu")[0], 3)
    once, again = ([(s.tokens, s.logprobs) for s in engine.run(engine.prefill(PREFIX), rows(13))] for _ in range(2))
    assert once == again


def test_lanes_and_generate_agree(tmp_path: Path) -> None:
    directory = write_checkpoint("llama", tmp_path)
    engine = Engine(open_network(directory, device="cpu", dtype="float32")[0], 3)
    jobs = [Write(tuple(ids(20 + i, i)), 6) for i in range(8)]
    theirs = reference(directory)
    for state, job in zip(engine.run(engine.prefill(PREFIX), jobs), jobs, strict=True):
        assert state.tokens == generate(theirs, [*PREFIX, *job.suffix], 6)


segments = st.lists(
    st.tuples(st.sampled_from(["next", "beginning", "piece"]), st.integers(1, 200), st.integers(0, 300)), min_size=1
)


@given(segments, st.integers(1, 5))
def test_every_token_is_in_one_lane_and_the_lanes_are_even(kinds: list[tuple[str, int, int]], count: int) -> None:
    prefix = SharedPrefix(500, [], [], length=500)
    packed = []
    for number, (kind, size, done) in enumerate(kinds):
        if kind == "piece":
            packed.append(Segment(SharedPrefix(done + size, [], [], length=done), range(size), (size - 1,)))
        else:
            size = 1 if kind == "next" else size
            row = RowCache(prefix, slot=number, length=1 + done if kind == "next" else 0)
            packed.append(Segment(row, range(size), (size - 1,)))
    lanes = split(packed, count)
    assert len(lanes) <= count
    assert all([part.kind for part in lane] == sorted(part.kind for part in lane) for lane in lanes)
    for number, segment in enumerate(packed):
        parts = [part for lane in lanes for part in lane if part.sequence is segment.sequence]
        assert [token for part in parts for token in part.ids] == list(segment.ids)
        assert [part.first - segment.sequence.length for part in parts] == [part.ids[0] for part in parts]
        assert [part.runner for part in parts] == list(range(len(parts)))
        (line,) = [(part.ids[place], line) for part in parts for place, line in part.places]
        assert line == (segment.ids[-1], number)
    loads = [sum(len(part.ids) for part in lane) for lane in lanes]
    beginnings = [len(segment.ids) for segment, (kind, _, _) in zip(packed, kinds, strict=True) if kind != "piece"]
    largest = max([*beginnings, count * LEAST_PIECE])  # what is never cut
    assert max(loads) <= sum(loads) / count + largest


def test_an_error_in_a_lane_is_raised_and_the_others_end() -> None:
    relay, prefix = Relay(), SharedPrefix(40, [], [])
    lanes = [[Part(prefix, range(20), 20 * i, (), relay, relay.join())] for i in range(2)]

    def work(parts: list[Part]) -> None:
        if parts[0].runner == 0:
            raise ValueError("the first")
        relay.wait(1, 5)

    with one_thread(), pytest.raises(ValueError, match="the first"):
        Lanes().run(lanes, work)


def test_a_later_lane_s_error_is_raised_and_the_threads_stay_as_they_were() -> None:
    def work(parts: list[Part]) -> None:
        if parts[0].first:
            raise ValueError("the second")

    lanes = [[Part(SharedPrefix(40, [], []), range(20), 20 * i, ())] for i in range(2)]
    before = torch.get_num_threads()
    with pytest.raises(ValueError, match="the second"):
        Lanes().run(lanes, work)
    assert torch.get_num_threads() == before


def test_few_tokens_are_not_spread() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert [Lanes().count(tokens) for tokens in (1, LEAST, 2 * LEAST, 100 * LEAST)] == [1, 1, 2, 3]
    finally:
        torch.set_num_threads(before)
