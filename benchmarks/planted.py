"""How many planted errors the checks catch, and how many true statements they withhold.

    python benchmarks/planted.py [CORPUS ...]            both parts of the corpus, a table each
    python benchmarks/planted.py [CORPUS ...] --fit      fit summarizer/grounding/decision.json on the tuning part first
    python benchmarks/planted.py [CORPUS ...] --words    make summarizer/grounding/common_words.txt again
    python benchmarks/planted.py [CORPUS ...] --missed KIND, --alarms    print them
    python benchmarks/planted.py [CORPUS ...] --questions       which questions the check calls answered

Four fifths of the articles are for tuning; the others, chosen by a hash of the id, are only ever measured, and no case
of theirs is ever printed.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "grounding")]

import planted_errors as planted  # noqa: E402
import planted_questions  # noqa: E402

from summarizer.grounding import decision  # noqa: E402
from summarizer.grounding.decision import Features  # noqa: E402
from summarizer.grounding.judge import judge  # noqa: E402
from summarizer.grounding.locks import locks  # noqa: E402
from summarizer.grounding.questions import answered_by  # noqa: E402
from training.logistic import logistic  # noqa: E402

CORPUS = tuple(
    ROOT / "training" / "corpus" / f"{name}.jsonl" for name in ("briefs", "literal-1", "literal-2", "literal-3")
)
GROUNDING = ROOT / "summarizer" / "grounding"

# The shares of all true statements that each part of the decision may withhold at most, on the tuning part.
MAY_WITHHOLD = {
    "support": 0.002,
    "inferred": 0.001,
    "denial": 0.007,
    "figure": 0.002,
    "date": 0.0015,
    "person": 0.0008,
    "name": 0.0003,
}
SUPPORT = (
    "bias",
    "coverage",
    "single",
    "pairs",
    "hedged",
    "hedged coverage",
    "new",
    "new clause",
    "hedged new",
    "hedged new clause",
)
DENIAL = (
    "bias",
    "denied",
    "unanswered",
    "window",
    "cue",
    "coverage",
    "pairs",
    "follow",
    "both",
    "figure denied",
    "double",
)
# The signs that a sentence which a model wrote is invented, and the share of inventions that has to be stopped.
INVENTED = ("bias", "coverage", "single", "pairs", "new", "new clause", "missing", "sentences", "displaced", "cue")
CAUGHT = 0.92
RIDGE = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="*", type=Path, default=CORPUS)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--missed", metavar="KIND")
    parser.add_argument("--alarms", action="store_true")
    parser.add_argument("--questions", action="store_true")
    parser.add_argument("--strict", action="store_true", help="judge as sentences that a model wrote")
    parser.add_argument("--each", type=int, default=2, help="errors of a kind and article (default 2)")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    if asked.words:
        write_words(asked.corpus)
    materials = [material for path in asked.corpus for material in planted.corpus(path)]
    if asked.fit:
        fit([m for m in materials if not m.held_back], asked.seed)
    for name, part in (("tuning part", False), ("kept back", True)):
        own = [m for m in materials if m.held_back == part]
        if own and asked.questions:
            report_questions(name, own, asked)
        elif own:
            report(name, own, asked)
    return 0


def report(name: str, materials: Sequence[planted.Material], asked: argparse.Namespace) -> None:
    """One table: the share caught of every kind, and of true statements withheld by rule."""
    cases = planted.planted(materials, asked.seed, asked.each)
    print(f"\n{name}: {len(materials)} articles, {len(cases)} planted errors")
    caught: dict[str, list[bool]] = {}
    for kind, group in planted.by_kind(cases):
        judged = [(case, judge(case.material.source, case.text, strict=asked.strict)) for case in group]
        caught[kind] = [bool(j.problems) for _, j in judged]
        rules: dict[str, int] = {}
        for _, j in judged:
            if j.problems:
                rules[j.problems[0][0]] = rules.get(j.problems[0][0], 0) + 1
        print(f"  {kind:20} {len(group):5} {share(caught[kind])}  {rules}")
        if asked.missed == kind:
            for case, j in judged:
                if not (j.problems or case.material.held_back):
                    print(f"      {case.material.id}: {case.text}\n        true: {case.original}")
    for title, kinds in (
        ("locks", planted.LOCKS),
        ("others", planted.OTHERS),
        ("exchanges", planted.EXCHANGES),
        ("inventions", planted.INVENTIONS),
    ):
        flat = [hit for kind in kinds for hit in caught[kind]]
        print(f"  {title:20} {len(flat):5} {share(flat)}")
    alarms: dict[str, int] = {}
    true = planted.true_cases(materials)
    for case in true:
        j = judge(case.material.source, case.text, strict=asked.strict)
        if j.problems:
            alarms[j.problems[0][0]] = alarms.get(j.problems[0][0], 0) + 1
            if asked.alarms and not case.material.held_back:
                print(f"      {case.material.id}: {j.problems[0]}: {case.text}")
    print(f"  {'true, withheld':20} {len(true):5} {sum(alarms.values()) / len(true):6.1%}  {alarms}")


def report_questions(name: str, materials: Sequence[planted.Material], asked: argparse.Namespace) -> None:
    """One table: the share called answered, of questions that the article answers and of the corpus's own."""
    print(f"\n{name}: {len(materials)} articles")
    corpora = [planted_questions.left_open(path) for path in asked.corpus]
    written = {id: questions for corpus in corpora for id, questions in corpus.items()}
    found: dict[str, list[bool]] = {}
    for material in materials:
        made = list(planted_questions.answerable(material))
        for kind, question in [*made, *(("corpus's own", q) for q in written[material.id])]:
            hit = bool(answered_by(material.source, material.source.line(question)))
            found.setdefault(kind, []).append(hit)
            shown = (asked.alarms and hit and kind == "corpus's own") or (asked.missed == kind and not hit)
            if shown and not material.held_back:
                print(f"      {material.id}: {question}")
    answerable = [hit for kind, hits in found.items() if kind != "corpus's own" for hit in hits]
    for kind, hits in [*sorted(found.items()), ("all that are answered", answerable)]:
        print(f"  {kind:22} {len(hits):5} {share(hits)}")


