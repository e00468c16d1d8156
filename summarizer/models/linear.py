"""Matrix products of the decode engine: a weight [out, in] goes in, a callable from [rows, in] to [rows, out]
comes out, in eight-bit, float32 or bfloat16. Knows no layers and no files.

The eight-bit product quantises each row (token) between its own smallest and largest value, and each output
channel by its own scale; the sums in between are sums of integers and therefore exact. So a row's result does
not depend on which other rows are multiplied in the same call. (What goes into the product is float32 and may differ
in its last bits with the batch; rarely that moves a value to the next level.)

FBGEMM's AVX2 and AVX-512 kernels add the products of two neighbours, u8 x s8, in sixteen bits, which overflow
where both weights are large (2 * 255 * 127 > 32767). Without VNNI instructions a channel's scale is therefore
chosen so that two neighbours of one sign add up to at most 127 levels. That costs a quarter of the weights'
resolution instead of half of the activations', which matter more: benchmarks/README.md has the figures.
"""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional


class Linear(Protocol):
    """x [rows, in] to [rows, out], in the dtype of x."""

    def __call__(self, x: Tensor) -> Tensor: ...


class PlainLinear:
    """The weight as it is. Activations are cast to its dtype and back, where they differ."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        self.weight, self.bias = weight, bias

    def __call__(self, x: Tensor) -> Tensor:
        if x.dtype == self.weight.dtype:
            return functional.linear(x, self.weight, self.bias)
        y = functional.linear(x.to(self.weight.dtype), self.weight).to(x.dtype)
        return y if self.bias is None else y.add_(self.bias)


@dataclass(frozen=True, slots=True)
class EightBit:
    """A weight [out, in] as levels [out, in] (int8) times scales [out]; `sums` [out] are the weight's row sums."""

    levels: Tensor
    scales: Tensor
    sums: Tensor


class EightBitLinear:
    """Weights in eight bits by output channel, activations in eight bits by row, sums in 32 bits.

    x = middle + half * z with z in -1..1, so W x = half * (W z) + middle * (W 1); only W z is quantised.
    """

    def __init__(self, weight: Tensor | EightBit, bias: Tensor | None, *, paired: bool) -> None:
        matrix = weight if isinstance(weight, EightBit) else eight_bit(weight, paired=paired)
        self.bias = None if bias is None else bias.float()
        self.sums = matrix.sums  # W 1
        self._packed = _pack(matrix.levels, matrix.scales)
        self._product: Any = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32

    def __call__(self, x: Tensor) -> Tensor:
        low, high = x.amin(1, keepdim=True), x.amax(1, keepdim=True)
        middle = (low + high).mul_(0.5)
        half = high.sub_(middle).clamp_min_(1e-30)  # the clamp keeps a row of equal values from dividing by 0
        z = torch.sub(x, middle).div_(half)
        y: Tensor = self._product(z, 1.0 / 127, 128, self._packed)
        y.mul_(half).addcmul_(middle, self.sums)
        return y if self.bias is None else y.add_(self.bias)


class Embedding:
    """Rows of a table [vocabulary, hidden], kept in eight bits by row or as they are."""

    def __init__(self, weight: Tensor | EightBit, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.scales: Tensor | None = None
        if isinstance(weight, EightBit):
            self.table, self.scales = weight.levels, weight.scales
        else:
            self.table = weight

    def __call__(self, ids: Tensor) -> Tensor:
        rows = self.table[ids].to(self.dtype)
        return rows if self.scales is None else rows.mul_(self.scales[ids, None])


def eight_bit(weight: Tensor, *, paired: bool = False) -> EightBit:
    """The weight in eight bits; see `quantise_rows`."""
    levels, scales = quantise_rows(weight, paired=paired)
    return EightBit(levels, scales, levels.sum(1, dtype=torch.int32).float().mul_(scales))


def quantise_rows(weight: Tensor, *, paired: bool = False) -> tuple[Tensor, Tensor]:
    """weight [out, in] to levels [out, in] in -127..127 and scales [out] with weight = levels * scale.

    `paired` also keeps the levels at 2j and 2j + 1 together within -127..127 where they have one sign.
    """
    scales = torch.empty(weight.shape[0], dtype=torch.float32)
    levels = torch.empty(weight.shape, dtype=torch.int8)
    for start in range(0, weight.shape[0], 4096):  # in pieces: a float copy of a whole table is too large
        part = weight[start : start + 4096].float()
        top = part.abs().amax(1)
        if paired and weight.shape[1] > 1:
            # Neighbours of different signs add up to less than one of them, so their sum sets no bound. Half a
            # level of rounding on each side makes up to one level: 126 + 1 = 127.
            both = (part[:, 0 : part.shape[1] - 1 : 2] + part[:, 1::2]).abs_().amax(1)
            top = torch.maximum(top, both.mul_(127.0 / 126.0))
        scale = top.clamp_min_(1e-30).div_(127.0)
        scales[start : start + 4096] = scale
        levels[start : start + 4096] = (part / scale[:, None]).round_().to(torch.int8)
    return levels, scales


def _pack(levels: Tensor, scales: Tensor) -> Any:
    """FBGEMM's packed form, made from `levels` without another copy of them."""
    zeros = torch.zeros(levels.shape[0], dtype=torch.long)
    with _PACKING:
        tensor: Any = torch._empty_per_channel_affine_quantized(
            [0, levels.shape[1]], scales=scales.double(), zero_points=zeros, axis=0, dtype=torch.qint8
        )
        tensor.set_(levels.untyped_storage(), levels.storage_offset(), levels.shape, levels.stride())
        return torch.ops.quantized.linear_prepack(tensor, None)


class _Packing:
    """PyTorch's choice of quantised kernels and Python's of warnings are the process's: FBGEMM and silence while any
    thread packs, and what was there before when the last one is done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads = 0
        self._before = ""
        self._warnings: warnings.catch_warnings[None] | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._threads == 0:
                self._before = torch.backends.quantized.engine
                self._warnings = warnings.catch_warnings()
                self._warnings.__enter__()
                # PyTorch announces that quantised tensors move elsewhere one day; the version is pinned.
                warnings.simplefilter("ignore")
                torch.backends.quantized.engine = "fbgemm"
            self._threads += 1

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._threads -= 1
            if self._threads == 0 and self._warnings is not None:
                torch.backends.quantized.engine = self._before
                self._warnings.__exit__(None, None, None)


_PACKING = _Packing()


def eight_bit_available() -> bool:
    """Whether this build of PyTorch has the eight-bit product for this processor (x86 with AVX2)."""
    return "fbgemm" in torch.backends.quantized.supported_engines


def adds_in_32_bits() -> bool:
    """Whether the processor adds u8 x s8 products in 32 bits at once (VNNI), so that nothing overflows."""
    probe = getattr(torch.cpu, "_is_vnni_supported", None)
    return bool(probe is not None and probe())


def make_linear(weight: Tensor | EightBit, bias: Tensor | None, dtype: str) -> Linear:
    """A product with `weight` [out, in] in "int8", "float32" or "bfloat16"."""
    if dtype == "int8" or isinstance(weight, EightBit):
        return EightBitLinear(weight, bias, paired=not adds_in_32_bits())
    kept = weight.to(getattr(torch, dtype))
    on_cuda = weight.device.type == "cuda"
    return PlainLinear(kept, None if bias is None else bias.to(kept.dtype if on_cuda else torch.float32))
