"""Whether a statement is supported, a hedged consequence, or neither: a small logistic model over the signals.

In: a Source and an analysed statement. Out: Features, and a status or a reason to withhold. The coefficients and
thresholds are in decision.json; `python benchmarks/planted.py --fit` makes that file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import exp

from summarizer.grounding.locks import Problem
from summarizer.grounding.slots import Slot, slots
from summarizer.grounding.source import Line, Source
from summarizer.grounding.support import Polarity, Support, polarity, support
from summarizer.types import Status


@dataclass(frozen=True, slots=True)
class Features:
    """The signals by name, what they were read from, and `trust`: the model's probability that the sentence is true
    to its source."""

    values: dict[str, float]
    evidence: tuple[int, ...]
    support: Support
    slots: tuple[Slot, ...]
    against: tuple[str, ...]
    trust: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What was fitted. `support` weighs the signals of a statement's support: it needs `trust` at least. `denial` weighs
    those of a "not": above `denied` it has no source. `displaced` is, for each kind of item, how much better another
    one may fit its place. `coverage` is what an unhedged statement needs of its words, `anchored` a hedged one."""

    support: dict[str, float]
    trust: float
    denial: dict[str, float]
    denied: float
    displaced: dict[str, float]
    coverage: float
    anchored: float


@cache
def decision() -> Decision:
    text = resources.files("summarizer.grounding").joinpath("decision.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    return Decision(**{name: raw[name] for name in Decision.__slots__})


def features(source: Source, line: Line, likelihood: float | None = None) -> Features:
    """All signals of a statement. `likelihood` is what a model says of it, where one was asked."""
    seen = support(source, line)
    places = tuple(slots(source, line))
    turned = polarity(source, line, seen.evidence)
    values = signals(seen, places, turned)
    if likelihood is not None:
        values["likelihood"] = likelihood
    return Features(values, seen.evidence, seen, places, turned.details, probability(values, decision().support))


def signals(seen: Support, places: tuple[Slot, ...], turned: Polarity) -> dict[str, float]:
    """The inputs of the model, each about 0..1."""
    worst = dict.fromkeys(("figure", "date", "person", "name"), 0.0)
    for slot in places:
        worst[slot.kind] = max(worst[slot.kind], slot.displacement)
    return {
        "bias": 1.0,
        "coverage": seen.coverage,
        "single": seen.single,
        "pairs": seen.pairs,
        "hedged": float(seen.hedged),
        "hedged coverage": float(seen.hedged) * seen.coverage,
        **{f"{kind} displaced": value for kind, value in worst.items()},
        "not": float(turned.verbal and not seen.hedged),
        "denied": turned.denied,
        "unanswered": turned.unanswered,
        "lost": turned.lost,
        "opposite": turned.opposite,
    }


def probability(values: dict[str, float], weights: dict[str, float]) -> float:
    z = sum(weight * values.get(name, 0.0) for name, weight in weights.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, z))))


def decide(seen: Features) -> tuple[Status | None, Problem | None]:
    """A status, or the reason why the statement has none."""
    rule = decision()
    if not seen.evidence:
        return None, ("unsupported", "no sentence of the article says anything of this")
    for slot in seen.slots:
        if slot.displacement > rule.displaced[slot.kind]:
            name = slot.kind if slot.kind in {"figure", "date"} else "name"
            return None, (name, f"{slot.text} stands where the article has {slot.other}")
    denied = seen.values["not"] and probability(seen.values, rule.denial) > rule.denied
    if denied or seen.values["lost"] or seen.values["opposite"]:
        return None, ("contradiction", seen.against[0] if seen.against else "the article has no such denial")
    least = rule.anchored if seen.support.hedged else rule.coverage
    if seen.trust < rule.trust or seen.support.coverage < least:
        return None, ("unsupported", f"the article doesn't say this ({', '.join(seen.support.missing[:4])} …)")
    return ("inferred" if seen.support.hedged else "supported"), None
