"""What the judgement says of whole sentences: status, evidence, and the reasons for withholding."""

from __future__ import annotations

import pytest

from summarizer.grounding.judge import judge
from summarizer.grounding.source import Source, source_of
from summarizer.segment import segment
from summarizer.types import Article

TEXT = """\
The harbour board of Vikstad voted on Monday to deepen the northern basin to 11 metres, at a cost of 62 million
kroner.

Ragnhild Moe, director of the harbour board, said the work would begin in March. "Without it the grain ships go
to Tansund," she said. The board will not raise its fees before 2027.

Ole Brekke, chairman of the fishermen's union, said the dredging could bury two spawning grounds. He asked the
board to publish the survey of the sea bed. According to Brekke, the union may go to court.

Traffic at the northern basin rose by 9 percent last year. The contract went to Sundgraf, a dredging company
with 40 employees."""


@pytest.fixture(scope="module")
def source() -> Source:
    return source_of(segment(Article(TEXT, "Vikstad to deepen its northern basin", "", "2025-01-20")))


@pytest.mark.parametrize(
    ("text", "status", "evidence"),
    [
        (
            "Vikstad's harbour board voted to deepen the northern basin to 11 metres for 62 million kroner.",
            "supported",
            (1,),
        ),
        ("Ragnhild Moe said the work would begin in March.", "supported", (2,)),
        ("Ole Brekke of the fishermen's union said the dredging could bury two spawning grounds.", "supported", (5,)),
        ("The dredging contract went to Sundgraf, a company with 40 employees.", "supported", (9,)),
        ("A court case by the union could delay the dredging of the northern basin.", "inferred", None),
    ],
)
def test_status_and_evidence(source: Source, text: str, status: str, evidence: tuple[int, ...] | None) -> None:
    judgement = judge(source, text, strict=True)
    assert judgement.problems == ()
    assert judgement.status == status
    assert evidence is None or set(evidence) <= set(judgement.evidence)
    assert judgement.evidence


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Ole Brekke, director of the harbour board, said the work would begin in March.", "attribution"),  # office
        ("Ragnhild Moe said the dredging could bury two spawning grounds.", "attribution"),  # who said what
        ('"Without it the grain ships go to Tansund," Ole Brekke said.', "attribution"),
        ("The dredging could bury two spawning grounds.", "attribution"),  # an opinion made a fact
        ("The harbour board will raise its fees before 2027.", "contradiction"),  # a "not" lost
        ("The harbour board has not voted to deepen the northern basin to 11 metres.", "contradiction"),
        ("Traffic at the northern basin fell by 9 percent last year.", "contradiction"),
        (
            "The contract could have gone to Sundgraf, a dredging company with 40 employees.",
            "unsupported",
        ),  # a fact hedged
        ("Ragnhild Moe, director of the harbour board, is a prominent figure in Norwegian politics.", "name"),
        ("Ragnhild Moe, director of the harbour board, is a prominent figure in public life.", "unsupported"),
        ("Sundgraf decides on wages, training and priorities.", "unsupported"),
        ("This could impact the hospital's earnings and reputation.", "unsupported"),
        ("The article highlights the work of the harbour board of Vikstad.", "generic"),
    ],
)
def test_what_is_withheld_and_why(source: Source, text: str, rule: str) -> None:
    judgement = judge(source, text, strict=True)
    assert judgement.status is None
    assert rule in {problem[0] for problem in judgement.problems}


def test_every_sentence_of_an_article_carries_itself(source: Source) -> None:
    for line in source.lines:
        judgement = judge(source, line.text)
        assert line.n in judgement.evidence
        assert judgement.features.support.single == pytest.approx(1.0)


def test_a_question_is_no_statement() -> None:
    source = source_of(segment(Article("Norkraft could raise the dam at Alta by 4 metres in 2027. It needs a permit.")))
    asked = judge(source, "Could Norkraft raise the dam at Alta by 4 metres in 2027?", strict=True)
    assert asked.status is None
    assert ("incomplete", "a question is no statement") in asked.problems


def test_a_consequence_must_be_made_of_the_articles_own_matter() -> None:
    text = "Norkraft will raise the dam at Alta by 4 metres in 2027. The dam feeds two power plants."
    source = source_of(segment(Article(text)))
    near = judge(source, "The two power plants could get more water from a dam raised by 4 metres.", strict=True)
    far = judge(source, "Norkraft may also face competition from companies that develop similar projects.", strict=True)
    assert near.status == "inferred"
    assert far.status is None
