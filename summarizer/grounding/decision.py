"""Whether a statement is supported, a hedged consequence, or neither: a small logistic model over the signals.

In: a Source and an analysed statement. Out: Features, and a status or a reason to withhold. The coefficients and
thresholds are in decision.json; `python -m benchmarks.planted --fit` makes that file.
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
    """`weights` by signal. A statement needs `trust` at least and, unhedged, `coverage` at least."""

    weights: dict[str, float]
    trust: float
    coverage: float
    anchored: float


@cache
def decision() -> Decision:
    text = resources.files("summarizer.grounding").joinpath("decision.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    return Decision(raw["weights"], raw["trust"], raw["coverage"], raw["anchored"])


def features(source: Source, line: Line, likelihood: float | None = None) -> Features:
    seen = support(source, line)
    places = tuple(slots(source, line))
    turned = polarity(source, line, seen.evidence)
    values = signals(seen, places, turned)
    if likelihood is not None:
        values["likelihood"] = likelihood
    return Features(values, seen.evidence, seen, places, turned.details, probability(values, decision().weights))


def signals(seen: Support, places: tuple[Slot, ...], turned: Polarity) -> dict[str, float]:
    """The inputs of the model, each about 0..1."""
    worst = {kind: 0.0 for kind in ("figure", "date", "person", "name")}
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
        "denied": turned.denied,
        "denied unhedged": turned.denied * (not seen.hedged),
        "unanswered": turned.unanswered,
        "unanswered unhedged": turned.unanswered * (not seen.hedged),
        "lost": turned.lost,
        "opposite": turned.opposite,
    }


def probability(values: dict[str, float], weights: dict[str, float]) -> float:
    z = sum(weights.get(name, 0.0) * value for name, value in values.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, z))))


def decide(seen: Features) -> tuple[Status | None, Problem | None]:
    """A status, or the reason why the statement has none."""
    rule = decision()
    if not seen.evidence:
        return None, ("unsupported", "no sentence of the article says anything of this")
    if seen.trust < rule.trust:
        return None, _reason(seen, rule)
    if seen.support.hedged:
        if seen.support.coverage < rule.anchored:
            return None, ("unsupported", "too little of it is in the article for a consequence of what it says")
        return "inferred", None
    if seen.support.coverage < rule.coverage:
        return None, ("unsupported", f"the article doesn't say this ({', '.join(seen.support.missing[:4])} …)")
    return "supported", None


def _reason(seen: Features, rule: Decision) -> Problem:
    """What weighs most against the statement."""
    worst = max(seen.slots, key=lambda s: s.displacement, default=None)
    pull = {name: rule.weights.get(name, 0.0) * seen.values.get(name, 0.0) for name in seen.values}
    if (
        seen.against
        and min(
            sum(v for k, v in pull.items() if k.startswith(("denied", "unanswered"))), pull.get("lost", 0.0), pull.get("opposite", 0.0)
        )
        < -0.3
    ):
        return "contradiction", seen.against[0]
    if worst and worst.displacement > 0 and pull.get(f"{worst.kind} displaced", 0.0) < -0.3:
        rule_name = {"figure": "figure", "date": "date"}.get(worst.kind, "name")
        return rule_name, f"{worst.text} stands where the article has {worst.other}"
    return "unsupported", f"the article doesn't say this ({', '.join(seen.support.missing[:4])} …)"
