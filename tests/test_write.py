"""Writing: one batch, a row a candidate, each with its evidence before its task."""

from __future__ import annotations

from collections.abc import Callable

from summarizer import Config, Options, ScriptedModel
from summarizer.evidence import choose
from summarizer.models.protocol import Prefix, Row
from summarizer.prompting import Prompts
from summarizer.segment import segment
from summarizer.types import Article, Draft, Progress, Reading, Record
from summarizer.write import write


def written(
    config: Config,
    reading: Reading,
    model: ScriptedModel,
    options: Options,
    records: tuple[Record, ...] = (),
    *,
    concludes: bool = True,
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
            concludes=concludes,
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


def concluding(answer: str) -> Callable[[Prefix, Row], str]:
    return lambda prefix, row: answer if row.instruction.startswith("CONSEQUENCE") else "A fact."


def test_a_sector_is_facts_and_then_a_consequence(config: Config, reading: Reading) -> None:
    draft, _ = written(config, reading, ScriptedModel(concluding("It could help.")), Options(candidates=2))
    for passage in draft.passages:
        if passage.kind == "sector":
            facts = "A fact.\n" * len(passage.evidence)
            assert passage.candidates == (f"{facts}It could help.",)


def test_a_second_consequence_is_drawn_from_other_sentences(config: Config, reading: Reading) -> None:
    model = ScriptedModel(concluding("It could help."))
    written(config, reading, model, Options(candidates=2, sections=frozenset({"sector"})))
    concluded = [row for row in asked(model) if row.instruction.startswith("CONSEQUENCE")]
    assert len({row.instruction for row in concluded}) == len(concluded) == 2 * 3
    assert not any(row.sampling.temperature for row in concluded)


def test_a_model_that_concludes_nothing_is_asked_for_facts_and_questions_only(config: Config, reading: Reading) -> None:
    model = ScriptedModel(lambda prefix, row: "Text.")
    draft, _ = written(config, reading, model, Options(candidates=2), config.records[:2], concludes=False)
    assert "comparison" in {passage.kind for passage in draft.passages}  # its records stand by themselves
    assert {row.instruction.split()[0] for row in asked(model)} == {"SHORTEN", "QUESTION"}


def test_a_model_that_concludes_nothing_asks_one_thing_at_a_time(config: Config, reading: Reading) -> None:
    model = ScriptedModel(lambda prefix, row: "Who pays the 41 million euros, and who kept the report?")
    both, one = "Who pays the 41 million euros, and who kept the report?", "Who pays the 41 million euros?"
    for concludes, text in ((True, both), (False, one)):
        options = Options(candidates=1, sections=frozenset({"question"}))
        draft, _ = written(config, reading, model, options, concludes=concludes)
        assert {passage.candidates for passage in draft.passages} == {(text,)}


def test_where_nothing_sound_follows_nothing_is_concluded(config: Config, reading: Reading) -> None:
    draft, _ = written(config, reading, ScriptedModel(concluding("None.")), Options(candidates=1))
    told = [passage for passage in draft.passages if passage.kind == "sector"]
    assert [passage.candidates[0].split("\n") for passage in told] == [["A fact."] * len(p.evidence) for p in told]


def test_a_consequence_is_drawn_from_sentences_that_stand_by_themselves(config: Config) -> None:
    reading = segment(Article("Rein Tammik founded a tether firm in Tartu. He sold it to Pidur Space last week."))
    model = ScriptedModel(lambda prefix, row: "Text.")
    written(config, reading, model, Options(candidates=1, sections=frozenset({"sector"})))
    for row in asked(model):
        if row.instruction.startswith("CONSEQUENCE"):
            assert "- Rein Tammik founded a tether firm in Tartu.\n- He sold it" in row.instruction


def test_a_sentence_is_made_shorter_once_wherever_it_is_told(config: Config, reading: Reading) -> None:
    model = ScriptedModel(lambda prefix, row: "Text.")
    draft, _ = written(config, reading, model, Options(candidates=2))
    shortened = [row.instruction for row in asked(model) if row.instruction.startswith("SHORTEN")]
    told = {n for p in draft.passages if p.kind in {"reason", "summary", "sector", "takeaway"} for n in p.evidence}
    assert len(shortened) == len(set(shortened)) == len(told)


def test_a_sentence_that_leans_on_the_one_before_is_made_shorter_beside_it(config: Config) -> None:
    reading = segment(Article("Rein Tammik founded the firm in Tartu in 2009. He sold it to Pidur Space last week."))
    model = ScriptedModel(lambda prefix, row: "Text.")
    written(config, reading, model, Options(candidates=1, sections=frozenset({"summary"})))
    (leaning,) = [
        row.instruction for row in asked(model) if row.instruction.endswith("He sold it to Pidur Space last week.")
    ]
    assert "before it stands: Rein Tammik founded the firm in Tartu in 2009." in leaning
    assert not any("before it" in row.instruction for row in asked(model) if row.instruction != leaning)


def test_candidates_differ_in_seed_and_the_first_is_greedy(config: Config, reading: Reading) -> None:
    model = ScriptedModel(lambda prefix, row: f"Text {row.sampling.seed}.")
    draft, seen = written(config, reading, model, Options(candidates=3, seed=5))
    assert asked(model)[0].sampling.temperature == 0
    drawn = [row.sampling.seed for row in asked(model) if row.sampling.temperature]
    assert drawn
    assert len(set(drawn)) == len(drawn)
    assert all(len(p.candidates) == 3 for p in draft.passages if p.kind == "question")
    asked_for = len(asked(model))
    assert [(progress.done, progress.total) for progress in seen] == [(i + 1, asked_for) for i in range(asked_for)]
    assert {progress.section for progress in seen} == {passage.kind for passage in draft.passages}


def test_a_question_is_asked_about_what_its_sentence_leaves_open(config: Config, reading: Reading) -> None:
    model = ScriptedModel(lambda prefix, row: "Who pays?")
    written(config, reading, model, Options(candidates=1, sections=frozenset({"question"})))
    anchors = choose(reading, config.panel("space"), 7).anchors
    for row, anchor in zip(asked(model), anchors, strict=True):
        assert row.instruction.startswith(f"QUESTION about {anchor.gap}")
        assert " ".join(reading.text_of(anchor.sentence).split()) in row.instruction
