"""The general network: any decoder-only checkpoint that transformers loads, through its own forward pass.

Each row continues its own copy of the prefix's cache, one row at a time and without padding, which is what
transformers' `generate` computes for a lone text; sliding windows, ALiBi, recurrent states and the like stay
transformers' affair. Slower than the fast path and never assumed right: when a checkpoint is opened, a text
read in pieces from a copied cache is compared with the same text read at once, and a checkpoint for which the
two differ is refused.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from summarizer.errors import UnsupportedModel
from summarizer.models.checkpoint import Adapter
from summarizer.models.network import Network, Output, Segment

_LONGEST_CHECK = 1100  # tokens of the check at most; windows beyond this are taken on transformers' word


@dataclass(slots=True, eq=False)
class _State:
    """A prefix (`parent` None) or a row. A row's cache is made of its parent's when it is first run."""

    parent: _State | None = None
    cache: Any = None
    length: int = 0


class GeneralNetwork:
    """See `network.Network`."""

    path = "general"
    copies_prefix = True

    def __init__(self, model: Any, device: torch.device) -> None:
        self.model, self.device = model, device
        text = model.config.get_text_config()
        self.vocabulary = int(model.get_input_embeddings().weight.shape[0])
        self.context = _context(text)
        heads = getattr(text, "num_attention_heads", 1)
        kv_heads = getattr(text, "num_key_value_heads", None) or heads
        head_dim = getattr(text, "head_dim", None) or text.hidden_size // heads
        self.kv_bytes = 2 * text.num_hidden_layers * kv_heads * head_dim * model.dtype.itemsize
        accepted = inspect.signature(model.forward).parameters
        self._takes_mask = "attention_mask" in accepted
        self._takes_keep = "logits_to_keep" in accepted
        # Releases from 5.24 on call it "cache", on the way in and out.
        self._cache_name = "cache" if "cache" in accepted else "past_key_values"

    def prefix(self, size: int, beginning: _State | None = None) -> _State:
        return _State() if beginning is None else _State(cache=copy.deepcopy(beginning.cache), length=beginning.length)

    def row(self, prefix: _State, capacity: int) -> _State:
        return _State(parent=prefix)

    def fork(self, row: _State, capacity: int) -> _State:
        return _State(parent=row.parent, cache=copy.deepcopy(row.cache), length=row.length)

    def drop(self, sequence: _State) -> None:
        sequence.cache, sequence.parent = None, None

    @torch.inference_mode()
    def run(self, segments: Sequence[Segment]) -> Output:
        lines = [self._run_one(segment) for segment in segments]
        wanted = [line for line in lines if line is not None]
        return Output(torch.cat(wanted) if wanted else torch.zeros((0, self.vocabulary)))

    def _run_one(self, segment: Segment) -> Tensor | None:
        """Logits [wanted, vocabulary] of one segment."""
        state = segment.sequence
        before = state.length + (state.parent.length if state.parent is not None else 0)
        if state.cache is None and state.parent is not None and state.parent.length:
            state.cache = copy.deepcopy(state.parent.cache)
        options: dict[str, Any] = {}
        if self._takes_mask:
            total = before + len(segment.ids)
            options["attention_mask"] = torch.ones((1, total), dtype=torch.long, device=self.device)
        want = list(segment.want)
        if self._takes_keep:
            options["logits_to_keep"] = torch.tensor(want or [len(segment.ids) - 1], device=self.device)
        ids = torch.tensor([list(segment.ids)], device=self.device)
        options[self._cache_name] = state.cache
        out = self.model(input_ids=ids, use_cache=True, **options)
        state.cache = out.get(self._cache_name)
        if state.cache is None:
            raise UnsupportedModel("This architecture keeps its memory where it can't be shared between texts.")
        state.length += len(segment.ids)
        if not want:
            return None
        logits: Tensor = out.logits[0] if self._takes_keep else out.logits[0, want]
        return logits.float()


def open_general(directory: Path, device: torch.device, dtype: str, adapter: Adapter | None) -> Network:
    """Loads the checkpoint with transformers, merges the adapter, and checks that prefixes can be shared."""
    from transformers import AutoModelForCausalLM

    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            directory, dtype=getattr(torch, dtype), local_files_only=True, output_loading_info=True
        )
    except (ValueError, KeyError, OSError, ImportError, RuntimeError, AttributeError) as problem:
        raise UnsupportedModel(
            f"transformers can't load the checkpoint in {directory}: {problem}",
            "It must be a decoder-only language model whose architecture transformers itself knows.",
        ) from problem
    missing = sorted(report.get("missing_keys", ()))
    if missing:
        raise UnsupportedModel(f"The checkpoint in {directory} lacks the tensor {missing[0]}.", "It may be incomplete.")
    if model.config.is_encoder_decoder:
        raise UnsupportedModel("This is an encoder-decoder model.", "Use a decoder-only one.")
    if adapter is not None:
        _merge(model, adapter)
    model = model.eval().to(device)
    network = GeneralNetwork(model, device)
    check_sharing(network)
    return network


@torch.no_grad()
def _merge(model: Any, adapter: Adapter) -> None:
    for name, parameter in model.named_parameters():
        delta = adapter.delta(name)
        if delta is not None:
            parameter.copy_(delta.add_(parameter.float()))
    if adapter.unused:
        raise UnsupportedModel(
            f"The adapter changes {sorted(adapter.unused)[0]}, which the checkpoint does not have.",
            "It was made for another model.",
        )


@torch.inference_mode()
def check_sharing(network: GeneralNetwork) -> None:
    """Reads a text at once and in pieces from a shared prefix, twice, and refuses the model if they
    differ."""
    text = network.model.config.get_text_config()
    window = getattr(text, "sliding_window", None) or 0
    size = min(window + 24 if window + 24 <= _LONGEST_CHECK else 40, network.context)
    chance = torch.Generator().manual_seed(7)
    ids = torch.randint(0, network.vocabulary, (size,), generator=chance).tolist()
    try:
        whole = network.model(input_ids=torch.tensor([ids], device=network.device), use_cache=False).logits[0].float()
        half, rest = size // 2, size - 4
        prefix = network.prefix(half)
        network.run([Segment(prefix, ids[: half // 2]), Segment(prefix, ids[half // 2 : half])])
        rows = [network.row(prefix, size) for _ in range(2)]
        worst = 0.0
        for row in rows:
            parts = [network.run([Segment(row, ids[half:rest], tuple(range(rest - half)))]).logits]
            parts += [network.run([Segment(row, ids[at : at + 1], (0,))]).logits for at in range(rest, size)]
            worst = max(worst, float((torch.cat(parts) - whole[half:]).abs().max()))
    except UnsupportedModel:
        raise
    except Exception as problem:  # whatever an architecture's own code does when it is used like this
        raise UnsupportedModel(f"This architecture can't continue a text from a shared prefix: {problem}") from problem
    spread = float(whole.std()) or 1.0
    bound = 0.01 if network.model.dtype == torch.float32 else 0.3  # rounding is far below, errors far above
    if not worst <= bound * spread:
        raise UnsupportedModel(
            "This architecture gives other results from a shared prefix than from the whole text.",
            "It would be run wrongly here; use another checkpoint, or an engine of its own behind openai:.",
        )


def _context(text: Any) -> int:
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx"):
        value = getattr(text, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return 2048  # positions without a bound of their own (ALiBi, recurrence): what such models are trained on
