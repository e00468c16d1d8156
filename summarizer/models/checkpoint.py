"""Reads a checkpoint directory tensor by tensor: safetensors files and a LoRA adapter in PEFT's layout go in,
merged tensors come out by name. Knows no architecture.

Files are read, not mapped: mapped pages count as memory of the process, and a checkpoint in bfloat16 is twice
the size of what is kept of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from summarizer.errors import UnsupportedModel, WeightsCorrupt

_DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class TensorFiles:
    """The tensors of all safetensors files of a directory, by name."""

    def __init__(self, directory: Path, pattern: str = "*.safetensors") -> None:
        self._where: dict[str, tuple[Path, int, int, str, list[int]]] = {}
        for path in _listed(directory, pattern):
            for name, start, end, dtype, shape in _header(path):
                self._where[name] = (path, start, end, dtype, shape)

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)

    def read(self, name: str) -> Tensor:
        path, start, end, dtype, shape = self._where[name]
        if dtype not in _DTYPES:
            raise UnsupportedModel(
                f"{path.name} stores {name} as {dtype}, which can't be read here.",
                "Use a checkpoint in float32, float16 or bfloat16.",
            )
        buffer = bytearray(end - start)
        with path.open("rb") as file:
            file.seek(start)
            if file.readinto(buffer) != end - start:
                raise WeightsCorrupt(f"{path.name} ends before its tensor {name} does.", "Fetch it again.")
        return torch.frombuffer(buffer, dtype=_DTYPES[dtype]).view(shape)


def _listed(directory: Path, pattern: str) -> list[Path]:
    """The weight files; where an index names its shards, only those count."""
    index = directory / "model.safetensors.index.json"
    if pattern == "*.safetensors" and index.exists():
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        missing = sorted(name for name in shards if not (directory / name).exists())
        if missing:
            raise WeightsCorrupt(f"{directory} lacks {', '.join(missing)}.", "Fetch the checkpoint again.")
        return sorted(directory / name for name in shards)
    return sorted(path for path in directory.glob(pattern) if not path.name.startswith("adapter_"))


def _header(path: Path) -> Iterator[tuple[str, int, int, str, list[int]]]:
    """(name, first byte, end byte, dtype, shape): eight bytes of length, then JSON, then the data."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        total = path.stat().st_size
        if size > total:
            raise WeightsCorrupt(f"{path.name} is not a whole safetensors file.", "Fetch it again.")
        try:
            entries: dict[str, Any] = json.loads(file.read(size))
        except ValueError as problem:
            raise WeightsCorrupt(f"{path.name} is not a safetensors file.", "Fetch it again.") from problem
    entries.pop("__metadata__", None)
    for name, entry in entries.items():
        start, end = entry["data_offsets"]
        if 8 + size + end > total:
            raise WeightsCorrupt(f"{path.name} ends before its tensor {name} does.", "Fetch it again.")
        yield name, 8 + size + start, 8 + size + end, entry["dtype"], entry["shape"]


class Adapter:
    """A LoRA adapter (Hu et al., 2021) that can be added to the weights it was trained on.

    `delta(name)` is what to add to the base tensor `name`, or None. Refuses what isn't a plain LoRA: another
    method, DoRA, trained biases, or whole modules saved with it.
    """

    def __init__(self, directory: Path) -> None:
        config_file = directory / "adapter_config.json"
        if not config_file.exists():
            raise UnsupportedModel(f"{directory} holds no adapter_config.json.", "Give a PEFT adapter directory.")
        self._config: dict[str, Any] = json.loads(config_file.read_text(encoding="utf-8"))
        self._files = TensorFilesOf(directory / "adapter_model.safetensors")
        self._check(directory)
        self.unused = {_base_name(name) for name in self._files}

    def _check(self, directory: Path) -> None:
        config = self._config
        wrong = [key for key in ("use_dora", "modules_to_save", "fan_in_fan_out") if config.get(key)]
        if config.get("peft_type", "LORA") != "LORA":
            wrong.append(f"peft_type {config['peft_type']}")
        if config.get("bias", "none") != "none":
            wrong.append("bias")
        if wrong:
            raise UnsupportedModel(
                f"The adapter in {directory} uses {', '.join(wrong)}, which can't be merged.",
                "Only plain LoRA adapters are supported; or merge it into its checkpoint first.",
            )
        odd = [name for name in self._files if not name.endswith((".lora_A.weight", ".lora_B.weight"))]
        if odd or not len(self._files):
            raise UnsupportedModel(f"The adapter in {directory} holds {odd[0] if odd else 'nothing'}.")

    def delta(self, name: str) -> Tensor | None:
        if name not in self.unused:
            return None
        self.unused.discard(name)
        stem = "base_model.model." + name.removesuffix(".weight")
        a = self._files.read(stem + ".lora_A.weight").float()  # [rank, in]
        b = self._files.read(stem + ".lora_B.weight").float()  # [out, rank]
        return (b @ a).mul_(self._scale(name.removesuffix(".weight"), a.shape[0]))

    def _scale(self, module: str, rank: int) -> float:
        alpha = float(self._config.get("lora_alpha", 8))
        for pattern, value in (self._config.get("alpha_pattern") or {}).items():
            if module == pattern or module.endswith("." + pattern):
                alpha = float(value)
        return float(alpha / (rank**0.5 if self._config.get("use_rslora") else rank))


class TensorFilesOf(TensorFiles):
    """The tensors of one file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise UnsupportedModel(f"{path} is not there.", "Only adapters in safetensors form are read.")
        self._where = {name: (path, start, end, dtype, shape) for name, start, end, dtype, shape in _header(path)}


def _base_name(name: str) -> str:
    for ending in (".lora_A.weight", ".lora_B.weight"):
        name = name.removesuffix(ending)
    return name.removeprefix("base_model.model.") + ".weight"


class Checkpoint:
    """Tensors of a checkpoint with an adapter merged in; remembers which were read."""

    def __init__(self, directory: Path, adapter: Adapter | None = None) -> None:
        self._files = TensorFiles(directory)
        self._adapter = adapter
        self.unread = set(self._files)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def __len__(self) -> int:
        return len(self._files)

    def read(self, name: str) -> Tensor:
        """The tensor, with the adapter's share added in float32 where it has one."""
        if name not in self._files:
            raise UnsupportedModel(f"The checkpoint lacks the tensor {name}.", "It may be incomplete.")
        self.unread.discard(name)
        tensor = self._files.read(name)
        delta = None if self._adapter is None else self._adapter.delta(name)
        return tensor if delta is None else delta.add_(tensor.float())

    def maybe(self, name: str) -> Tensor | None:
        return self.read(name) if name in self._files else None
