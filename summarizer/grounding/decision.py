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
from summarizer.grounding.novelty import Novelty, new_predicate, novelty, stated_as_fact
from summarizer.grounding.polarity import Polarity, polarity
from summarizer.grounding.slots import Slot, slots
from summarizer.grounding.source import Line, Source
from summarizer.grounding.support import Support, support
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
    new: Novelty
    predicate: str
    stated: bool | None
    trust: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What was fitted. `support` weighs the signals of a statement's support: it needs `trust` at least, a hedged
    consequence `inferred`. `denial` weighs those of a "not": above `denied` it has no source. `displaced` is, for each
    kind of item, how much better another one may fit its place. `invented` and `imagined` weigh the signs that a
    sentence, or a hedged consequence, which a model wrote is its own invention: it may have `invented_most` and
    `imagined_most`."""

    support: dict[str, float]
    trust: float
    denial: dict[str, float]
    denied: float
    displaced: dict[str, float]
    inferred: float
    invented: dict[str, float]
    invented_most: float
    imagined: dict[str, float]
    imagined_most: float


@cache
def decision() -> Decision:
    text = resources.files("summarizer.grounding").joinpath("decision.json").read_text(encoding="utf-8")
    raw = json.loads(text)
    return Decision(**{name: raw[name] for name in Decision.__slots__})


def features(source: Source, line: Line) -> Features:
    """All signals of a statement."""
    seen = support(source, line)
    places = tuple(slots(source, line))
    turned = polarity(source, line, seen.evidence)
    new = novelty(source, line, seen.evidence)
    values = signals(seen, places, turned, new)
    return Features(
        values,
        seen.evidence,
        seen,
        places,
        turned.details,
        new,
        new_predicate(source, line, seen.evidence),
        stated_as_fact(source, line, seen.evidence, seen.single),
        probability(values, decision().support),
    )


def signals(seen: Support, places: tuple[Slot, ...], turned: Polarity, new: Novelty) -> dict[str, float]:
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
        "displaced": max(worst.values()),
        "missing": len(seen.missing) / 8,
        "sentences": len(seen.evidence) / 4,
        "new": new.share,
        "new clause": new.clause,
        "hedged new": float(seen.hedged) * new.share,
        "hedged new clause": float(seen.hedged) * new.clause,
        "not": float(turned.verbal and not seen.hedged),
        "denied": turned.denied,
        "unanswered": turned.unanswered,
        "window": turned.window,
        "cue": turned.cue,
        "follow": turned.follow,
        "both": turned.both,
        "figure denied": turned.figure,
        "double": turned.double,
        "lost": turned.lost,
        "opposite": turned.opposite,
    }


def probability(values: dict[str, float], weights: dict[str, float]) -> float:
    z = sum(weight * values.get(name, 0.0) for name, weight in weights.items())
    return 1 / (1 + exp(-max(-30.0, min(30.0, z))))


def decide(seen: Features, strict: bool) -> tuple[Status | None, Problem | None]:
    """A status, or the reason why the statement has none. `strict` is for sentences that a model wrote."""
    rule = decision()
    if not seen.evidence:
        return None, ("unsupported", "no sentence of the article says anything of this")
    for slot in seen.slots:
        if slot.displacement > rule.displaced[slot.kind]:
            name = slot.kind if slot.kind in {"figure", "date"} else "name"
            return None, (name, f"{slot.text} stands where the article has {slot.other}")
    denied = seen.values["not"] and probability(seen.values, rule.denial) > rule.denied
    if denied or seen.values["lost"] or seen.values["opposite"]:
        return None, ("contradiction", seen.against[0])
    if strict and seen.predicate:
        return None, ("unsupported", f"the article doesn't call anybody “{seen.predicate}” here")
    if strict and seen.new.things:
        return None, ("unsupported", f"the article speaks of no {seen.new.things[0]}")
    hedged = seen.support.hedged and seen.stated is not False
    if strict and seen.support.hedged and seen.stated:
        return None, ("unsupported", "the article states this as a fact, not as a possibility")
    if strict:
        weights, most = (
            (rule.imagined, rule.imagined_most) if seen.support.hedged else (rule.invented, rule.invented_most)
        )
        invented = probability(seen.values, weights) > most
    if seen.trust < (rule.inferred if hedged else rule.trust) or (strict and invented):
        return None, ("unsupported", f"the article doesn't say this ({', '.join(seen.support.missing[:4])} …)")
    return ("inferred" if hedged else "supported"), None
