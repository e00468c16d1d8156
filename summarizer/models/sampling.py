"""Draws the next tokens: logits [rows, vocabulary] and each row's wishes go in, tokens and their
log-probabilities come out. Knows no network.

A row has its own source of chance, so what it draws depends on its seed and its own logits alone, never on
which rows are drawn beside it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from summarizer.models.protocol import Sampling

Allowed = Callable[[Sequence[int]], Sequence[int]]  # from the tokens so far to those that may follow

_FIRST = 256  # candidates that are sorted before the whole vocabulary is: nearly always enough for top-p


class Draws(Protocol):
    """What `draw` needs to know of a row."""

    @property
    def sampling(self) -> Sampling: ...
    @property
    def allowed(self) -> Allowed | None: ...
    @property
    def tokens(self) -> Sequence[int]: ...
    @property
    def chance(self) -> random.Random: ...


def draw(logits: Tensor, rows: Sequence[Draws]) -> tuple[list[int], list[float]]:
    """The next token of each row, with its natural-log probability under the unmodified distribution. `logits` are
    changed on the way, and are what they were when this returns."""
    kept = _adjust(logits, rows)
    tokens: list[int] = logits.argmax(-1).tolist()
    hot = [i for i, row in enumerate(rows) if row.sampling.temperature > 0]
    if hot:
        for i, token in zip(hot, _sample(logits[hot], [rows[i] for i in hot]), strict=True):
            tokens[i] = token
    for places, values in reversed(kept):
        logits[places] = values
    picked = logits.gather(1, torch.tensor(tokens, device=logits.device)[:, None])[:, 0]
    return tokens, (picked - logits.logsumexp(-1)).tolist()


def _adjust(logits: Tensor, rows: Sequence[Draws]) -> list[tuple[Any, Tensor]]:
    """Repetition penalty over the rows' own tokens, then everything that isn't allowed to minus infinity, both in
    place: a copy of a large vocabulary a row costs more than the rest. Gives what was there before, by place."""
    kept: list[tuple[Any, Tensor]] = []

    def replace(places: Any, values: Tensor) -> None:
        kept.append((places, logits[places].clone()))
        logits[places] = values

    seen = [
        (i, token, row.sampling.repetition_penalty)
        for i, row in enumerate(rows)
        if row.sampling.repetition_penalty != 1.0
        for token in set(row.tokens)
    ]
    if seen:
        lines, tokens, penalties = (torch.tensor(column, device=logits.device) for column in zip(*seen, strict=True))
        values = logits[lines, tokens]
        replace((lines, tokens), torch.where(values > 0, values / penalties, values * penalties))
    for i, row in enumerate(rows):
        if row.allowed is not None:
            ids = torch.tensor(sorted(set(row.allowed(row.tokens))), device=logits.device)
            line = torch.full_like(logits[i], float("-inf"))
            line[ids] = logits[i, ids]
            replace(i, line)
    return kept


def _sample(logits: Tensor, rows: Sequence[Draws]) -> list[int]:
    """One token a row by inverting the cumulative distribution, most probable token first."""
    heat = torch.tensor([row.sampling.temperature for row in rows], device=logits.device)[:, None]
    scaled = logits / heat
    total = scaled.logsumexp(-1, keepdim=True)
    values, ids = scaled.topk(min(_FIRST, scaled.shape[-1]), dim=-1)
    first = (values - total).exp_().double().cumsum_(-1).tolist()
    tokens = []
    for i, row in enumerate(rows):
        top_p, chance = row.sampling.top_p, row.chance.random()
        cumulative, order = first[i], ids[i]
        if top_p >= 1.0 and chance < cumulative[-1]:  # the whole mass is 1, so no more candidates are needed
            tokens.append(int(order[_pick([*cumulative[:-1], 1.0], 1.0, chance)]))
            continue
        if cumulative[-1] < top_p and len(cumulative) < scaled.shape[-1]:
            sorted_values, order = scaled[i].sort(descending=True)
            cumulative = (sorted_values - total[i]).exp_().double().cumsum_(-1).tolist()
        tokens.append(int(order[_pick(cumulative, top_p, chance)]))
    return tokens


def _pick(cumulative: Sequence[float], top_p: float, chance: float) -> int:
    """The place whose share of the kept mass holds `chance`. Kept are the fewest that reach `top_p`."""
    last = next((i for i, mass in enumerate(cumulative) if mass >= top_p), len(cumulative) - 1)
    mark = chance * cumulative[last]
    return next((i for i, mass in enumerate(cumulative[: last + 1]) if mass > mark), last)
