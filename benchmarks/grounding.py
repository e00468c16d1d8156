"""How well each signal of the grounding check agrees with people: sentence-level ROC AUC and balanced accuracy.

    python benchmarks/grounding.py PATH [--model SPEC [--signals NAME ...]] [--limit N]

PATH is mturk_xsum.jsonl of QAGS (Wang, Cho and Lewis, 2020): news articles with summary sentences that three readers
each judged consistent or not; the majority counts. Combinations are cross-validated by article; intervals are from
1,000 bootstrap samples of articles. With --model, the model is asked as well: "asked", whether the article states all
of the sentence; "evidence", whether the few sentences do that carry most of it; "likelihood", how likely the sentence
is behind the article, and how much the article adds to that.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from summarizer.config import load_config
from summarizer.grounding.judge import judge
from summarizer.grounding.source import source_of
from summarizer.prompting import Prompts
from summarizer.segment import segment
from summarizer.types import Article
from summarizer.words import content_stems
from training.logistic import logistic

FOLDS, SAMPLES, RIDGE = 10, 1_000, 1.0
SIGNALS = (
    "coverage", "single", "pairs", "new", "new clause", "figure displaced", "date displaced", "locks",
)  # fmt: skip
# What a model is asked, and the signals that come of it.
MODELS = {"asked": ("asked",), "evidence": ("asked of evidence",), "likelihood": ("likelihood", "likelihood gain")}
# What the model says, what the article holds, what is new, what is exactly wrong: signals that see different things.
ONE_OF_EACH = ("asked", "asked of evidence", "coverage", "new clause", "locks")
ASK = "Is every detail of this statement stated in the article? Answer Yes or No.\nStatement: {sentence}"
LEAST = 1e-4  # a probability's, so that log-odds stay finite
INSTRUCTION = "Summarise the article in one sentence."
Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Example:
    """A summary sentence: which article, whether most readers found it consistent, its signals (more is better)."""

    article: int
    sentence: str
    consistent: bool
    signals: dict[str, float]
    evidence: tuple[str, ...]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("--model", help="also ask this model, such as tiny or house")
    parser.add_argument("--signals", nargs="+", choices=list(MODELS), default=["asked", "evidence"])
    parser.add_argument("--limit", type=int)
    parser.add_argument("--threads", type=int)
    asked = parser.parse_args()
    rows = [json.loads(line) for line in asked.path.read_text(encoding="utf-8").splitlines()][: asked.limit]
    examples = read(rows)
    if asked.model:
        examples = with_model(examples, rows, asked.model, asked.threads, asked.signals)
    label = np.array([e.consistent for e in examples], dtype=float)
    group = np.array([e.article for e in examples])
    print(f"{len(examples)} sentences of {len(rows)} articles, {label.mean():.0%} consistent\n")
    print(f"{'signal':34} {'ROC AUC':>22} {'balanced accuracy':>24}")
    names = list(examples[0].signals)
    table = np.array([[e.signals[n] for n in names] for e in examples])
    for i, name in enumerate(names):
        show(name, table[:, i], label, group)
    each = [n for n in ONE_OF_EACH if n in names]
    parts = [("lexical signals together", list(SIGNALS))]
    if asked.model:
        parts.append(("one of each kind together", each))
        parts.append(("all together", [n for n in names if n != "word overlap"]))
    for title, wanted in parts:
        together = crossed(table[:, [names.index(n) for n in wanted]], label, group)
        show(title, together, label, group)
        for name in ("word overlap", *each):
            low, high = difference(together, table[:, names.index(name)], label, group)
            print(f"    ROC AUC above {name}: [{low:+.3f}, {high:+.3f}]")
    return 0


def read(rows: Sequence[dict[str, Any]]) -> list[Example]:
    examples = []
    for at, row in enumerate(rows):
        reading = segment(Article(row["article"]))
        source = source_of(reading)
        words = set(content_stems(row["article"]))
        for told in row["summary_sentences"]:
            votes = [r["response"] == "yes" for r in told["responses"]]
            judged = judge(source, told["sentence"])
            values = judged.features.values
            own = content_stems(told["sentence"])
            signals = {"word overlap": sum(w in words for w in own) / max(1, len(own))}
            for name in SIGNALS[:-1]:
                good = name in {"coverage", "single", "pairs"}
                signals[name] = values[name] if good else -values[name]
            exact = {"name", "figure", "date", "quotation"}
            signals["locks"] = -float(sum(rule in exact for rule, _ in judged.problems))
            # What a story is about stands in its first sentence.
            evidence = tuple(reading.text_of(n) for n in sorted({1, *judged.evidence}))
            examples.append(Example(at, told["sentence"], sum(votes) * 2 > len(votes), signals, evidence))
    return examples


def with_model(
    examples: Sequence[Example], rows: Sequence[dict[str, Any]], spec: str, threads: int | None, wanted: Sequence[str]
) -> list[Example]:
    """The examples with what the model says of each sentence. What it is asked gives the log-odds of its Yes;
    "likelihood" is the mean log-probability a token behind the article, and "likelihood gain" how much the article adds
    to it."""
    from summarizer.models import open_model
    from summarizer.models.protocol import Prefix, Session

    made = []
    prompts = Prompts(load_config().prompt_dirs)

    def document(text: str) -> Prefix:
        return Prefix(prompts.system(), prompts.document(segment(Article(text))))

    def log_odds(session: Session, sentence: str) -> float:
        ((yes, no),) = session.rate([ASK.format(sentence=sentence)], ("Yes", "No"))
        return log(max(yes, LEAST) / max(no, LEAST))

    def likelihood(session: Session, texts: Sequence[str]) -> list[float]:
        return [value or 0.0 for value in session.likelihood([(INSTRUCTION, text) for text in texts])]

    with open_model(spec, threads=threads) as model:
        with model.read(document("None.")) as session:
            alone = likelihood(session, [e.sentence for e in examples] if "likelihood" in wanted else [])
        for at, example in enumerate(examples):
            signals = dict(example.signals)
            if "evidence" in wanted:
                with model.read(document(" ".join(example.evidence))) as session:
                    signals["asked of evidence"] = log_odds(session, example.sentence)
            if {"asked", "likelihood"} & set(wanted):
                with model.read(document(rows[example.article]["article"])) as session:
                    if "asked" in wanted:
                        signals["asked"] = log_odds(session, example.sentence)
                    if "likelihood" in wanted:
                        (given,) = likelihood(session, [example.sentence])
                        signals |= {"likelihood": given, "likelihood gain": given - alone[at]}
            made.append(replace(example, signals=signals))
            told = {name: round(signals[name], 3) for names in MODELS.values() for name in names if name in signals}
            print(f"{at + 1}/{len(examples)} {example.consistent} {told}", file=sys.stderr, flush=True)
    return made


# --- measures ------------------------------------------------------------------------------------------------


def show(name: str, score: Array, label: Array, group: Array) -> None:
    a, b = (interval(measure, score, label, group) for measure in (auc, lambda s, y: balanced(s, y)))
    print(
        f"{name:34} {auc(score, label):6.3f} [{a[0]:.3f}, {a[1]:.3f}]"
        f" {balanced(score, label):8.3f} [{b[0]:.3f}, {b[1]:.3f}]"
    )


def auc(score: Array, label: Array) -> float:
    """The probability that a consistent sentence scores higher than an inconsistent one, ties counting half."""
    good, bad = score[label == 1], score[label == 0]
    return float((good[:, None] > bad).mean() + 0.5 * (good[:, None] == bad).mean())


def balanced(score: Array, label: Array) -> float:
    """The mean of both classes' recall at the best threshold of the sample."""
    best = 0.5
    for threshold in np.unique(score):
        said = score >= threshold
        best = max(best, float((said[label == 1].mean() + (~said)[label == 0].mean()) / 2))
    return best


