"""How many threads the next pass uses, learned from how long passes took. Knows no network.

On cores that are free, all of them are faster. On cores that other programs use, each short product ends with a
wait for whichever thread lost its core, up to a scheduler's time slice; then a pass of nine rows on two threads
was measured at ten times the time it takes on one. So both are tried, the better one is kept, and the other is
tried again now and then, more rarely each time it loses.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_SMALL = 64  # tokens; passes of fewer are short products throughout
_MARGIN = 0.85  # one thread must be better by this much to be preferred
_SOON, _LATE = 8, 256  # passes until the other choice is tried again


@dataclass(slots=True)
class _Kind:
    cost: dict[int, float] = field(default_factory=dict)  # threads to seconds a token, smoothed
    interval: int = _SOON
    left: int = _SOON


class Pace:
    """Chooses between one thread and `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._small, self._large = _Kind(), _Kind()

    def choose(self, tokens: int) -> int:
        kind = self._kind(tokens)
        if self.most == 1 or self.most not in kind.cost:
            return self.most
        if kind is self._large and self._best(self._small) == self.most:
            return self.most  # nothing speaks for other programs on these cores
        if 1 not in kind.cost:
            return 1
        best = self._best(kind)
        return best if kind.left > 0 else 1 + self.most - best

    def learn(self, tokens: int, threads: int, seconds: float) -> None:
        kind = self._kind(tokens)
        before, cost = self._best(kind), seconds / tokens
        tried = len(kind.cost) == 2 and threads != before
        # What was learned at the last trial is long past, so a trial counts alone.
        kind.cost[threads] = 0.5 * (kind.cost[threads] + cost) if threads in kind.cost and not tried else cost
        kind.left -= 1
        if tried:
            kind.interval = min(2 * kind.interval, _LATE) if self._best(kind) == before else _SOON
            kind.left = kind.interval

    def _kind(self, tokens: int) -> _Kind:
        return self._small if tokens < _SMALL else self._large

    def _best(self, kind: _Kind) -> int:
        if 1 not in kind.cost or self.most not in kind.cost:
            return self.most
        return 1 if kind.cost[1] < _MARGIN * kind.cost[self.most] else self.most
