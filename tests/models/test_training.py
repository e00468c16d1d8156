"""Training: what is learnt is what is asked for in use, packing changes nothing, a stopped run goes on the same."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from checkpoints import write_checkpoint, write_tokenizer

from summarizer import Config, ScriptedModel
from summarizer.errors import BriefError
from summarizer.evidence import DEFAULT_GAP, GAPS
from summarizer.grounding.source import source_of
from summarizer.models.chat import ChatFormat
from summarizer.models.checkpoint import Adapter
from summarizer.models.local import LocalModel
from summarizer.models.probe import read_probe
from summarizer.models.protocol import Prefix
from summarizer.prompting import NOTHING, Prompts
from summarizer.segment import segment
from summarizer.verify import lock_violations
from training import examples, probe
from training.drafts import best_of, drafts, load, save
from training.export import export
from training.lora import Learner
from training.packing import pack
from training.scale import scale
from training.train import ADAPTER, Plan, schedule, train

CORPUS = Path(__file__).parents[2] / "training" / "corpus"


@pytest.fixture(scope="module")
def records() -> list[dict[str, object]]:
    """The shortest articles of the corpus."""
    found = examples.read(sorted(CORPUS.glob("*.jsonl")))
    return sorted(found, key=lambda record: len(record["article"]["body"]))[:12]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = write_tokenizer(write_checkpoint("qwen2", tmp_path_factory.mktemp("base")))
    # The small tokenizer makes a token of nearly every letter.
    config = directory / "config.json"
    config.write_text(config.read_text().replace('"max_position_embeddings": 1024', '"max_position_embeddings": 8192'))
    return directory


@pytest.fixture(scope="module")
def chat(base: Path) -> ChatFormat:
    return ChatFormat(base, set())


@pytest.fixture
def plan(base: Path, records: list[dict[str, object]], tmp_path: Path) -> Plan:
    file = tmp_path / "corpus.jsonl"
    file.write_text("\n".join(json.dumps(record) for record in records), encoding="utf-8")
    return Plan(f"hf:{base}", (str(file),), 4, 2, 4, 1e-2, 0, 1_000, 1_200)


def made(record: dict[str, object], config: Config) -> examples.Exercise:
    return examples.exercise(record, config, Prompts(config.prompt_dirs), random.Random(0))


def test_every_example_is_true_to_its_article(records: list[dict[str, object]], config: Config) -> None:
    kinds = set()
    for record in records:
        reading = segment(examples.article_of(record))
        for example in made(record, config).examples:
            kinds.add(example.kind)
            if example.kind not in ("relevance", "comparison", "question"):
                assert not lock_violations(example.target, reading), example.target
            assert all(reading.text_of(n).split()[0] in example.instruction for n in example.evidence)
    assert kinds == {
        *("condense", "consequence", "takeaway"),
        *("question", "comparison", "relevance"),
    }


def test_one_article_in_five_is_held_out() -> None:
    names = [record["id"] for record in examples.read(sorted(CORPUS.glob("*.jsonl")))]
    share = sum(map(examples.is_held_out, names)) / len(names)
    assert len(set(names)) == len(names)
    assert 0.15 < share < 0.25


def test_the_single_sentences_are_fit_to_be_learnt_from(config: Config) -> None:
    """Of the rows that sentences.jsonl has, nearly all pass the checks, and some say that nothing follows."""
    records = [r for r in examples.read(sorted(CORPUS.glob("*.jsonl"))) if r["short"]]
    assert len(records) >= 100
    wanted = given = 0
    targets = list[str]()
    for record in records[::8]:
        assert {row["beat"] for row in record["consequences"]} <= set(record["panel"])
        rows = [row for row in made(record, config).examples if row.kind in {"condense", "consequence"}]
        given += len(rows)
        wanted += len(record["short"]) + len(record["consequences"])
        targets += [row.target for row in rows]
    assert given > 0.97 * wanted
    assert 0.02 < targets.count(NOTHING) / len(targets) < 0.1


@pytest.mark.parametrize(
    ("question", "gap"),
    [
        ("Who would pay for filling if gas stays cheap?", "the money"),
        ("What happens if the contract lapses?", "the terms"),
        ("How many customers can end their subscription this year?", "the figures"),
        ("Why does Kesteven remain outside?", DEFAULT_GAP),
    ],
)
def test_what_an_exemplary_question_goes_after(question: str, gap: str) -> None:
    assert examples.gap_of(question) == gap
    assert {name for name, _ in examples.GAPS} == {name for _, name in GAPS}


def test_only_the_last_layers_are_trained_where_that_is_asked(base: Path) -> None:
    every = Learner(base, rank=2, alpha=4, device="cpu", seed=0)
    last = Learner(base, rank=2, alpha=4, device="cpu", seed=0, layers=1)
    names = [name for name in every.tensors() if ".layers.2." in name]
    assert names
    assert sorted(last.tensors()) == sorted(names)


def test_a_row_costs_and_learns_the_same_alone_and_packed(
    base: Path, chat: ChatFormat, records: list[dict[str, object]], config: Config
) -> None:
    learner = Learner(base, rank=2, alpha=4, device="cpu", seed=0)
    exercise = made(records[0], config)
    packed, count = pack(exercise, exercise.examples, chat, 100_000)
    assert count == len(exercise.examples)
    together = learner.losses(packed)
    for number, example in enumerate(exercise.examples, 1):
        alone = learner.losses(pack(exercise, [example], chat, 0)[0])
        assert torch.allclose(together[packed.row == number], alone, atol=1e-4)


def test_packing_keeps_within_the_bound_but_takes_one_row_at_least(
    chat: ChatFormat, records: list[dict[str, object]], config: Config
) -> None:
    exercise = made(records[0], config)
    whole, all_of_them = pack(exercise, exercise.examples, chat, 100_000)
    some, count = pack(exercise, exercise.examples, chat, len(whole.ids) - 1)
    assert 0 < count < all_of_them
    assert len(some.ids) < len(whole.ids)
    assert pack(exercise, exercise.examples, chat, 0)[1] == 1


def test_a_run_that_was_stopped_ends_as_one_that_was_not(plan: Plan, tmp_path: Path) -> None:
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    train(plan, straight, device="cpu", every_minutes=60, threads=1)
    # Every step is a checkpoint; the run is stopped in the middle by taking its last steps away.
    with pytest.raises(KeyboardInterrupt):
        train(plan, stopped, device="cpu", every_minutes=0, threads=1, watch=_stop_after(2))
    train(plan, stopped, device="cpu", every_minutes=0, threads=1)
    states = [torch.load(path / "state.pt", weights_only=True) for path in (straight, stopped)]
    assert states[0]["step"] == states[1]["step"] == 4
    for name, factor in states[0]["factors"].items():
        assert torch.equal(factor, states[1]["factors"][name]), name
    steps = [json.loads(line)["step"] for line in (stopped / "log.jsonl").read_text().splitlines()]
    assert steps == [0, 1, 2, 3, 4, 4]


def test_the_adapter_says_in_use_what_it_said_in_training(
    plan: Plan, base: Path, chat: ChatFormat, records: list[dict[str, object]], config: Config, tmp_path: Path
) -> None:
    train(replace(plan, steps=2), tmp_path / "run", device="cpu", every_minutes=60, threads=1)
    learner = Learner(base, rank=plan.rank, alpha=plan.alpha, device="cpu", seed=0)
    learner.set(torch.load(tmp_path / "run" / "state.pt", weights_only=True)["factors"])
    exercise = made(records[0], config)
    rows = [example for example in exercise.examples if example.kind != "relevance"][:3]
    with (
        torch.no_grad(),
        LocalModel(base, adapter=tmp_path / "run" / ADAPTER, device="cpu", dtype="float32", threads=1) as model,
        model.read(exercise.prefix) as session,
    ):
        said = session.likelihood([(row.instruction, row.target) for row in rows])
        for row, mean in zip(rows, said, strict=True):
            packed, _ = pack(exercise, [row], chat, 0)
            assert mean == pytest.approx(-learner.losses(packed)[:-1].mean().item(), abs=1e-4)


def test_of_a_models_drafts_only_what_passes_is_learnt_and_then_like_all_else(
    records: list[dict[str, object]], config: Config, tmp_path: Path
) -> None:
    record = records[0]
    reading = segment(examples.article_of(record))
    source = source_of(reading)
    true = reading.text_of(1)
    false = true.rstrip(".") + ", said Maximilian Overstreet of the Antarctic Treasury."
    assert best_of(source, "condense", [false, true]) == true
    assert best_of(source, "condense", [false]) == ""
    assert best_of(source, "question", ["What are the implications?", false]) == ""
    kept = examples.Kept(str(record["id"]), "condense", (1,), true)
    save(tmp_path / "drafts.jsonl", [kept])
    found = load([tmp_path / "drafts.jsonl"])
    assert found == {record["id"]: [kept]}
    exercise = examples.exercise(record, config, Prompts(config.prompt_dirs), random.Random(0), found[kept.id])
    last = exercise.examples[-1]
    assert (last.kind, last.target, last.evidence) == ("condense", true, (1,))
    assert true in last.instruction


def test_whatever_is_kept_of_a_brief_can_be_learnt(records: list[dict[str, object]], config: Config) -> None:
    record = records[0]
    text = segment(examples.article_of(record)).text_of(1)
    model = ScriptedModel(lambda prefix, row: text)
    kept = drafts(record, model, config, 1, 0)
    assert "condense" in {each.kind for each in kept}
    prompts = Prompts(config.prompt_dirs)
    learnt = examples.exercise(record, config, prompts, random.Random(0), kept).examples
    assert len(learnt) > len(made(record, config).examples)


def test_the_rate_rises_stays_and_falls() -> None:
    rates = [schedule(step, 50) for step in range(50)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == rates[20] == 1.0
    assert rates[-1] == pytest.approx(0.1)


def _stop_after(steps: int) -> object:
    def watch(step: int) -> None:
        if step == steps:
            raise KeyboardInterrupt

    return watch


def test_the_probe_finds_what_is_in_the_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Scores that follow from the states up to noise, of articles whose digits say little."""
    chance = np.random.default_rng(0)
    direction = chance.normal(size=24)

    def rated(number: int) -> probe.Rated:
        states = chance.normal(size=(6, 24))
        given = np.clip(5 + states @ direction * 0.5 + chance.normal(size=6) * 0.1, 1, 10)
        return probe.Rated(
            str(number),
            states,
            chance.uniform(1, 10, size=6),
            chance.normal(size=(6, 2)),
            given,
            frozenset({"word", str(number)}),
        )

    taught, held = [rated(n) for n in range(60)], [rated(n) for n in range(20)]
    probe.report(taught, held, list("abcdef"), tmp_path)
    lines = {line[:26].strip(): float(line[26:46]) for line in capsys.readouterr().out.splitlines() if "  0." in line}
    assert min(lines, key=lambda name: lines[name]).startswith("probe")
    saved = read_probe(tmp_path)
    assert saved is not None
    told = saved(torch.tensor(held[0].states))
    assert np.abs(np.clip(told, 1, 10) - held[0].given).mean() < 0.4


