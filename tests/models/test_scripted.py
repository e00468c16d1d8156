"""ScriptedModel says what it was told to, and remembers what it was asked. The rest is in the contract."""

from __future__ import annotations

import pytest

from summarizer.errors import ModelError
from summarizer.models import Prefix, Row, ScriptedModel

PREFIX = Prefix("system", "document")


def test_answers_of_a_queue_come_in_the_order_of_the_rows() -> None:
    model = ScriptedModel(["one", "two", "three"])
    with model.read(PREFIX) as session:
        assert [each.text for each in session.write([Row("a"), Row("b")])] == ["one", "two"]
        assert model.left == 1
        assert session.write([Row("c")])[0].text == "three"
        with pytest.raises(ModelError, match="no answer left"):
            session.write([Row("d")])


def test_answers_of_a_function_see_prefix_and_row() -> None:
    model = ScriptedModel(lambda prefix, row: f"{prefix.document}/{row.instruction}/{row.sampling.seed}")
    with model.read(PREFIX) as session:
        assert session.write([Row("ask")])[0].text == "document/ask/0"


def test_rates_are_uniform_given_or_computed() -> None:
    with ScriptedModel().read(PREFIX) as session:
        assert session.rate(["q"], ["a", "b"]) == [[0.5, 0.5]]
    with ScriptedModel(rates={"9": 3, "10": 1}).read(PREFIX) as session:
        assert session.rate(["q", "r"], ["1", "9", "10"]) == [[0, 0.75, 0.25]] * 2
        with pytest.raises(ModelError):
            session.rate(["q"], ["yes", "no"])
    first = ScriptedModel(rates=lambda prefix, instruction, choices: [len(instruction), 1])
    with first.read(PREFIX) as session:
        assert session.rate(["abc"], ["x", "y"]) == [[0.75, 0.25]]


def test_likelihoods_are_given_or_unknown() -> None:
    with ScriptedModel().read(PREFIX) as session:
        assert session.likelihood([("q", "a")]) == [None]
    model = ScriptedModel(likelihoods=lambda prefix, instruction, answer: -float(len(answer)))
    with model.read(PREFIX) as session:
        assert session.likelihood([("q", "a"), ("q", "bc")]) == [-1.0, -2.0]


def test_history_holds_every_question() -> None:
    model = ScriptedModel(["text"])
    row = Row("write this")
    with model.read(PREFIX) as session:
        session.rate(["rate this"], ["1", "2"])
        session.write([row])
        session.likelihood([("judge this", "answer")])
    assert [asked.kind for asked in model.history] == ["read", "rate", "write", "likelihood"]
    assert model.history[1].choices == ("1", "2")
    assert model.history[2].row == row
    assert model.history[2].answer == "text"
    assert {asked.prefix for asked in model.history} == {PREFIX}
