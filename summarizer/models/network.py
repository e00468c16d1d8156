"""What the engine asks of a network: token ids go in, logits come out; keys and values stay inside.

Two implementations: `forward.FastNetwork` (our own forward pass) and `general.GeneralNetwork` (any decoder
that transformers loads). Knows no sampling and no requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

Sequenced = Any  # a network's own handle: a shared prefix, or a row


@dataclass(frozen=True, slots=True)
class Segment:
    """`ids` to append to `sequence`; `want` are the places in `ids` whose next-token logits are asked for."""

    sequence: Sequenced
    ids: Sequence[int]
    want: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """Of a pass, for each wanted place in order: logits [places, vocabulary] in float32, and the states [places,
    hidden] that they were made from, behind the last norm; None where the network doesn't tell."""

    logits: Tensor
    states: Tensor | None = None


class Network(Protocol):
    """Keeps keys and values of prefixes and of rows that continue a prefix."""

    vocabulary: int
    context: int
    kv_bytes: int  # memory a token of context
    path: str  # "fast" or "general", for people
    copies_prefix: bool  # whether each row holds its own copy of the prefix

    def prefix(self, size: int, beginning: Sequenced | None = None) -> Sequenced:
        """A new prefix that will hold `size` tokens; it begins with a copy of what the prefix `beginning` holds."""
        ...

    def row(self, prefix: Sequenced, capacity: int) -> Sequenced:
        """A new row after `prefix`. With capacity 0 it is for one segment only and keeps nothing."""
        ...

    def fork(self, row: Sequenced, capacity: int) -> Sequenced:
        """A second row with the same tokens so far."""
        ...

    def drop(self, sequence: Sequenced) -> None:
        """Frees a prefix or a row."""
        ...

    def run(self, segments: Sequence[Segment]) -> Output:
        """One pass over all segments."""
        ...
