"""Choices as a tree of tokens: token ids of each choice go in, what to ask of the model comes out, and from
its answers the probability of each choice. Knows no model.

Where a choice is the beginning of another ("1" and "10"), the longer one has p(first) * p(rest | first) and
the shorter keeps the rest of p(first)."""

from __future__ import annotations

import math
from collections.abc import Sequence

Path = tuple[int, ...]
Walk = tuple[Path, Sequence[tuple[int, Path]]]  # what is read behind the prompt, and what is asked at which depth


class ChoiceTree:
    """`walks` are paths to read behind the prompt, each with (depth, tokens) to ask for: depth 0 is the end
    of the prompt. Together they visit every place of the tree where a choice goes on."""

    def __init__(self, choices: Sequence[Path]) -> None:
        self.choices = tuple(choices)
        self._children: dict[Path, list[int]] = {}
        for choice in self.choices:
            for depth, token in enumerate(choice):
                following = self._children.setdefault(choice[:depth], [])
                if token not in following:
                    following.append(token)
        inner = self._children
        ends = [path for path in inner if not any(other[:-1] == path for other in inner if other)]
        self.walks: list[Walk] = []
        self._asked: list[list[Path]] = []
        seen: set[Path] = set()
        for end in ends:
            new = [end[:depth] for depth in range(len(end) + 1) if end[:depth] not in seen]
            seen.update(new)
            self.walks.append((end, [(len(path), tuple(inner[path])) for path in new]))
            self._asked.append(new)

    def probabilities(self, answers: Sequence[Sequence[Sequence[float]]]) -> list[float]:
        """From the log-probabilities of each walk's asks, the choices' probabilities, summing to 1."""
        steps: dict[Path, float] = {}
        for paths, scores in zip(self._asked, answers, strict=True):
            for path, line in zip(paths, scores, strict=True):
                for token, value in zip(self._children[path], line, strict=True):
                    steps[(*path, token)] = value
        mass = []
        for choice in self.choices:
            reach = sum(steps[choice[: depth + 1]] for depth in range(len(choice)))
            longer = sum(math.exp(steps[(*choice, token)]) for token in self._children.get(choice, []))
            mass.append(math.exp(reach) * max(0.0, 1.0 - longer))
        total = sum(mass)
        return [m / total for m in mass] if total > 0 else [1.0 / len(mass)] * len(mass)
