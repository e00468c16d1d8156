"""Probabilities of choices, read from the log-probabilities of a chat completion's first tokens.

In: the first choice of an answer, as the API gives it, and the texts to be rated. Out: weights. It sends
nothing. The engine's tokens are unknown beforehand: "10" may be one token, or "1" and "0".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Position:
    """What was written at one place of the answer, and the probability of what could have been."""

    written: str
    probabilities: Mapping[str, float]


def positions(choice: Mapping[str, Any]) -> list[Position]:
    """The answer's positions, from the first that isn't blank; empty where the engine tells none."""
    try:
        found = [
            Position(
                str(each["token"]),
                {str(top["token"]): math.exp(float(top["logprob"])) for top in each["top_logprobs"]},
            )
            for each in choice["logprobs"]["content"]
        ]
    except (KeyError, TypeError, ValueError, OverflowError):
        return []
    while found and not found[0].written.strip():
        found.pop(0)
    return found if found and found[0].probabilities else []


def weigh(position: Position, choices: Sequence[str]) -> tuple[list[float], dict[str, float]]:
    """The mass of each choice, and of the tokens that begin several of them."""
    masses = [0.0] * len(choices)
    shared: dict[str, float] = {}
    for token, probability in position.probabilities.items():
        text = token.strip()
        begun = _begun(text, choices)
        if len(begun) > 1:
            shared[text] = shared.get(text, 0.0) + probability
        elif begun:
            masses[begun[0]] += probability
        elif text:
            whole = [n for n, choice in enumerate(choices) if re.match(re.escape(choice) + r"(?!\w)", text)]
            if whole:  # "8." or "8/10"
                masses[max(whole, key=lambda n: len(choices[n]))] += probability
    return masses, shared


def share(
    token: str, choices: Sequence[str], after: Mapping[str, float] | None, masses: Sequence[float]
) -> dict[int, float]:
    """How the mass of `token` is divided among the choices that it begins, given the probabilities of what
    comes behind it, or None where they are unknown. `masses` are those of the choices that are told apart."""
    begun = _begun(token, choices)
    if after is None:
        weights = [_beside(choices[number], choices, masses) for number in begun]
        if sum(weights) <= 0:
            weights = [1.0] * len(begun)
        return {number: weight / sum(weights) for number, weight in zip(begun, weights, strict=True)}
    shares = dict.fromkeys(begun, 0.0)
    for following, probability in after.items():
        longer = [n for n in begun if following and choices[n].startswith(token + following)]
        for number in longer:
            shares[number] += probability / len(longer)
    exact = [number for number in begun if choices[number] == token]
    if exact:
        shares[exact[0]] = max(0.0, 1 - sum(shares.values()))
    return shares


def _beside(choice: str, choices: Sequence[str], masses: Sequence[float]) -> float:
    """For whole numbers: the mass of the numbers next to this one. Whoever rates with an 8 or a 9 means 10
    by "1", whoever rates with a 2 means 1."""
    if not choice.isdecimal():
        return 0.0
    near = {str(int(choice) - 1), str(int(choice) + 1)}
    return sum(mass for other, mass in zip(choices, masses, strict=True) if other in near)


def point(text: str, choices: Sequence[str]) -> list[float]:
    """All weight on the choice that the text names first; equal weights if it names none."""
    longest_first = sorted(choices, key=len, reverse=True)
    match = re.search(rf"(?<![\w.,])(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", text)
    if match is None:
        return [1 / len(choices)] * len(choices)
    return [1.0 if choice == match[0] else 0.0 for choice in choices]


def _begun(text: str, choices: Sequence[str]) -> list[int]:
    return [n for n, choice in enumerate(choices) if text and choice.startswith(text)]