def share(hits: Sequence[bool]) -> str:
    return f"{sum(hits) / len(hits):6.1%}" if hits else "     -"


# --- fitting -------------------------------------------------------------------------------------------------


def fit(materials: Sequence[planted.Material], seed: int) -> None:
    """Fit the parts of the decision on true statements against what each part is there to find."""
    true = [j.features for c in planted.true_cases(materials) if (j := judge(c.material.source, c.text)).evidence]
    cases = planted.planted(materials, seed, 3)
    negated = [judge(c.material.source, c.text).features for c in cases if c.kind == "negation"]
    foreign = strangers(materials, seed)
    print(f"fitting on {len(true)} true, {len(negated)} negated, {len(foreign)} foreign statements")
    invented = [judge(c.material.source, c.text).features for c in cases if c.kind in planted.INVENTIONS]
    support = apart(table(true, SUPPORT), table([*foreign, *invented], SUPPORT))
    trust = [decision.probability(f.values, support) for f in true if not f.values["hedged"]]
    hedged = [decision.probability(f.values, support) for f in true if f.values["hedged"]]
    with_not = [f for f in true if f.values["not"]]
    denial = apart(table([f for f in negated if f.values["not"]], DENIAL), table(with_not, DENIAL))
    denied = sorted((decision.probability(f.values, denial) for f in with_not), reverse=True)
    allowed = int(MAY_WITHHOLD["denial"] * len(true))
    plain, plain_most = strictness(true, [*foreign, *invented], hedged=False)
    consequence, consequence_most = strictness(true, [*foreign, *invented], hedged=True)
    result = {
        "support": support,
        "trust": quantile(trust, MAY_WITHHOLD["support"]),
        "inferred": quantile(hedged, MAY_WITHHOLD["inferred"]),
        "denial": denial,
        "denied": round(denied[min(allowed, len(denied) - 1)], 4),
        "displaced": {
            kind: quantile([f.values[f"{kind} displaced"] for f in true], 1 - MAY_WITHHOLD[kind])
            for kind in ("figure", "date", "person", "name")
        },
        "invented": plain,
        "invented_most": plain_most,
        "imagined": consequence,
        "imagined_most": consequence_most,
    }
    path = GROUNDING / "decision.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    decision.decision.cache_clear()
    print(f"wrote {path.relative_to(ROOT)}")


def strictness(true: Sequence[Features], false: Sequence[Features], *, hedged: bool) -> tuple[dict[str, float], float]:
    """The weights that tell inventions from true statements, and the probability above which CAUGHT of them lie."""
    good = [f for f in true if bool(f.values["hedged"]) == hedged]
    bad = [f for f in false if bool(f.values["hedged"]) == hedged]
    weights = apart(table(bad, INVENTED), table(good, INVENTED))
    return weights, quantile([decision.probability(f.values, weights) for f in bad], 1 - CAUGHT)


def strangers(materials: Sequence[planted.Material], seed: int) -> list[Features]:
    """True statements of other articles that no lock stops: what unsupported sentences look like."""
    draw = random.Random(seed)
    found = []
    for material in materials:
        for other in draw.sample(list(materials), 14):
            for _, text in draw.sample(list(other.statements), 3):
                if other is material or locks(material.source, material.source.line(text)):
                    continue
                judged = judge(material.source, text)
                if judged.evidence:
                    found.append(judged.features)
    return found


def table(seen: Sequence[Features], names: Sequence[str]) -> dict[str, Any]:
    return {"names": names, "rows": np.array([[f.values[name] for name in names] for f in seen])}


def apart(positive: dict[str, Any], negative: dict[str, Any]) -> dict[str, float]:
    """A logistic regression with both classes of equal weight; the bias isn't shrunk."""
    x = np.vstack([positive["rows"], negative["rows"]])
    y = np.r_[np.ones(len(positive["rows"])), np.zeros(len(negative["rows"]))]
    weight = np.where(y == 1, len(y) / (2 * y.sum()), len(y) / (2 * (1 - y).sum()))
    names = list(positive["names"])
    w = logistic(x, y, np.array([0.0 if name == "bias" else RIDGE for name in names]), weight)
    return {name: round(float(value), 3) for name, value in zip(names, w, strict=True)}


def quantile(values: Sequence[float], share_below: float) -> float:
    return round(float(np.quantile(np.array(values), share_below)), 4)


# --- ordinary words ------------------------------------------------------------------------------------------


def write_words(corpus: Sequence[Path]) -> None:
    """The lower-case words of the tuning part, and those that the file already has."""
    path = GROUNDING / "common_words.txt"
    words = set(path.read_text(encoding="utf-8").split()) if path.exists() else set()
    for row in (json.loads(line) for path in corpus for line in path.read_text(encoding="utf-8").splitlines()):
        material = planted.Material(row["id"], None, None, ())  # type: ignore[arg-type]
        if material.held_back:
            continue
        texts = [
            row["article"]["body"],
            row["summary"],
            row["takeaway"],
            row["history"],
            *row["why"].values(),
            *row["sectors"].values(),
            *row["questions"],
        ]
        words |= set(re.findall(r"(?<![\w'’-])[a-z]{2,}(?![\w'’])", " ".join(texts)))
    path.write_text(textwrap.fill(" ".join(sorted(words)), width=110) + "\n", encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
