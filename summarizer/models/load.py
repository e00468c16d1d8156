"""Opens a checkpoint directory as a network: the fast one where the architecture is known to be the same as
ours, else the general one. A directory in Hugging Face layout goes in; knows no tokenizer and no requests.

The fast path is taken only for what it computes exactly: model types of the Llama family with full attention,
rotary positions that don't depend on the length, and no tensor left over.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from summarizer.errors import UnsupportedModel
from summarizer.models.checkpoint import Adapter, Checkpoint
from summarizer.models.family import activations, read_weights, rope_of
from summarizer.models.forward import FastNetwork
from summarizer.models.linear import adds_in_32_bits, eight_bit_available
from summarizer.models.network import Network
from summarizer.models.prepared import Prepared, key

_FAMILY = {"llama", "mistral", "qwen2", "qwen3"}
_ROTATIONS = {"default", "linear", "llama3", "yarn"}  # those whose frequencies are fixed at load


def open_network(
    directory: Path,
    *,
    device: str | None = None,
    dtype: str | None = None,
    adapter: Path | None = None,
    prepared: Path | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[Network, str, str]:
    """The network with the names of its device and dtype. Quantised weights are kept under `prepared`.
    `meanwhile()` is called once, where the load has other threads at work if it has any.

    `device` is "cpu", "cuda" or "cuda:N"; the default is CUDA where there is one. `dtype` is "int8",
    "float32" or "bfloat16"; the default is bfloat16 on CUDA and int8 on a processor that multiplies it fast,
    else float32."""
    where = _device(device)
    kind = dtype or _default_dtype(where)
    _check_choice(where, kind)
    config = read_config(directory)
    merged = None if adapter is None else Adapter(adapter)
    reason = why_not_fast(config, directory)
    if reason is None:
        checkpoint = Checkpoint(directory, merged)
        kept = Prepared(_prepared(prepared, directory, adapter) if kind == "int8" else None)
        try:
            weights = read_weights(config, checkpoint, where, kind, kept, meanwhile)
            if not kept.whole:
                _check_all_used(checkpoint, merged, directory)
            kept.finish()
        finally:
            kept.abandon()
        return FastNetwork(weights, where, activations(where, kind)), str(where), kind
    from summarizer.models.general import open_general

    if dtype == "int8":
        raise UnsupportedModel(
            f"Eight-bit weights are not available for this checkpoint ({reason}).", "Leave the dtype out."
        )
    kind = kind if kind != "int8" else "float32"
    meanwhile()
    return open_general(directory, where, kind, merged), str(where), kind


def _prepared(root: Path | None, directory: Path, adapter: Path | None) -> Path | None:
    sources = [directory] if adapter is None else [directory, adapter]
    return None if root is None else root / key(sources, "paired" if not adds_in_32_bits() else "plain")


def read_config(directory: Path) -> Any:
    """transformers' own reading of config.json, so that defaults are the architecture's."""
    from transformers import AutoConfig

    if not (directory / "config.json").exists():
        raise UnsupportedModel(f"{directory} holds no config.json.", "Give a checkpoint in Hugging Face layout.")
    try:
        return AutoConfig.from_pretrained(directory, local_files_only=True)
    except (ValueError, KeyError, OSError, ImportError) as problem:
        raise UnsupportedModel(
            f"transformers can't read the configuration in {directory}: {problem}",
            "The checkpoint may need a newer transformers, or code of its own, which is never run.",
        ) from problem


def why_not_fast(config: Any, directory: Path) -> str | None:
    """What keeps this checkpoint from the fast path, in a few words; None where nothing does."""
    if config.model_type not in _FAMILY:
        return f"model type {config.model_type}"
    if getattr(config, "quantization_config", None):
        return "weights in a quantised form"
    window = getattr(config, "sliding_window", None)
    layers = set(getattr(config, "layer_types", None) or ["full_attention"])
    if layers != {"full_attention"}:
        return "attention other than full"
    if config.model_type == "mistral" and window and window < config.max_position_embeddings:
        return "a sliding window"
    if config.hidden_act != "silu":
        return f"activation {config.hidden_act}"
    rope = rope_of(config)
    if rope.get("rope_type", "default") not in _ROTATIONS or rope.get("partial_rotary_factor", 1.0) != 1.0:
        return f"rotary positions of type {rope.get('rope_type')}"
    if not any(directory.glob("*.safetensors")):
        return "weights not in safetensors form"
    return None


def _default_dtype(device: torch.device) -> str:
    if device.type == "cuda":
        return "bfloat16"
    return "int8" if eight_bit_available() else "float32"


def _device(name: str | None) -> torch.device:
    try:
        return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError as problem:
        raise UnsupportedModel(f"There is no device {name!r}.", "Use cpu or cuda.") from problem


def _check_choice(device: torch.device, dtype: str) -> None:
    if dtype not in ("int8", "float32", "bfloat16"):
        raise UnsupportedModel(f"There is no dtype {dtype!r}.", "Use int8, float32 or bfloat16.")
    if device.type not in ("cpu", "cuda"):
        raise UnsupportedModel(f"There is no support for the device {device}.", "Use cpu or cuda.")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise UnsupportedModel("This PyTorch sees no CUDA device.", "Use device cpu, or install a CUDA build.")
    if dtype == "int8" and (device.type != "cpu" or not eight_bit_available()):
        raise UnsupportedModel("Eight-bit weights need an x86 processor.", "Use float32 or bfloat16.")


def _check_all_used(checkpoint: Checkpoint, adapter: Adapter | None, directory: Path) -> None:
    """A tensor that nobody read is a part of the model that would be missing."""
    left = sorted(name for name in checkpoint.unread if not name.endswith("rotary_emb.inv_freq"))
    if left:
        raise UnsupportedModel(
            f"The checkpoint in {directory} holds {len(left)} tensors that its architecture has no place "
            f"for, among them {left[0]}."
        )
    if adapter is not None and adapter.unused:
        raise UnsupportedModel(
            f"The adapter changes {sorted(adapter.unused)[0]}, which the checkpoint does not have.",
            "It was made for another model.",
        )


def default_kv_bytes(directory: Path, device: str) -> int:
    """Memory for keys and values: most of what is free on a CUDA device; on the CPU as much as the eight-bit
    weights take, between 256 MiB and 1.25 GiB, so that the service stays within 2.5 times its weights."""
    if device.startswith("cuda"):
        return int(torch.cuda.mem_get_info(torch.device(device))[0] * 0.8)
    stored = sum(path.stat().st_size for path in directory.glob("*.safetensors"))
    return min(max(stored // 2, 256 << 20), 1280 << 20)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """So many threads for products in this thread, and afterwards as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def config_tokens(directory: Path) -> set[int]:
    """The ids that end a text, as the checkpoint's generation_config.json and config.json say."""
    ids: set[int] = set()
    for name in ("generation_config.json", "config.json"):
        path = directory / name
        if path.exists():
            value = json.loads(path.read_text(encoding="utf-8")).get("eos_token_id")
            ids |= set(value if isinstance(value, list) else [] if value is None else [value])
    return ids
