"""Small GGUF files with random weights, and the same weights under transformers' names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, TokenType
from gguf.quants import quantize

HIDDEN, HEADS, KV_HEADS, LAYERS, WIDE = 64, 4, 2, 2, 128
HEAD = HIDDEN // HEADS
F32, Q8 = GGMLQuantizationType.F32, GGMLQuantizationType.Q8_0

# Bytes as the byte-level alphabet writes them, so that every text can be encoded; then two merges, then control
# tokens as Qwen names them, then padding as llama.cpp's converter adds it.
_PRINTABLE = [*range(33, 127), *range(161, 173), *range(174, 256)]
_OTHERS = [byte for byte in range(256) if byte not in _PRINTABLE]
ALPHABET = [chr(byte) for byte in _PRINTABLE] + [chr(256 + n) for n in range(len(_OTHERS))]
TOKENS = [*ALPHABET, "th", "the", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "[PAD0]"]
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def random_weights(family: str, *, tied: bool = True, seed: int = 0) -> dict[str, np.ndarray]:
    """Under transformers' names."""
    draw = np.random.default_rng(seed)

    def matrix(*shape: int) -> np.ndarray:
        return draw.normal(0, 0.1, shape).astype(np.float32)

    weights = {"model.embed_tokens.weight": matrix(len(TOKENS), HIDDEN), "model.norm.weight": matrix(HIDDEN)}
    if not tied:
        weights["lm_head.weight"] = matrix(len(TOKENS), HIDDEN)
    for layer in range(LAYERS):
        at = f"model.layers.{layer}"
        for name, rows in (("q", HIDDEN), ("k", HEAD * KV_HEADS), ("v", HEAD * KV_HEADS)):
            weights[f"{at}.self_attn.{name}_proj.weight"] = matrix(rows, HIDDEN)
            if family == "qwen2":
                weights[f"{at}.self_attn.{name}_proj.bias"] = matrix(rows)
        weights[f"{at}.self_attn.o_proj.weight"] = matrix(HIDDEN, HIDDEN)
        if family == "qwen3":
            weights[f"{at}.self_attn.q_norm.weight"] = matrix(HEAD)
            weights[f"{at}.self_attn.k_norm.weight"] = matrix(HEAD)
        weights[f"{at}.mlp.gate_proj.weight"] = matrix(WIDE, HIDDEN)
        weights[f"{at}.mlp.up_proj.weight"] = matrix(WIDE, HIDDEN)
        weights[f"{at}.mlp.down_proj.weight"] = matrix(HIDDEN, WIDE)
        weights[f"{at}.input_layernorm.weight"] = matrix(HIDDEN)
        weights[f"{at}.post_attention_layernorm.weight"] = matrix(HIDDEN)
    return weights


_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def gguf_name(name: str) -> str:
    stem, _, kind = name.rpartition(".")
    if stem.startswith("model.layers."):
        _, _, layer, rest = stem.split(".", 3)
        return f"blk.{layer}.{_NAMES[rest]}.{kind}"
    return f"{_NAMES[stem]}.{kind}"


def in_gguf_order(name: str, values: np.ndarray, family: str) -> np.ndarray:
    """Llama files hold the rows of each head with the two halves interleaved."""
    heads = {"q_proj": HEADS, "k_proj": KV_HEADS}.get(name.split(".")[-2]) if family == "llama" else None
    if heads is None:
        return values
    halves = values.reshape(heads, 2, HEAD // 2, *values.shape[1:])
    return np.ascontiguousarray(halves.swapaxes(1, 2)).reshape(values.shape)


def write_gguf(
    path: Path,
    weights: dict[str, np.ndarray],
    family: str = "llama",
    *,
    kind: GGMLQuantizationType = F32,
    pre: str = "qwen2",
    output_kind: GGMLQuantizationType | None = None,
    rope_scaling: str = "",
    sliding_window: int = 0,
) -> Path:
    """`kind` is the matrices' quantisation; with `output_kind` the embeddings are written a second time as
    output.weight, as llama.cpp's quantiser does for tied models."""
    writer = GGUFWriter(path, family)
    writer.add_name("tiny random model")
    writer.add_context_length(512)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(WIDE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    if family == "qwen3":
        writer.add_key_length(HEAD)
        writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    if rope_scaling:
        writer.add_string(f"{family}.rope.scaling.type", rope_scaling)
    if sliding_window:
        writer.add_sliding_window(sliding_window)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(TOKENS)
    kinds = [TokenType.NORMAL] * (len(ALPHABET) + 2) + [TokenType.CONTROL] * 3 + [TokenType.UNUSED]
    writer.add_token_types(kinds)
    writer.add_token_merges(["t h", "th e"])
    writer.add_bos_token_id(TOKENS.index("<|endoftext|>"))
    writer.add_eos_token_id(TOKENS.index("<|im_end|>"))
    writer.add_pad_token_id(TOKENS.index("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    for name, values in weights.items():
        _add(writer, gguf_name(name), in_gguf_order(name, values, family), kind)
    if output_kind is not None:
        _add(writer, "output.weight", weights["model.embed_tokens.weight"], output_kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add(writer: GGUFWriter, name: str, values: np.ndarray, kind: GGMLQuantizationType) -> None:
    if values.ndim < 2 or kind == F32:
        writer.add_tensor(name, values)
    else:
        writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
