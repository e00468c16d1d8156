"""A linear probe that comes with an adapter: the model's state behind a prompt goes in, a number comes out.

A probe reads what the model knows before it says it (Alain and Bengio, 2016, arXiv 1610.01644). The house adapter's
tells relevance; training/probe.py fits it, and says how it compares with the digits that the model would write.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from summarizer.errors import UnsupportedModel
from summarizer.models.checkpoint import TensorFilesOf

FILE = "relevance.safetensors"


@dataclass(frozen=True, slots=True)
class Probe:
    """`weight` [hidden] and `bias` [1], float32."""

    weight: Tensor
    bias: Tensor

    def __call__(self, states: Tensor) -> list[float]:
        """states [n, hidden] to n numbers. Raises UnsupportedModel where it was made for a model of another size."""
        if states.shape[1] != len(self.weight):
            raise UnsupportedModel(
                f"The adapter's {FILE} reads {len(self.weight)} values, and the model has {states.shape[1]}.",
                "It was made for another model.",
            )
        told: list[float] = (states.float() @ self.weight + self.bias).tolist()
        return told


def read_probe(directory: Path) -> Probe | None:
    """The probe of an adapter's directory, or None where it has none."""
    path = directory / FILE
    if not path.exists():
        return None
    tensors = TensorFilesOf(path)
    return Probe(tensors.read("weight").float(), tensors.read("bias").float())


def write_probe(directory: Path, probe: Probe) -> None:
    save_file({"weight": probe.weight.contiguous(), "bias": probe.bias.contiguous()}, directory / FILE)
