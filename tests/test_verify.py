"""`verify` on whole drafts: choice, repair, withholding, questions, comparison."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from summarizer.segment import segment
from summarizer.types import Article, Draft, Passage, Reading, Record, Section, Source, Verdict
from summarizer.verify import is_answered, is_generic, verify

TEXT = """\
The harbour board of Vikstad voted on Monday to deepen the northern basin to 11 metres, at a cost of 62 million
kroner.

Ragnhild Moe, director of the harbour board, said the work would begin in March. "Without it the grain ships go
to Tansund," she said. The board will not raise its fees before 2027.

Ole Brekke, chairman of the fishermen's union, said the dredging could bury two spawning grounds. He asked the
board to publish the survey of the sea bed.

Traffic at the northern basin rose by 9 percent last year. The contract went to Sundgraf, a dredging company
with 40 employees."""
FACT = "The harbour board of Vikstad voted to deepen the northern basin to 11 metres."
SECOND = "The contract went to Sundgraf, a dredging company with 40 employees."
INVENTED = "The harbour board of Vikstad will pay 77 million kroner to Shell."
RECORD = Record(
    "no-1998-basin", "1998-05", "The southern basin at Tansund was deepened to 9 metres.", ("transport",),
    Source("Harbour archive", "Yearbook", "1999"),
)  # fmt: skip


@pytest.fixture(scope="module")
def reading() -> Reading:
    return segment(Article(TEXT, "Vikstad to deepen its northern basin", "", "2025-01-20"))


def checked(reading: Reading, *passages: Passage, **how: object) -> Verdict:
    return verify(Draft(passages), reading, [RECORD], **how)  # type: ignore[arg-type]


def texts(section: Section) -> list[str]:
    return [statement.text for statement in section.statements]


def test_a_true_sentence_is_published_with_its_evidence(reading: Reading) -> None:
    verdict = checked(reading, Passage("summary", 0, (f"{FACT} {SECOND}",), (1, 2)))
    (section,) = verdict.sections
    assert texts(section) == [FACT, SECOND]
    assert [s.status for s in section.statements] == ["supported", "supported"]
    assert section.statements[0].evidence == (1,)
    assert verdict.findings == ()


def test_a_false_sentence_is_withheld_and_found(reading: Reading) -> None:
    verdict = checked(reading, Passage("summary", 0, (f"{FACT} {INVENTED} {SECOND}",), (1,)))
    assert texts(verdict.sections[0]) == [FACT, SECOND]
    (finding,) = verdict.findings
    assert (finding.section, finding.text) == ("summary", INVENTED)
    assert finding.rule in {"name", "figure"}


def test_the_better_candidate_is_chosen(reading: Reading) -> None:
    verdict = checked(reading, Passage("takeaway", 0, (INVENTED, FACT), (1,)))
    assert texts(verdict.sections[0]) == [FACT]
    assert verdict.findings == ()


def test_lead_ins_markup_references_and_torn_ends_are_cut_away(reading: Reading) -> None:
    text = f"Sure, here is the summary:\n\n**Summary:** {FACT} [1]\n- {SECOND} The board of"
    verdict = checked(reading, Passage("summary", 0, (text,), (1,)))
    assert texts(verdict.sections[0])[0] == FACT
    assert [f.rule for f in verdict.findings if f.text == "The board of"] == ["incomplete"]


def test_a_failed_sentence_is_written_anew_once(reading: Reading) -> None:
    calls: list[Sequence[tuple[str, tuple[int, ...]]]] = []

    def rewrite(failed: Sequence[tuple[str, tuple[int, ...]]]) -> list[str]:
        calls.append(failed)
        return [FACT for _ in failed]

    verdict = checked(reading, Passage("takeaway", 0, (INVENTED,), (1,)), rewrite=rewrite)
    assert texts(verdict.sections[0]) == [FACT]
    assert [statement.origin for statement in verdict.sections[0].statements] == ["written"]
    assert calls == [[(INVENTED, (1,))]]
    assert [finding.text for finding in verdict.findings] == [INVENTED]


def test_the_articles_own_sentence_stands_in_where_nothing_survives(reading: Reading) -> None:
    verdict = checked(
        reading,
        Passage("summary", 0, (INVENTED,), (2, 3)),
        Passage("sector", 0, (INVENTED,), (2, 6)),
        rewrite=lambda failed: [INVENTED for _ in failed],
    )
    everything = [statement for section in verdict.sections for statement in section.statements]
    assert everything
    assert len({statement.text for statement in everything}) == len(everything)
    for statement in everything:
        assert statement.origin == "extracted"
        assert statement.status == "supported"
        assert statement.text == reading.text_of(statement.evidence[0])
        assert not statement.text.startswith(("He ", "She ", '"'))
    assert all(1 <= len(section.statements) <= 2 for section in verdict.sections)


def test_a_section_does_not_repeat_another(reading: Reading) -> None:
    verdict = checked(
        reading, Passage("summary", 0, (FACT,), (1,)), Passage("sector", 0, (f"{FACT} {SECOND}",), (1, 8))
    )
    assert texts(verdict.sections[1]) == [SECOND]
    assert [finding.rule for finding in verdict.findings] == ["repetition"]


def test_what_leans_on_a_withheld_sentence_goes_with_it(reading: Reading) -> None:
    text = f"{INVENTED} It said the work would begin in March. {SECOND}"
    verdict = checked(reading, Passage("summary", 0, (text,), (1,)))
    assert "It said the work would begin in March." not in texts(verdict.sections[0])


def test_questions_are_specific_open_and_different(reading: Reading) -> None:
    good = "Who at Sundgraf will measure what the dredging does to the two spawning grounds?"
    verdict = checked(
        reading,
        Passage("question", 0, ("What are the implications of this decision for the future of the industry?",), (1,)),
        Passage("question", 1, ("By how much did traffic at the northern basin rise last year?", good), (7,)),
        Passage("question", 2, (good.replace("Who at", "Which people at"),), (5,)),
        Passage("question", 3, ("How will the harbour board pay 88 million kroner to the union?",), (1,)),
    )
    asked = [statement for section in verdict.sections for statement in section.statements]
    assert [statement.text for statement in asked] == [good]
    assert asked[0].evidence
    assert {finding.rule for finding in verdict.findings} == {"generic", "repetition", "figure"}
    assert [section.kind for section in verdict.sections] == ["question"] * 4


def test_no_more_questions_than_wanted(reading: Reading) -> None:
    passages = [
        Passage(
            "question", 0, ("Who at Sundgraf will measure what the dredging does to the two spawning grounds?",), (5,)
        ),
        Passage("question", 1, ("Which fees did Ragnhild Moe promise to leave alone until 2027, and for whom?",), (4,)),
    ]
    verdict = checked(reading, *passages, n_questions=1)
    assert sum(len(section.statements) for section in verdict.sections) == 1


def test_a_choice_that_nobody_has_is_asked_about_last(reading: Reading) -> None:
    choice = "Which of the two spawning grounds will Ragnhild Moe and Sundgraf bury for 62 million kroner first?"
    plain = "Who at Sundgraf will measure what the dredging does to the spawning grounds?"
    asked = [
        Passage("question", 0, (choice, plain), (5,)),
        Passage("question", 1, ("Which fees did Ragnhild Moe promise to leave alone until 2027?",), (4,)),
    ]
    told = verify(Draft(tuple(asked)), reading, (), n_questions=1).sections
    texts = [statement.text for section in told for statement in section.statements]
    assert len(texts) == 1
    assert not texts[0].startswith("Which of")


def test_generic_and_answered_questions_are_told(reading: Reading) -> None:
    assert is_generic("What are the implications of this for the future of the industry?", reading)
    assert not is_generic("What did Sundgraf pay its 40 employees?", reading)
    assert is_answered("How many employees has the dredging company Sundgraf?", reading)
    assert not is_answered("Who owns the dredging company Sundgraf?", reading)
    assert is_answered("How did Ole Brekke describe the dredging and the spawning grounds?", reading)
    assert is_answered("What did Ragnhild Moe say about the work according to the article?", reading)
    assert is_answered("What did Ole Brekke say about the survey of the sea bed?", reading)
    assert not is_answered("What did Ole Brekke say about the fees of the harbour board?", reading)
    assert not is_answered("How did Ragnhild Moe describe the two spawning grounds?", reading)


def test_a_comparison_may_draw_on_its_records_only(reading: Reading) -> None:
    text = (
        "The southern basin at Tansund was deepened to 9 metres in May 1998, "
        "and Vikstad now deepens its northern basin to 11 metres."
    )
    with_record = checked(reading, Passage("comparison", 0, (text,), (1,), (RECORD.id,)))
    (statement,) = with_record.sections[0].statements
    assert statement.status == "background"
    assert statement.records == (RECORD.id,)
    assert statement.evidence == (1,)
    without = checked(reading, Passage("comparison", 0, (text,), (1,)))
    assert without.sections[0].statements == ()
    assert without.findings[0].section == "comparison"


def test_an_empty_or_absurd_candidate_harms_nothing(reading: Reading) -> None:
    for text in ("", "???", "\n\n", "* * *", "<|im_end|>", "a" * 5000, "The the the the the the the the.", "1. 2. 3."):
        verdict = checked(reading, Passage("summary", 0, (text,), ()), Passage("question", 0, (text,), ()))
        assert all(s.origin == "extracted" for s in verdict.sections[0].statements)
        assert verdict.sections[1].statements == ()


def test_the_same_draft_gives_the_same_verdict(reading: Reading) -> None:
    passages = (
        Passage("summary", 0, (f"{FACT} {INVENTED} {SECOND}", SECOND), (1,)),
        Passage("takeaway", 0, (FACT,), (1,)),
    )
    assert checked(reading, *passages) == checked(reading, *passages)


def test_nothing_is_written_anew_where_another_candidate_stands(reading: Reading) -> None:
    def rewrite(failed: Sequence[tuple[str, tuple[int, ...]]]) -> list[str]:
        raise AssertionError(failed)

    verdict = checked(
        reading,
        Passage("takeaway", 0, (INVENTED, FACT), (1,)),
        Passage("summary", 0, (f"{INVENTED} {SECOND}",), (1,)),
        rewrite=rewrite,
    )
    assert [texts(section) for section in verdict.sections] == [[FACT], [SECOND]]


def test_what_a_section_lost_comes_from_its_other_candidate(reading: Reading) -> None:
    verdict = checked(reading, Passage("sector", 0, (f"{SECOND} {INVENTED}", f"{INVENTED} {FACT}"), (1, 9)))
    assert sorted(texts(verdict.sections[0])) == sorted([FACT, SECOND])