def test_the_probe_of_a_run_is_read_off_its_own_model(
    base: Path, records: list[dict[str, object]], plan: Plan, tmp_path: Path
) -> None:
    train(replace(plan, steps=1), tmp_path, device="cpu", every_minutes=60, threads=1)
    held = [r for r in records if examples.is_held_out(str(r["id"]))][:1]
    file = tmp_path / "few.jsonl"
    file.write_text("\n".join(json.dumps(record) for record in [*held, *records[:6]]), encoding="utf-8")
    assert probe.run(f"hf:{base}", tmp_path, [file], 3, 1_000, 1) == 0
    assert len(list((tmp_path / "states").glob("*.npz"))) == 1 + 3
    with LocalModel(base, adapter=tmp_path / ADAPTER, threads=1) as model, model.read(Prefix("", "News.")) as session:
        assert len(session.probe(["Relevance?"]) or []) == 1
    export(tmp_path, tmp_path / "package")
    assert read_probe(tmp_path / "package") is not None


def test_an_adapter_at_half_its_strength_changes_the_weights_half_as_much(plan: Plan, tmp_path: Path) -> None:
    train(replace(plan, steps=2), tmp_path / "run", device="cpu", every_minutes=60, threads=1)
    scale(tmp_path / "run", 0.5, tmp_path / "half")
    whole, half = (Adapter(tmp_path / name / ADAPTER) for name in ("run", "half"))
    for name in sorted(whole.unused):
        one, other = whole.delta(name), half.delta(name)
        assert one is not None
        assert other is not None
        assert torch.allclose(one, 2 * other)
    export(tmp_path / "half", tmp_path / "package")
    assert json.loads((tmp_path / "package" / "adapter_config.json").read_text())["lora_alpha"] == plan.alpha / 2
    with pytest.raises(BriefError, match="above 0"):
        scale(tmp_path / "run", 0, tmp_path / "none")
