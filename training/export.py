"""Puts a run's adapter into the package, in bfloat16, with what it was made by and its relevance probe.

In: the directory of a run. Out: the files in summarizer/models/adapters/house. Refuses one that is too large for the
repository.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from summarizer.errors import BadRequest, NotFound
from summarizer.models.probe import FILE, read_probe, write_probe
from training.lora import WEIGHTS, write_adapter
from training.train import ADAPTER

TARGET = Path(__file__).parent.parent / "summarizer" / "models" / "adapters" / ADAPTER
MOST_BYTES = 40_000_000


def export(run: Path, target: Path = TARGET) -> tuple[Path, int]:
    """Where the weights are now, and their bytes. Raises NotFound or BadRequest."""
    source = run / ADAPTER / WEIGHTS
    if not source.exists():
        raise NotFound(f"{run} holds no adapter.", "Train it first: python -m training train BASE.")
    plan = json.loads((run / "plan.json").read_text(encoding="utf-8"))
    tensors = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(source).items()}
    size = sum(tensor.nbytes for tensor in tensors.values())
    if size > MOST_BYTES:
        raise BadRequest(f"The adapter takes {size:,} bytes; {MOST_BYTES:,} are allowed.", "Train with a lower rank.")
    write_adapter(target, tensors, plan["base"], plan["rank"], plan["alpha"])
    probe = read_probe(run / ADAPTER)
    if probe is None:  # one that was read off another adapter would tell nonsense
        (target / FILE).unlink(missing_ok=True)
    else:
        write_probe(target, probe)
    return target / WEIGHTS, size
