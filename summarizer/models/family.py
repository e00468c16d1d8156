"""The weights of the Llama family (Llama, Mistral, Qwen2, Qwen3): a checkpoint's tensors by name go in, fused and
packed matrices come out. Knows no files and no requests.

Layers are read, merged, quantised and packed by several threads at once: packing is most of the time of a load, its
operators run on one thread each, and they let other threads go on. Sources are dropped one by one, so that the peak
of memory is near the size that stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from summarizer.errors import UnsupportedModel, WeightsCorrupt
from summarizer.models.checkpoint import Checkpoint
from summarizer.models.forward import Layer, Shape, Weights
from summarizer.models.linear import EightBit, Embedding, Linear, adds_in_32_bits, eight_bit, make_linear
from summarizer.models.prepared import Prepared


def shape_of(config: Any) -> Shape:
    heads = config.num_attention_heads
    return Shape(
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        heads=heads,
        kv_heads=getattr(config, "num_key_value_heads", None) or heads,
        head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
        vocabulary=config.vocab_size,
        context=config.max_position_embeddings,
        epsilon=config.rms_norm_eps,
    )


def read_weights(
    config: Any,
    checkpoint: Checkpoint,
    device: torch.device,
    dtype: str,
    kept: Prepared,
    meanwhile: Callable[[], None],
) -> Weights:
    """All weights, by as many threads as this one may use for products; `meanwhile()` is called while they work."""
    shape = shape_of(config)
    frequencies, factor = _rotation(config, shape.head_dim)
    tied = config.tie_word_embeddings or "lm_head.weight" not in checkpoint
    if tied:
        checkpoint.unread.discard("lm_head.weight")
    reader = _Reader(checkpoint, shape, device, dtype, kept)
    one_thread = (torch.set_num_threads, (1,)) if device.type == "cpu" else (None, ())
    with ThreadPoolExecutor(torch.get_num_threads(), "weights", *one_thread) as pool:
        try:
            head = pool.submit(reader.head, tied)  # the largest first, so that no thread is left with it at the end
            embedding = pool.submit(reader.embedding)
            layers = [pool.submit(reader.layer, number) for number in range(shape.layers)]
            meanwhile()
            return Weights(
                shape=shape,
                embedding=embedding.result(),
                layers=tuple(layer.result() for layer in layers),
                norm=checkpoint.read("model.norm.weight").to(device, activations(device, dtype)),
                head=head.result(),
                frequencies=frequencies.to(device),
                rotation_scale=factor,
            )
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def activations(device: torch.device, dtype: str) -> torch.dtype:
    """float32 on the CPU whatever the weights: it costs little there and rounds nothing."""
    return torch.bfloat16 if device.type == "cuda" and dtype == "bfloat16" else torch.float32


class _Reader:
    """Makes the parts of `Weights`. Its methods may be called from several threads."""

    def __init__(self, checkpoint: Checkpoint, shape: Shape, device: torch.device, dtype: str, kept: Prepared) -> None:
        self._checkpoint, self._shape, self._device, self._dtype, self._kept = checkpoint, shape, device, dtype, kept
        self._activations = activations(device, dtype)

    def embedding(self) -> Embedding:
        return Embedding(self._matrix("embedding", self._table, paired=False), self._activations)

    def head(self, tied: bool) -> Linear:
        return self._product("head", self._table if tied else lambda: self._weight("lm_head.weight"), None)

    def layer(self, number: int) -> Layer:
        shape, stem = self._shape, f"model.layers.{number}."
        attention, mlp = stem + "self_attn.", stem + "mlp."
        scale = shape.head_dim**-0.5
        query_norm, key_norm = self._maybe(attention + "q_norm.weight"), self._maybe(attention + "k_norm.weight")
        if query_norm is not None and key_norm is not None:
            query_norm = (interleave(query_norm.float(), 1) * scale).to(self._activations)
            key_norm = interleave(key_norm.float(), 1).to(self._activations)
            scale = 1.0

        def turned(name: str, tensor: Tensor) -> Tensor:
            if name == "v_proj":
                return tensor
            heads = shape.heads if name == "q_proj" else shape.kv_heads
            return interleave(tensor, heads).float().mul_(scale if name == "q_proj" else 1.0)

        return Layer(
            norm_attention=self._weight(stem + "input_layernorm.weight").to(self._activations),
            qkv=self._joined(f"{number}.qkv", attention, ("q_proj", "k_proj", "v_proj"), turned),
            query_norm=query_norm,
            key_norm=key_norm,
            out=self._joined(f"{number}.self_attn.o_proj", attention, ("o_proj",)),
            norm_mlp=self._weight(stem + "post_attention_layernorm.weight").to(self._activations),
            gate_up=self._joined(f"{number}.gate_up", mlp, ("gate_proj", "up_proj")),
            down=self._joined(f"{number}.mlp.down_proj", mlp, ("down_proj",)),
        )

    # --- parts of these ---

    def _joined(
        self,
        title: str,
        stem: str,
        names: Sequence[str],
        turned: Callable[[str, Tensor], Tensor] = lambda name, tensor: tensor,
    ) -> Linear:
        """One product for the projections `names`, whose outputs follow each other."""

        def weight() -> Tensor:
            parts = [turned(name, self._weight(f"{stem}{name}.weight")) for name in names]
            return parts[0] if len(parts) == 1 else torch.cat([part.float() for part in parts])

        found = [(name, self._maybe(f"{stem}{name}.bias")) for name in names]
        biases = [turned(name, bias).float() for name, bias in found if bias is not None]
        if biases and len(biases) != len(names):
            raise UnsupportedModel(f"{title} has a bias in some projections only.")
        return self._product(title, weight, torch.cat(biases) if biases else None)

    def _product(self, title: str, weight: Callable[[], Tensor], bias: Tensor | None) -> Linear:
        return make_linear(self._matrix(title, weight, paired=True), bias, self._dtype)

    def _matrix(self, title: str, weight: Callable[[], Tensor], *, paired: bool) -> Tensor | EightBit:
        """As it is, or in eight bits and then from the cache where it is there. `paired` is for matrices that are
        multiplied, not for tables of rows."""
        if self._dtype != "int8":
            return weight()
        return self._kept.matrix(title, lambda: eight_bit(weight(), paired=paired and not adds_in_32_bits()))

    def _table(self) -> Tensor:
        rows = self._weight("model.embed_tokens.weight")
        if rows.shape != (self._shape.vocabulary, self._shape.hidden):
            raise WeightsCorrupt(f"The embedding is {tuple(rows.shape)}, not as config.json says.", "Fetch it again.")
        return rows.float() if self._dtype == "float32" else rows

    def _weight(self, name: str) -> Tensor:
        return self._checkpoint.read(name).to(self._device)

    def _maybe(self, name: str) -> Tensor | None:
        return self._weight(name) if name in self._checkpoint else None


def rope_of(config: Any) -> dict[str, Any]:
    return dict(getattr(config, "rope_parameters", None) or {})


def _rotation(config: Any, head_dim: int) -> tuple[Tensor, float]:
    """Frequencies [head_dim / 2] and the factor on cosine and sine, by transformers' own functions."""
    rope = rope_of(config)
    kind = rope.get("rope_type", "default")
    if kind == "default":
        exponents = torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim
        return 1.0 / (float(rope["rope_theta"]) ** exponents), 1.0
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    frequencies, factor = ROPE_INIT_FUNCTIONS[kind](config, torch.device("cpu"))
    return frequencies.float(), float(factor)


def interleave(rows: Tensor, heads: int) -> Tensor:
    """Rows [heads * d, ...] so that the two halves of each head alternate: 0, d/2, 1, d/2 + 1, ...

    Checkpoints rotate element i with element i + d/2. As neighbours the pairs are complex numbers and the
    rotation is one product. Scores don't change when queries and keys are reordered alike.
    """
    return torch.unflatten(rows, 0, (heads, 2, -1)).transpose(1, 2).flatten(0, 2)
