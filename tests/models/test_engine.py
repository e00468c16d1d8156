"""Laws of the engine on random checkpoints in float32: a row's text depends on nothing but the row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from checkpoints import FAST, GENERAL, VOCABULARY, generate, logprobs, one_thread, reference, write_checkpoint
from hypothesis import given
from hypothesis import strategies as st

from summarizer.models.engine import PIECE, PIECE_BESIDE, Engine
from summarizer.models.load import open_network
from summarizer.models.network import Output, Segment
from summarizer.models.protocol import Sampling
from summarizer.models.rows import PrefixState, RowState, Score, Stem, Write, stems_of


def ids(count: int, seed: int) -> list[int]:
    chance = torch.Generator().manual_seed(seed)
    return torch.randint(3, VOCABULARY, (count,), generator=chance).tolist()


PREFIX = ids(40, 1)
SUFFIXES = [ids(count, 10 + count) for count in (6, 1, 9, 23)]
COUNT = 12


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def directories(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return {name: write_checkpoint(name, folder / name) for name in (*FAST, *GENERAL)}


def engine(directory: Path, dtype: str = "float32") -> Engine:
    return Engine(open_network(directory, device="cpu", dtype=dtype)[0])


@pytest.fixture
def llama(directories: dict[str, Path]) -> Engine:
    return engine(directories["llama"])


def alone(engine: Engine, prefix: list[int], job: Write) -> list[int]:
    (row,) = engine.run(engine.prefill(prefix), [job])
    return row.tokens


@pytest.mark.parametrize("shared", [True, False], ids=["prefix", "no prefix"])
@pytest.mark.parametrize("name", [*FAST, *GENERAL])
def test_together_alone_and_generate_agree(name: str, shared: bool, directories: dict[str, Path]) -> None:
    """With a prefix the rows share it; without one each row reads everything itself."""
    ours, theirs = engine(directories[name]), reference(directories[name])
    assert ours.network.path == ("fast" if name in FAST else "general")
    wholes = [[*PREFIX, *suffix] for suffix in SUFFIXES]
    jobs = [Write(tuple(s if shared else w), COUNT) for s, w in zip(SUFFIXES, wholes, strict=True)]
    prefix = PREFIX if shared else []
    rows = ours.run(ours.prefill(prefix), jobs)
    for row, job, whole in zip(rows, jobs, wholes, strict=True):
        assert row.tokens == alone(ours, prefix, job) == generate(theirs, whole, COUNT)
        assert row.logprobs == pytest.approx(logprobs(theirs, whole, row.tokens), abs=1e-4)


@pytest.mark.parametrize("name", [*FAST, *GENERAL])
def test_what_prefixes_begin_with_is_read_once(name: str, directories: dict[str, Path]) -> None:
    ours, theirs = engine(directories[name]), reference(directories[name])
    documents = [ids(count, 30 + count) for count in (9, 25, 0)]
    read = count_tokens(ours)
    for i, document in enumerate(documents):
        whole = [*PREFIX, *document]
        before = sum(read)
        prefix = ours.prefill(whole, len(PREFIX))
        assert sum(read) - before == len(document) + (0 if i else len(PREFIX))
        for suffix in SUFFIXES:
            (row,) = ours.run(prefix, [Write(tuple(suffix), COUNT)])
            assert row.tokens == generate(theirs, [*whole, *suffix], COUNT)
        ours.drop_prefix(prefix)
    other = ours.prefill([*SUFFIXES[3], *PREFIX], len(SUFFIXES[3]))
    (row,) = ours.run(other, [Write(tuple(SUFFIXES[0]), COUNT)])
    assert row.tokens == alone(ours, list(other.ids), Write(tuple(SUFFIXES[0]), COUNT))


def count_tokens(engine: Engine) -> list[int]:
    """The tokens of each pass from now on."""
    run, seen = engine.network.run, list[int]()

    def counted(segments: Sequence[Segment]) -> Output:
        seen.append(sum(len(segment.ids) for segment in segments))
        return run(segments)

    engine.network.run = counted  # type: ignore[method-assign]
    return seen


def test_a_kept_beginning_changes_no_bit(directories: dict[str, Path]) -> None:
    whole, job = [*PREFIX, *ids(25, 31)], Write(tuple(SUFFIXES[2]), COUNT)
    for dtype in ("float32", "int8"):
        ours = engine(directories["llama"], dtype)
        told = [ours.run(ours.prefill(whole, len(PREFIX)), [job])[0].logprobs for _ in range(2)]
        assert told[0] == told[1]


@pytest.mark.parametrize("name", [*FAST, "gpt2"])
def test_scores_are_those_of_transformers(name: str, directories: dict[str, Path]) -> None:
    ours, theirs = engine(directories[name]), reference(directories[name])
    answers = [ids(count, 50 + count) for count in (1, 7, 20)]
    jobs = [
        Score(
            (*SUFFIXES[i], *answer[:-1]),
            tuple((len(SUFFIXES[i]) - 1 + k, (token,)) for k, token in enumerate(answer)),
        )
        for i, answer in enumerate(answers)
    ]
    rows = ours.run(ours.prefill(PREFIX), jobs)
    for i, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        expected = logprobs(theirs, [*PREFIX, *SUFFIXES[i]], answer)
        assert [line[0] for line in row.scores] == pytest.approx(expected, abs=1e-4)


def sampled(seed: int, suffix: int = 0) -> Write:
    return Write(tuple(SUFFIXES[suffix]), COUNT, Sampling(temperature=1.0, top_p=0.9, seed=seed))


def test_what_is_drawn_depends_on_the_seed_alone(llama: Engine) -> None:
    prefix = llama.prefill(PREFIX)
    rows = llama.run(prefix, [sampled(seed, suffix) for seed in range(4) for suffix in range(4)])
    for row in rows:
        assert isinstance(row.job, Write)
        assert row.tokens == alone(llama, PREFIX, row.job)
    assert len({tuple(row.tokens) for row in rows}) == len(rows)


def test_a_row_that_joins_midway_writes_what_it_writes_alone(llama: Engine) -> None:
    first, second = llama.prefill(PREFIX), llama.prefill(ids(70, 3))
    early = [RowState(Write(tuple(SUFFIXES[0]), 30), first), RowState(sampled(4), first)]
    llama.add_rows(early)
    for _ in range(5):
        llama.step()
    late = [RowState(Write(tuple(SUFFIXES[2]), COUNT), second), RowState(sampled(8, 3), first)]
    llama.add_rows(late)
    while llama.busy:
        llama.step()
    for row in [*early, *late]:
        assert isinstance(row.job, Write)
        assert row.tokens == alone(llama, list(row.prefix.ids), row.job)


def test_rows_go_on_while_a_long_prefix_is_read(llama: Engine) -> None:
    row = RowState(Write(tuple(SUFFIXES[0]), 40), llama.prefill(PREFIX))
    llama.add_rows([row])
    llama.step()
    long = llama.add_prefix(ids(5 * PIECE_BESIDE, 4))
    steps = 0
    while not long.ready:
        before = len(row.tokens)
        llama.step()
        steps += 1
        assert len(row.tokens) == before + 1
    assert steps == 5
    texts = llama.run(long, [Write(tuple(SUFFIXES[1]), COUNT)])
    assert texts[0].tokens == alone(llama, list(long.ids), Write(tuple(SUFFIXES[1]), COUNT))


def test_a_prefix_longer_than_a_piece_is_read_as_if_at_once(directories: dict[str, Path]) -> None:
    ours, theirs = engine(directories["qwen2"]), reference(directories["qwen2"])
    prefix = ids(PIECE + 70, 6)
    assert alone(ours, prefix, Write(tuple(SUFFIXES[2]), COUNT)) == generate(theirs, [*prefix, *SUFFIXES[2]], COUNT)


def test_rows_that_are_dropped_leave_at_once_and_change_nothing(llama: Engine) -> None:
    prefix = llama.prefill(PREFIX)
    rows = [RowState(Write(tuple(suffix), COUNT), prefix) for suffix in SUFFIXES]
    llama.add_rows(rows)
    llama.step()
    llama.drop_rows([rows[0], rows[2]])
    while llama.busy:
        llama.step()
    assert len(rows[0].tokens) == len(rows[2].tokens) == 1
    for row in (rows[1], rows[3]):
        assert isinstance(row.job, Write)
        assert row.tokens == alone(llama, PREFIX, row.job)


def test_only_allowed_tokens_are_written(llama: Engine) -> None:
    even = range(0, VOCABULARY, 2)

    def turn_about(tokens: object) -> range:
        return even if len(tokens) % 2 == 0 else range(1, VOCABULARY, 2)  # type: ignore[arg-type]

    jobs = [
        Write(tuple(SUFFIXES[0]), COUNT, sampling, allowed=turn_about)
        for sampling in (Sampling(), Sampling(temperature=2.0, seed=3))
    ]
    for row in llama.run(llama.prefill(PREFIX), jobs):
        assert [token % 2 for token in row.tokens] == [0, 1] * (COUNT // 2)


def test_texts_end_where_they_should(llama: Engine) -> None:
    free = alone(llama, PREFIX, Write(tuple(SUFFIXES[0]), COUNT))
    end = free[5]
    at = free.index(end)
    prefix = llama.prefill(PREFIX)
    by_end, by_halt, by_length = llama.run(
        prefix,
        [
            Write(tuple(SUFFIXES[0]), COUNT, end=frozenset({end})),
            Write(tuple(SUFFIXES[0]), COUNT, halt=lambda tokens: tokens[-1] == end),
            Write(tuple(SUFFIXES[0]), 3),
        ],
    )
    assert (by_end.tokens, by_end.finish) == (free[:at], "stop")
    assert (by_halt.tokens, by_halt.finish) == (free[: at + 1], "stop")
    assert (by_length.tokens, by_length.finish) == (free[:3], "length")


def test_a_penalty_keeps_tokens_from_coming_again(llama: Engine) -> None:
    (row,) = llama.run(llama.prefill(PREFIX), [Write(tuple(SUFFIXES[0]), 40, Sampling(repetition_penalty=1e6))])
    assert len(set(row.tokens)) == len(row.tokens)
    assert len(set(alone(llama, PREFIX, Write(tuple(SUFFIXES[0]), 40)))) < 40


class Counting:
    """A network that counts the tokens it is given."""

    def __init__(self, network: object) -> None:
        self._network, self.tokens = network, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._network, name)

    def run(self, segments: list[Segment]) -> Output:
        self.tokens += sum(len(segment.ids) for segment in segments)
        return self._network.run(segments)  # type: ignore[attr-defined]


def test_candidates_of_one_instruction_read_it_once(directories: dict[str, Path]) -> None:
    network = Counting(open_network(directories["llama"], device="cpu", dtype="float32")[0])
    ours = Engine(network)  # type: ignore[arg-type]
    rows = ours.run(ours.prefill(PREFIX), [sampled(seed, 3) for seed in range(5)])
    assert network.tokens == len(PREFIX) + len(SUFFIXES[3]) + 5 * (COUNT - 1)
    for row in rows:
        assert isinstance(row.job, Write)
        assert row.tokens == alone(ours, PREFIX, row.job)


TREE = [  # what four rows read: the first three begin alike, two of them for longer
    [*ids(20, 71), *ids(30, 72), *ids(4, 73)],
    [*ids(20, 71), *ids(30, 72), *ids(1, 74)],
    [*ids(20, 71), *ids(17, 75)],
    ids(9, 76),
]


@pytest.mark.parametrize("name", [*FAST, *GENERAL])
def test_what_several_rows_begin_with_is_read_once(name: str, directories: dict[str, Path]) -> None:
    network = Counting(open_network(directories[name], device="cpu", dtype="float32")[0])
    ours = Engine(network)  # type: ignore[arg-type]
    jobs = [Write(tuple(suffix), COUNT) for suffix in TREE]
    rows = ours.run(ours.prefill(PREFIX), jobs)
    assert network.tokens == len(PREFIX) + 20 + 30 + 4 + 1 + 17 + 9 + 4 * (COUNT - 1)
    for row, job in zip(rows, jobs, strict=True):
        assert row.tokens == alone(ours, PREFIX, job)


def test_rows_are_dropped_while_what_they_share_is_read(llama: Engine) -> None:
    prefix = llama.prefill(PREFIX)
    rows = [RowState(Write(tuple(suffix), COUNT), prefix) for suffix in TREE]
    llama.add_rows(rows)
    llama.step()  # the first twenty tokens; then one of the three leaves, and then the other two
    llama.drop_rows(rows[:1])
    llama.step()
    llama.drop_rows(rows[1:3])
    while llama.busy:
        llama.step()
    assert rows[3].tokens == alone(llama, PREFIX, Write(tuple(TREE[3]), COUNT))
    assert llama.network.slab.rows == []  # type: ignore[attr-defined]


def test_a_pass_that_fails_leaves_nothing_behind(llama: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = llama.prefill(PREFIX)
    rows = [RowState(Write(tuple(suffix), COUNT), prefix) for suffix in TREE]
    llama.add_rows(rows)
    llama.step()  # a beginning has been read, and waits for its continuations

    def fail(segments: object) -> Output:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(llama.network, "run", fail)
        with pytest.raises(MemoryError):
            llama.step()
    llama.drop_rows(rows)
    assert not llama.busy
    assert llama.network.slab.rows == []  # type: ignore[attr-defined]


def test_a_longer_row_joins_when_many_have_left(llama: Engine) -> None:
    """Seventeen rows make room for more than eight; the one that comes when most have gone needs longer places."""
    prefix = llama.prefill(PREFIX)
    few, long = Write(tuple(ids(4, 90)), 2), Write(tuple(ids(60, 91)), 40)
    lasting = RowState(Write(tuple(ids(5, 92)), 20), prefix)
    llama.add_rows([lasting, *(RowState(few, prefix) for _ in range(16))])
    for _ in range(4):
        llama.step()
    late = RowState(long, prefix)
    llama.add_rows([late])
    while llama.busy:
        llama.step()
    assert late.tokens == alone(llama, PREFIX, long)
    assert isinstance(lasting.job, Write)
    assert lasting.tokens == alone(llama, PREFIX, lasting.job)


@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=60), min_size=1, max_size=12))
def test_a_tree_of_beginnings_gives_every_row_its_own(beginnings: list[list[int]]) -> None:
    prefix = PrefixState((), None)
    rows = [RowState(Write(tuple(each), 1), prefix) for each in beginnings]
    read: dict[int, tuple[int, ...]] = {}

    def walk(stem: Stem, before: tuple[int, ...]) -> None:
        assert stem.ids
        assert stem.rows or len(stem.stems) > 1  # nothing is cut in two without a reason
        read.update({id(row): before + stem.ids for row in stem.rows})
        for part in stem.stems:
            walk(part, before + stem.ids)

    for stem in stems_of(rows):
        walk(stem, ())
    assert [read[id(row)] for row in rows] == [row.beginning for row in rows]


def test_eight_bit_texts_are_the_same_together_and_alone(directories: dict[str, Path]) -> None:
    ours = engine(directories["qwen2"], "int8")
    jobs = [Write(tuple(suffix), COUNT) for suffix in SUFFIXES]
    for row, job in zip(ours.run(ours.prefill(PREFIX), jobs), jobs, strict=True):
        assert row.tokens == alone(ours, PREFIX, job)


def test_memory_of_rows_is_given_back(llama: Engine) -> None:
    llama.run(llama.prefill(PREFIX), [Write(tuple(suffix), COUNT) for suffix in SUFFIXES])
    assert not llama.busy
    assert llama.network.slab.keys == []  # type: ignore[attr-defined]


def varied(count: int) -> list[Write]:
    """Rows of different lengths, every third one greedy."""
    hot = Sampling(temperature=1.0, top_p=0.9)
    return [
        Write(tuple(ids(1 + 7 * i % 40, 10 + i)), 4 + 3 * i % 8, hot if i % 3 else Sampling()) for i in range(count)
    ]


def test_the_number_of_threads_changes_no_text(directories: dict[str, Path]) -> None:
    written: list[list[RowState]] = []
    for threads in (1, 2, 5):
        engine = Engine(open_network(directories["qwen3"], device="cpu", dtype="float32")[0], threads)
        written.append(engine.run(engine.prefill(PREFIX), varied(21)))
    for one, *others in zip(*written, strict=True):
        assert [state.tokens for state in others] == [one.tokens] * 2
        assert all(state.logprobs == pytest.approx(one.logprobs, abs=1e-4) for state in others)


def test_the_same_work_gives_the_same_bits(directories: dict[str, Path]) -> None:
    engine = Engine(open_network(directories["qwen2"], device="cpu")[0], 3)
    once, again = ([(s.tokens, s.logprobs) for s in engine.run(engine.prefill(PREFIX), varied(13))] for _ in range(2))
    assert once == again
