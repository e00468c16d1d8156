"""Laws of the eight-bit product."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from summarizer.models.linear import (
    EightBitLinear,
    Embedding,
    adds_in_32_bits,
    eight_bit,
    eight_bit_available,
    quantise_rows,
)

pytestmark = pytest.mark.skipif(not eight_bit_available(), reason="no eight-bit products on this processor")


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_the_sums_are_exact_where_sixteen_bits_would_overflow() -> None:
    """Activations at both ends of their range against large neighbouring weights."""
    weight = numbers(64, 128)
    weight[:, :8] = weight[:, :8].sign() * 3
    x = numbers(9, 128, seed=1).sign()
    paired = not adds_in_32_bits()
    levels, scales = quantise_rows(weight, paired=paired)
    expected = (x.double() @ levels.double().T) * scales.double()
    got = EightBitLinear(weight, None, paired=paired)(x).double()
    assert float((got - expected).abs().max()) < 1e-4 * float(expected.abs().max())


@given(st.integers(0, 2**31), st.integers(1, 40))
@settings(max_examples=30, deadline=None)
def test_neighbours_of_one_sign_stay_within_the_range(seed: int, width: int) -> None:
    weight = numbers(5, width, seed=seed) * 10 ** numbers(5, 1, seed=seed + 1)
    levels, scales = quantise_rows(weight, paired=True)
    wide = levels.int()
    sums = wide[:, 0 : width - 1 : 2] + wide[:, 1::2]
    assert int(sums.abs().max() if sums.numel() else 0) <= 127
    assert bool(((levels * scales[:, None] - weight).abs() <= 0.5001 * scales[:, None]).all())


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    linear = EightBitLinear(numbers(48, 64), numbers(48), paired=True)
    x = numbers(12, 64, seed=2) * torch.logspace(-3, 3, 12)[:, None]
    together = linear(x)
    assert all(torch.equal(linear(x[i : i + 1])[0], together[i]) for i in range(12))


def test_it_is_near_the_plain_product() -> None:
    weight, bias = numbers(48, 256), numbers(48)
    x = numbers(7, 256, seed=3) + 2.0  # not around zero
    exact = x @ weight.T + bias
    error = (EightBitLinear(weight, bias, paired=True)(x) - exact).norm() / exact.norm()
    assert float(error) < 0.015


@pytest.mark.parametrize("value", [0.0, 3.5, -1e-20])
def test_rows_of_one_value(value: float) -> None:
    weight = numbers(8, 16)
    got = EightBitLinear(weight, None, paired=True)(torch.full((2, 16), value))
    assert torch.allclose(got, torch.full((2, 16), value) @ weight.T, rtol=0.05, atol=abs(value) * 0.1)


def test_threads_that_pack_at_once_leave_the_process_as_it_was() -> None:
    weights = [numbers(96, 64, seed=seed) for seed in range(24)]
    x = numbers(3, 64, seed=99)
    alone = [EightBitLinear(weight, None, paired=True)(x) for weight in weights]
    engine, filters = torch.backends.quantized.engine, list(warnings.filters)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda weight: EightBitLinear(weight, None, paired=True), weights))
    assert all(torch.equal(linear(x), expected) for linear, expected in zip(made, alone, strict=True))
    assert torch.backends.quantized.engine == engine
    assert warnings.filters == filters


def test_what_is_quantised_is_left_as_it_was() -> None:
    weight = numbers(8, 16)
    before = weight.clone()
    EightBitLinear(weight, None, paired=True)
    Embedding(eight_bit(weight), torch.float32)
    assert torch.equal(weight, before)


def test_the_embedding_keeps_rows_apart() -> None:
    table = numbers(20, 16) * torch.logspace(-2, 2, 20)[:, None]
    rows = Embedding(eight_bit(table), torch.float32)(torch.tensor([3, 19, 3]))
    assert torch.allclose(rows, table[[3, 19, 3]], rtol=0.01, atol=float(table[19].abs().max()) / 200)
    assert torch.equal(rows[0], rows[2])
