"""What every model promises, held against each kind: scripted, remote (a real loopback server), local (a real
checkpoint with random weights)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engines import FakeEngine
from loopback import serving
from tiny_gguf import random_weights, write_gguf

from summarizer.errors import BriefError, Cancelled, ContextTooSmall
from summarizer.models import Completion, Model, Prefix, Row, Sampling, ScriptedModel, Session, open_model
from summarizer.models.remote import RemoteModel

PREFIX = Prefix("You are an analyst.", "The rocket flew on Tuesday. It cost ten million.")
SAYS = "The rocket flew and it was a good day for all who had waited so long to see it fly at last."


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contract")
    return write_gguf(folder / "tiny.gguf", random_weights("llama"), "llama")


@pytest.fixture(params=["scripted", "remote", "local"])
def model(request: pytest.FixtureRequest, checkpoint: Path) -> Iterator[Model]:
    if request.param == "scripted":
        with ScriptedModel(lambda prefix, row: SAYS, context_tokens=512) as scripted:
            yield scripted
    elif request.param == "remote":
        engine = FakeEngine(lambda payload: SAYS, first={"yes": 0.6, "no": 0.4}, listed={"max_model_len": 512})
        with serving(engine) as server, RemoteModel("m", server.url) as remote:
            yield remote
    else:
        with open_model(f"gguf:{checkpoint}", cache_dir=checkpoint.parent / "cache", dtype="float32") as local:
            yield local


@pytest.fixture
def session(model: Model) -> Iterator[Session]:
    with model.read(PREFIX) as opened:
        yield opened


def write(session: Session, *rows: Row, **options: Any) -> list[Completion]:
    return session.write(rows, **options)


def test_opening_tells_its_stages(checkpoint: Path, tmp_path: Path) -> None:
    stages: list[str] = []
    with open_model(
        f"gguf:{checkpoint}",
        cache_dir=tmp_path,
        threads=1,
        progress=lambda stage, done, total: stages.append(stage),
    ):
        pass
    assert list(dict.fromkeys(stages)) == ["unpack", "convert", "load"]


def test_info_says_what_it_is(model: Model) -> None:
    assert model.info.name
    assert model.info.spec
    assert model.info.context_tokens == 512


def test_counts_grow_with_the_text(model: Model) -> None:
    assert model.count_tokens("") == 0
    few, many = model.count_tokens("The rocket flew."), model.count_tokens("The rocket flew. " * 20)
    assert 0 < few < many


def test_completions_come_in_the_order_of_rows(session: Session) -> None:
    lengths = [9, 2, 5, 1, 7]
    done: dict[int, Completion] = {}
    rows = [Row(f"Say {n}.", max_tokens=n) for n in lengths]
    out = write(session, *rows, on_done=lambda number, completion: done.update({number: completion}))
    assert len(out) == len(rows)
    assert [done[number] for number in range(len(rows))] == out
    for length, completion in zip(lengths, out, strict=True):
        assert 0 <= completion.tokens <= length
        assert completion.finish in ("stop", "length")
        assert completion.logprob is None or completion.logprob <= 0


def test_on_done_is_called_once_for_each_row(session: Session) -> None:
    calls: list[int] = []
    write(session, *[Row("Go.", max_tokens=3)] * 6, on_done=lambda number, completion: calls.append(number))
    assert sorted(calls) == list(range(6))


def test_no_rows_no_answers(session: Session) -> None:
    assert write(session) == []
    assert session.rate([], ["yes", "no"]) == []
    assert session.likelihood([]) == []


def test_the_same_seed_gives_the_same_text(session: Session) -> None:
    for sampling in (Sampling(), Sampling(temperature=1.0, top_p=0.9, seed=7)):
        row = Row("Tell it.", max_tokens=12, sampling=sampling)
        first, second = write(session, row), write(session, row)
        assert first[0].text == second[0].text
        assert write(session, Row("Else.", max_tokens=4), row)[1].text == first[0].text


def test_nothing_from_a_stop_on_is_in_the_answer(session: Session) -> None:
    (whole,) = write(session, Row("Tell it.", max_tokens=20))
    stop = whole.text[5]
    (cut,) = write(session, Row("Tell it.", max_tokens=20, stop=("not in any text", stop)))
    assert cut.text == whole.text.split(stop)[0]
    assert cut.finish == "stop"


def test_the_length_is_bounded(session: Session) -> None:
    (completion,) = write(session, Row("Tell it.", max_tokens=3))
    assert completion.tokens == 3
    assert completion.finish == "length"


def test_ratings_are_distributions(session: Session) -> None:
    choices = ["yes", "no", "not at all"]
    rated = session.rate(["Is it?", "Was it so?"], choices)
    assert len(rated) == 2
    for weights in rated:
        assert len(weights) == 3
        assert all(0 <= weight <= 1 for weight in weights)
        assert sum(weights) == pytest.approx(1, abs=1e-6)


def test_likelihoods_are_means_or_unknown(session: Session) -> None:
    values = session.likelihood([("Is it?", "yes"), ("Is it?", "The rocket flew.")])
    assert len(values) == 2
    assert all(value is None or (value <= 0 and math.isfinite(value)) for value in values)


def test_usage_counts_what_was_read_and_written(session: Session) -> None:
    before = session.usage
    out = write(session, Row("One.", max_tokens=4), Row("Two.", max_tokens=6))
    after = session.usage
    assert after.completion_tokens - before.completion_tokens == sum(each.tokens for each in out)
    assert after.prompt_tokens > before.prompt_tokens >= 0


def test_stop_cancels(model: Model) -> None:
    with model.read(PREFIX) as session:
        with pytest.raises(Cancelled):
            session.write([Row("Go.", max_tokens=50)] * 3, stop=lambda: True)
        assert len(session.write([Row("Go.", max_tokens=2)])) == 1  # the session is still good
    with pytest.raises(Cancelled), model.read(PREFIX, stop=lambda: True):
        pass


def test_stop_between_rows_cancels(model: Model) -> None:
    done: list[int] = []
    with model.read(PREFIX) as session, pytest.raises(Cancelled):
        session.write(
            [Row("Go.", max_tokens=1), *[Row("Go on.", max_tokens=200)] * 5],
            stop=lambda: bool(done),
            on_done=lambda number, completion: done.append(number),
        )
    assert len(done) < 6


def test_what_does_not_fit_is_refused(model: Model) -> None:
    with pytest.raises(ContextTooSmall), model.read(Prefix("", "It flew on and on. " * 400)):
        pass
    with model.read(PREFIX) as session, pytest.raises(ContextTooSmall):
        session.write([Row("Go.", max_tokens=600)])


def test_an_empty_system_message_is_allowed(model: Model) -> None:
    with model.read(Prefix("", "Only a document.")) as session:
        assert len(session.write([Row("Go.", max_tokens=2)])) == 1


def test_two_sessions_do_not_disturb_each_other(model: Model) -> None:
    row = Row("Tell it.", max_tokens=8)
    with model.read(PREFIX) as first, model.read(Prefix("s", "Another document.")) as second:
        alone = first.write([row])[0].text
        second.write([row])
        assert first.write([row])[0].text == alone


def test_a_closed_session_or_model_refuses(model: Model) -> None:
    with model.read(PREFIX) as session:
        pass
    with pytest.raises(BriefError):
        session.write([Row("Go.", max_tokens=2)])
    model.close()
    model.close()
    with pytest.raises(BriefError), model.read(PREFIX):
        pass
