"""A fixed sample of the planted errors: most are caught, and few true statements are withheld."""

from __future__ import annotations

from pathlib import Path

import planted_errors
import pytest
from planted_errors import Case, Material

from summarizer.grounding.judge import judge

CORPUS = Path(__file__).parents[2] / "training" / "corpus" / "briefs.jsonl"
EVERY = 6


@pytest.fixture(scope="module")
def materials() -> list[Material]:
    if not CORPUS.exists():
        pytest.skip("the corpus isn't part of this copy")
    return planted_errors.corpus(CORPUS, every=EVERY)


@pytest.fixture(scope="module")
def cases(materials: list[Material]) -> list[Case]:
    return planted_errors.planted(materials, seed=1, each=1)


def caught(cases: list[Case], kinds: tuple[str, ...]) -> float:
    own = [case for case in cases if case.kind in kinds]
    return sum(bool(judge(case.material.source, case.text).problems) for case in own) / len(own)


def test_there_are_enough_cases(cases: list[Case]) -> None:
    assert len(cases) >= 400


def test_lock_errors_are_caught(cases: list[Case]) -> None:
    assert caught(cases, planted_errors.LOCKS) >= 0.99


def test_other_errors_are_caught(cases: list[Case]) -> None:
    assert caught(cases, planted_errors.OTHERS) >= 0.8


def test_true_statements_pass(materials: list[Material]) -> None:
    true = planted_errors.true_cases(materials)
    withheld = sum(bool(judge(case.material.source, case.text).problems) for case in true)
    assert withheld / len(true) <= 0.065


def test_the_same_seed_plants_the_same_errors(materials: list[Material]) -> None:
    once, again = (planted_errors.planted(materials[:3], seed=7) for _ in range(2))
    assert [case.text for case in once] == [case.text for case in again]
    assert [c.text for c in once] != [c.text for c in planted_errors.planted(materials[:3], seed=8)]