def interval(measure: Callable[[Array, Array], float], score: Array, label: Array, group: Array) -> tuple[float, float]:
    """The middle 95 percent over bootstrap samples of articles."""
    draw = np.random.default_rng(0)
    members = [np.flatnonzero(group == g) for g in np.unique(group)]
    values = []
    for _ in range(SAMPLES):
        pick = np.concatenate([members[i] for i in draw.integers(len(members), size=len(members))])
        if 0 < label[pick].mean() < 1:
            values.append(measure(score[pick], label[pick]))
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def difference(one: Array, other: Array, label: Array, group: Array) -> tuple[float, float]:
    """How much higher the first score's ROC AUC is, over the same bootstrap samples for both."""
    both = np.stack([one, other], axis=1)
    return interval(lambda s, y: auc(s[:, 0], y) - auc(s[:, 1], y), both, label, group)


def crossed(table: Array, label: Array, group: Array) -> Array:
    """Out-of-fold log-odds of a ridge logistic regression on standardised signals; an article stays in one fold."""
    folds = np.random.default_rng(0).permutation(group.max() + 1) % FOLDS
    fold = folds[group]
    result = np.zeros(len(label))
    for k in range(FOLDS):
        train, test = fold != k, fold == k
        mean, spread = table[train].mean(0), table[train].std(0) + 1e-9
        x = np.c_[np.ones(train.sum()), (table[train] - mean) / spread]
        w = logistic(x, label[train], np.array([0.0] + [RIDGE] * table.shape[1]))
        result[test] = np.c_[np.ones(test.sum()), (table[test] - mean) / spread] @ w
    return result


if __name__ == "__main__":
    raise SystemExit(main())
