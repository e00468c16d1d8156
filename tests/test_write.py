"""Writing: one batch, a row a candidate, each with its evidence before its task."""

from __future__ import annotations

from summarizer import Config, Options, ScriptedModel
from summarizer.evidence import choose
from summarizer.models.protocol import Prefix, Row
from summarizer.prompting import Prompts
from summarizer.segment import segment
from summarizer.types import Article, Draft, Progress, Reading, Record
from summarizer.write import named_in, write


def written(
    config: Config, reading: Reading, model: ScriptedModel, options: Options, records: tuple[Record, ...] = ()
) -> tuple[Draft, list[Progress]]:
    panel, seen = config.panel("space"), list[Progress]()
    prompts = Prompts(config.prompt_dirs)
    evidence = choose(reading, panel, 7)
    with model.read(Prefix("s", "d")) as session:
        draft = write(
            session,
            prompts,
            reading,
            panel,
            evidence,
            records,
            options,
            watch=seen.append,
            stop=lambda: False,
        )
    return draft, seen


def asked(model: ScriptedModel) -> list[Row]:
    return [entry.row for entry in model.history if entry.row is not None]


def test_every_place_of_the_brief_is_written_once(config: Config, reading: Reading) -> None:
    draft, _ = written(
        config, reading, ScriptedModel(lambda prefix, row: "Text."), Options(candidates=1), config.records[:2]
    )
    places = [(passage.kind, passage.index) for passage in draft.passages]
    assert places == [
        *(("reason", i) for i in range(3)),
        ("summary", 0),
        *(("sector", i) for i in range(3)),
        ("comparison", 0),
        *(("question", i) for i in range(7)),
        ("takeaway", 0),
    ]


def test_without_records_there_is_no_comparison_to_write(config: Config, reading: Reading) -> None:
    draft, _ = written(config, reading, ScriptedModel(lambda prefix, row: "Text."), Options(candidates=1))
    assert "comparison" not in {passage.kind for passage in draft.passages}


def test_only_the_wanted_sections_are_written(config: Config, reading: Reading) -> None:
    options = Options(candidates=1, sections=frozenset({"summary", "takeaway"}))
    draft, _ = written(config, reading, ScriptedModel(lambda prefix, row: "Text."), options)
    assert [passage.kind for passage in draft.passages] == ["summary", "takeaway"]


def test_every_sentence_of_evidence_stands_in_a_row(config: Config, reading: Reading) -> None:
    model = ScriptedModel(lambda prefix, row: "Text.")
    draft, _ = written(config, reading, model, Options(candidates=1))
    for passage in draft.passages:
        for n in passage.evidence:
            sentence = " ".join(reading.text_of(n).split())
            assert any(sentence in row.instruction for row in asked(model)), (passage.kind, n)


def test_a_sector_is_facts_and_then_a_consequence(config: Config, reading: Reading) -> None:
    opening = "This could lead to"
    answers = lambda prefix, row: " help." if row.opening == opening else "A fact."  # noqa: E731
    draft, _ = written(config, reading, ScriptedModel(answers), Options(candidates=2))
    for passage in draft.passages:
        if passage.kind == "sector":
            facts = "A fact.\n" * len(passage.evidence)
            assert passage.candidates == (f"{facts}{opening} help.",)


def test_a_consequence_ends_with_its_first_clause(config: Config, reading: Reading) -> None:
    answers = lambda prefix, row: " a loss of 1,200 jobs, and then to more." if row.opening else "A fact."  # noqa: E731
    draft, _ = written(config, reading, ScriptedModel(answers), Options(candidates=1))
    told = [passage.candidates[0].split("\n")[-1] for passage in draft.passages if passage.kind == "sector"]
    assert told == ["This could lead to a loss of 1,200 jobs."] * 3


def test_a_sentence_is_made_shorter_once_wherever_it_is_told(config: Config, reading: Reading) -> None:
    model = ScriptedModel(lambda prefix, row: "Text.")
    draft, _ = written(config, reading, model, Options(candidates=2))
    shortened = [row.instruction for row in asked(model) if row.instruction.startswith("Shorten one sentence")]
    told = {n for p in draft.passages if p.kind in {"reason", "summary", "sector", "takeaway"} for n in p.evidence}
    assert len(shortened) == len(set(shortened)) == len(told)


def test_a_sentence_that_leans_on_the_one_before_is_made_shorter_beside_it(config: Config) -> None:
    reading = segment(Article("Rein Tammik founded the firm in Tartu in 2009. He sold it to Pidur Space last week."))
    model = ScriptedModel(lambda prefix, row: "Text.")
    written(config, reading, model, Options(candidates=1, sections=frozenset({"summary"})))
    (leaning,) = [row.instruction for row in asked(model) if "Sentence: He sold" in row.instruction]
    assert "Before the sentence stands: Rein Tammik founded the firm in Tartu in 2009." in leaning
    assert not any("Before the sentence" in row.instruction for row in asked(model) if row.instruction != leaning)


def test_candidates_differ_in_seed_and_the_first_is_greedy(config: Config, reading: Reading) -> None:
    model = ScriptedModel(lambda prefix, row: f"Text {row.sampling.seed}.")
    draft, seen = written(config, reading, model, Options(candidates=3, seed=5))
    assert asked(model)[0].sampling.temperature == 0
    drawn = [row.sampling.seed for row in asked(model) if row.sampling.temperature]
    assert drawn
    assert len(set(drawn)) == len(drawn)
    assert all(len(p.candidates) == 3 for p in draft.passages if p.kind in {"sector", "question"})
    asked_for = len(asked(model))
    assert [(progress.done, progress.total) for progress in seen] == [(i + 1, asked_for) for i in range(asked_for)]
    assert {progress.section for progress in seen} == {passage.kind for passage in draft.passages}


def test_a_question_names_what_its_sentence_names() -> None:
    text = "On Monday the Kenya Space Agency paid 1.9 million euros to Pidur Space of Tartu, and $30 a night."
    assert named_in(text) == ["Kenya Space Agency", "Pidur Space of Tartu", "1.9 million"]
    assert named_in("Nobody said why.") == []


def test_a_question_begins_as_it_was_opened(config: Config, reading: Reading) -> None:
    draft, _ = written(config, reading, ScriptedModel(lambda prefix, row: " pays?"), Options(candidates=1))
    questions = [passage.candidates[0] for passage in draft.passages if passage.kind == "question"]
    assert all(question.endswith(" pays?") and question[0].isupper() for question in questions)
