"""Attention of one packed pass of the fast network: queries, keys and values of all tokens go in, what each
token attends to comes out. Writes keys and values to their cache on the way. Knows no weights.

A token of a row attends to two sets: the shared prefix, and the row's own tokens up to itself. Softmax over
the union follows from the two parts' outputs and log-sum-exps: out = own + (prefix - own) *
sigmoid(lse_prefix - lse_own). The same holds for a piece of a prefix and what was read before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from summarizer.models.cache import SharedPrefix, Slab
from summarizer.models.network import Segment


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool) -> tuple[Tensor, Tensor]:
    """q [batch, heads, n, d] (scaled), k and v [batch, heads, m, d]: output like q, log-sum-exp [batch,
    heads, n].

    `mask` is added to the scores. On the CPU PyTorch's blocked kernel also returns the log-sum-exp, in one
    parallel region; elsewhere the scores are written out in float32.
    """
    if q.device.type != "cpu":
        return written_out(q, k, v, mask, causal)
    kernel: Any = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    out, lse = kernel(q, k, v, 0.0, causal, attn_mask=mask, scale=1.0)
    return out, lse


def written_out(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool) -> tuple[Tensor, Tensor]:
    """The same by its definition, on any device."""
    scores = torch.matmul(q, k.transpose(-1, -2)).float()
    if causal:
        n, m = scores.shape[-2:]
        scores.masked_fill_(torch.ones(n, m, dtype=torch.bool, device=q.device).triu_(1), float("-inf"))
    if mask is not None:
        scores += mask
    lse = scores.logsumexp(-1)
    return torch.matmul((scores - lse[..., None]).exp_().to(v.dtype), v), lse


@dataclass(frozen=True, slots=True)
class _Piece:
    """Tokens `start` to `end` of the pack: part of the beginning of a row, behind `before` tokens of its own (slot
    -1: keep nothing), or part of a prefix."""

    start: int
    end: int
    slot: int = -1
    before: int = 0
    prefix: SharedPrefix | None = None


@dataclass(frozen=True, slots=True)
class _Group:
    """The tokens of rows that share `prefix`: `index` into the pack, or None where it is all of them."""

    prefix: SharedPrefix
    index: Tensor | None


@dataclass(frozen=True, slots=True)
class StepPlan:
    """Everything about a pass that is the same in all layers."""

    ids: Tensor  # [tokens]
    positions: Tensor  # [tokens]
    starts: tuple[int, ...]  # of the segments, in the order of the pack
    single: int  # the first so many tokens are rows' next tokens
    of_rows: int  # the first so many tokens belong to rows, the rest to prefixes
    slots: Tensor  # [single]
    lines: Tensor  # [single * kv_heads]: where its key and value go among all lines of the slab
    mask: Tensor  # [slots in use, 1, 1, longest row]: 0 for a row's tokens, -inf behind them
    in_order: bool  # whether the single tokens are those of slots 0, 1, 2, ... without a gap
    pieces: tuple[_Piece, ...]
    groups: tuple[_Group, ...]
    slab: Slab
    q_per_kv: int

    @staticmethod
    def of(packed: Sequence[Segment], kinds: Sequence[int], slab: Slab, shape: Any, device: torch.device) -> StepPlan:
        """From segments in the order of `kinds` (0 next tokens, 1 parts of rows' beginnings, 2 pieces of
        prefixes)."""
        ids: list[int] = []
        positions: list[int] = []
        starts: list[int] = []
        slots: list[int] = []
        places: list[int] = []
        pieces: list[_Piece] = []
        owners: list[SharedPrefix] = []  # the prefix of each token of a row
        for segment, kind in zip(packed, kinds, strict=True):
            sequence, start = segment.sequence, len(ids)
            starts.append(start)
            first = sequence.length if kind == 2 else sequence.position
            ids += segment.ids
            positions += range(first, first + len(segment.ids))
            if kind == 0:
                slots.append(sequence.slot)
                places.append(sequence.length)
            elif kind == 1:
                pieces.append(_Piece(start, len(ids), sequence.slot, sequence.length))
            else:
                pieces.append(_Piece(start, len(ids), prefix=sequence))
            if kind < 2:
                owners += [sequence.prefix] * len(segment.ids)
        used = max(slots, default=-1) + 1
        mask = torch.full((used, max(places, default=0) + 1), float("-inf"))
        for slot, place in zip(slots, places, strict=True):
            mask[slot, : place + 1] = 0.0
        return StepPlan(
            ids=torch.tensor(ids, device=device),
            positions=torch.tensor(positions, device=device),
            starts=tuple(starts),
            single=len(slots),
            of_rows=len(owners),
            slots=torch.tensor(slots, device=device),
            lines=slab.lines(slots, places),
            mask=mask[:, None, None].to(device),
            in_order=slots == list(range(used)),
            pieces=tuple(pieces),
            groups=_groups(owners, device),
            slab=slab,
            q_per_kv=shape.heads // shape.kv_heads,
        )

    def attend(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """q [tokens, heads, d], k and v [tokens, kv_heads, d]; the answer is like q."""
        if self.single == len(q):  # the hot path: nothing but next tokens
            out, lse = self._single(layer, q, k, v)
        else:
            out, lse = torch.empty_like(q), q.new_empty(q.shape[:2], dtype=torch.float32)
            if self.single:
                n = self.single
                out[:n], lse[:n] = self._single(layer, q[:n], k[:n], v[:n])
            for piece in self.pieces:
                part = slice(piece.start, piece.end)
                out[part], lse[part] = self._piece(layer, piece, q[part], k[part], v[part])
        for group in self.groups:
            self._add_prefix(layer, group, q, out, lse)
        return out

    def _single(self, layer: int, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Each row's next token over the row's own tokens, the new one included."""
        keys, values = self.slab.keys[layer], self.slab.values[layer]
        keys.view(-1, keys.shape[-1]).index_copy_(0, self.lines, k.flatten(0, 1))
        values.view(-1, values.shape[-1]).index_copy_(0, self.lines, v.flatten(0, 1))
        used, length = self.mask.shape[0], self.mask.shape[-1]
        if not self.in_order:
            spread = q.new_zeros((used, *q.shape[1:]))
            spread[self.slots] = q
            q = spread
        grouped = torch.unflatten(q, 1, (-1, self.q_per_kv))  # [rows, kv_heads, q_per_kv, d]
        mask = self.mask.expand(used, grouped.shape[1], self.q_per_kv, length)
        out, lse = attention(grouped, keys[:used, :, :length], values[:used, :, :length], mask, False)
        out, lse = out.flatten(1, 2), lse.flatten(1, 2)
        return (out, lse) if self.in_order else (out[self.slots], lse[self.slots])

    def _piece(self, layer: int, piece: _Piece, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens that follow each other: each over the piece up to itself, and its row's or prefix's earlier tokens."""
        size, group = len(q), self.q_per_kv
        keys, values = k.transpose(0, 1), v.transpose(0, 1)  # [kv_heads, size, d]
        grouped = torch.unflatten(q, 1, (-1, group)).permute(1, 2, 0, 3)  # [kv_heads, q_per_kv, size, d]
        each = (-1, group, -1, -1)
        out, lse = attention(grouped, keys[:, None].expand(each), values[:, None].expand(each), None, True)
        out, lse = out.permute(2, 0, 1, 3).flatten(1, 2), lse.permute(2, 0, 1).flatten(1, 2)
        if piece.prefix is not None:
            done, all_keys, all_values = piece.prefix.length, piece.prefix.keys[layer], piece.prefix.values[layer]
        elif piece.slot >= 0:
            done = piece.before
            all_keys, all_values = self.slab.keys[layer][piece.slot], self.slab.values[layer][piece.slot]
        else:
            return out, lse
        if done:
            before, before_lse = _over(q, all_keys[:, :done], all_values[:, :done], group)
            _merge(out, lse, before, before_lse)
            torch.logaddexp(lse, before_lse, out=lse)  # a row's shared prefix comes on top
        all_keys[:, done : done + size] = keys
        all_values[:, done : done + size] = values
        return out, lse

    def _add_prefix(self, layer: int, group: _Group, q: Tensor, out: Tensor, lse: Tensor) -> None:
        """Merges the attention over a shared prefix into `out`, for all tokens of its rows at once."""
        done = group.prefix.length
        keys, values = group.prefix.keys[layer][:, :done], group.prefix.values[layer][:, :done]
        if group.index is None:
            n = self.of_rows
            _merge(out[:n], lse[:n], *_over(q[:n], keys, values, self.q_per_kv))
            return
        own, own_lse = out[group.index], lse[group.index]
        _merge(own, own_lse, *_over(q[group.index], keys, values, self.q_per_kv))
        out[group.index] = own


def _groups(owners: Sequence[SharedPrefix], device: torch.device) -> tuple[_Group, ...]:
    prefixes = {id(prefix): prefix for prefix in owners}
    if len(prefixes) == 1:
        (only,) = prefixes.values()
        return (_Group(only, None),) if only.length else ()
    groups = []
    for key, prefix in prefixes.items():
        index = [place for place, owner in enumerate(owners) if id(owner) == key]
        if prefix.length:
            groups.append(_Group(prefix, torch.tensor(index, device=device)))
    return tuple(groups)


def _over(q: Tensor, keys: Tensor, values: Tensor, group: int) -> tuple[Tensor, Tensor]:
    """q [n, heads, d] over keys and values [kv_heads, m, d], all of them: output [n, heads, d], lse [n,
    heads]."""
    n, heads, d = q.shape
    kv_heads = heads // group
    folded = q.view(n, kv_heads, group, d).transpose(0, 1).reshape(1, kv_heads, n * group, d)
    out, lse = attention(folded, keys[None], values[None], None, False)
    out = out.view(kv_heads, n, group, d).transpose(0, 1).reshape(n, heads, d)
    return out, lse.view(kv_heads, n, group).transpose(0, 1).reshape(n, heads)


def _merge(out: Tensor, lse: Tensor, other: Tensor, other_lse: Tensor) -> None:
    """Makes `out` the attention over both sets; leaves `lse` as it is."""
    out.lerp_(other, torch.sigmoid(other_lse - lse)[..., None].to(out.dtype))
