"""Laws of attention in parts: the parts together are the whole, and both ways to compute one agree."""

from __future__ import annotations

import pytest
import torch

from summarizer.models.attention import attention, written_out


def numbers(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("causal", "masked"), [(False, False), (True, False), (False, True)])
def test_the_kernel_is_the_definition(causal: bool, masked: bool) -> None:
    q, k, v = (numbers(2, 3, 17, 8, seed=seed) for seed in range(3))
    mask = None
    if masked:
        mask = torch.zeros((2, 1, 1, 17))
        mask[1, ..., 9:] = float("-inf")
        mask = mask.expand(2, 3, 17, 17)
    out, lse = attention(q, k, v, mask, causal)
    expected, expected_lse = written_out(q, k, v, mask, causal)
    assert torch.allclose(out, expected, atol=1e-5)
    assert torch.allclose(lse, expected_lse, atol=1e-5)


def test_two_parts_make_the_whole() -> None:
    q, k, v = numbers(1, 2, 5, 8, seed=0), numbers(1, 2, 30, 8, seed=1) * 3, numbers(1, 2, 30, 8, seed=2)
    whole, _ = attention(q, k, v, None, False)
    out, lse = attention(q, k[:, :, :11], v[:, :, :11], None, False)
    other, other_lse = attention(q, k[:, :, 11:], v[:, :, 11:], None, False)
    assert torch.allclose(torch.lerp(out, other, torch.sigmoid(other_lse - lse)[..., None]), whole, atol=1e-5)
    assert not torch.allclose(out, whole, atol=1e-2)
