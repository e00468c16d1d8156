"""Packs the rows of one article into one sequence: the prefix once, every row a branch behind it.

In: an Exercise and a ChatFormat. Out: a Packed: token ids, the position of each as if its branch stood directly
behind the prefix, a mask under which a branch sees the prefix and itself only, and where targets are to be learnt.
So a row costs its own tokens, not the article's. (Attention masks over a tree of continuations are known from
speculative decoding: Miao et al., SpecInfer, 2023, arXiv 2305.09781.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from summarizer.models.chat import ChatFormat
from training.examples import Example, Exercise


@dataclass(frozen=True, slots=True)
class Packed:
    """`ids`, `positions` [tokens]; `branch` [tokens]: 0 for the prefix, else the row's number from 1. `at` [targets]:
    the places whose next token is learnt, `targets` [targets] those tokens, `row` [targets] the row of each."""

    ids: Tensor
    positions: Tensor
    branch: Tensor
    at: Tensor
    targets: Tensor
    row: Tensor

    def mask(self) -> Tensor:
        """[tokens, tokens]: whether the token of a line may look at the token of a column."""
        order = torch.arange(len(self.ids))
        earlier = order[None, :] <= order[:, None]
        seen = (self.branch[None, :] == 0) | (self.branch[None, :] == self.branch[:, None])
        return earlier & seen


def pack(exercise: Exercise, examples: Sequence[Example], chat: ChatFormat, most_tokens: int) -> tuple[Packed, int]:
    """The prefix and as many of `examples`, in order, as `most_tokens` hold; with how many there are. At least one
    is packed, however long."""
    prefix = chat.prefix(exercise.prefix)
    end = chat.turn_end
    assert end is not None, "a checkpoint that is trained has an end of turn"
    ids, positions, branch = list(prefix), list(range(len(prefix))), [0] * len(prefix)
    at: list[int] = []
    targets: list[int] = []
    row: list[int] = []
    count = 0
    for example in examples:
        suffix = chat.suffix(example.instruction, "", bool(exercise.prefix.system))
        answer = [*chat.content(example.target), end]
        own = [*suffix, *answer[:-1]]
        if count and len(ids) + len(own) > most_tokens:
            break
        count += 1
        first = len(ids) + len(suffix) - 1
        at += range(first, first + len(answer))
        targets += answer
        row += [count] * len(answer)
        ids += own
        positions += range(len(prefix), len(prefix) + len(own))
        branch += [count] * len(own)
    columns = (ids, positions, branch, at, targets, row)
    return Packed(*(torch.tensor(column) for column in columns)), count
