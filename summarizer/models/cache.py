"""Keys and values of the fast network: shared prefixes, and a slab of rows that grow a token a step.

Holds tensors and slots; computes nothing.

Shapes: a prefix keeps [kv_heads, tokens, head_dim] a layer; the slab keeps [slots, kv_heads, capacity,
head_dim] a layer. Rows in use are always the first slots, so that one strided view covers them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(slots=True, eq=False)
class SharedPrefix:
    """`length` of `size` tokens have been computed."""

    size: int
    keys: list[Tensor]
    values: list[Tensor]
    length: int = 0


@dataclass(slots=True, eq=False)
class RowCache:
    """A row after `prefix`. `slot` is its place in the slab, or -1 for a row that keeps nothing."""

    prefix: SharedPrefix
    slot: int = -1
    length: int = 0

    @property
    def position(self) -> int:
        return self.prefix.length + self.length


@dataclass(slots=True)
class Slab:
    """The keys and values of all rows that are being decoded."""

    layers: int
    heads: int
    head_dim: int
    dtype: torch.dtype
    device: torch.device
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    rows: list[RowCache] = field(default_factory=list)

    def add(self, row: RowCache, capacity: int) -> None:
        self._reserve(len(self.rows) + 1, capacity)
        row.slot = len(self.rows)
        self.rows.append(row)

    def copy(self, source: RowCache, target: RowCache) -> None:
        """The tokens of `source` become those of `target` as well."""
        for kept in (*self.keys, *self.values):
            kept[target.slot, :, : source.length] = kept[source.slot, :, : source.length]
        target.length = source.length

    def lines(self, slots: Sequence[int], places: Sequence[int]) -> Tensor:
        """Where, in a layer's keys as lines [slots * heads * capacity, head_dim], the `places` of the `slots` are,
        head by head: [slots * heads]. Holds until the next `add`."""
        capacity = self.keys[0].shape[2] if self.keys else 0
        first = [slot * self.heads * capacity + place for slot, place in zip(slots, places, strict=True)]
        heads = torch.arange(self.heads, device=self.device) * capacity
        return (torch.tensor(first, dtype=torch.long, device=self.device)[:, None] + heads).flatten()

    def remove(self, row: RowCache) -> None:
        """The last row moves into the freed slot. With the last row gone, the memory goes too."""
        last = self.rows.pop()
        if last is not row:
            for kept in (*self.keys, *self.values):
                kept[row.slot, :, : last.length] = kept[last.slot, :, : last.length]
            last.slot = row.slot
            self.rows[row.slot] = last
        row.slot = -1
        if not self.rows:
            self.keys, self.values = [], []

    def _reserve(self, slots: int, capacity: int) -> None:
        """Room for `slots` rows of `capacity` tokens. Grows by doubling slots; one layer is moved at a
        time."""
        have = self.keys[0].shape if self.keys else (0, 0, 0, 0)
        if slots <= have[0] and capacity <= have[2]:
            return
        room = max(have[0], 8)
        while room < slots:
            room *= 2
        shape = (room, self.heads, max(-(-capacity // 32) * 32, have[2]), self.head_dim)
        for kept in (self.keys, self.values):
            for layer in range(self.layers):
                # Zeros, not empty: places behind a row's length get weight zero, and 0 * NaN is NaN.
                new = torch.zeros(shape, dtype=self.dtype, device=self.device)
                if layer < len(kept):
                    new[: have[0], :, : have[2]] = kept[layer]
                    kept[layer] = new
                else:
                    kept.append(new)
