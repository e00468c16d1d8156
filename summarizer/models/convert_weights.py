"""The tensors of a GGUF file as one safetensors file in bfloat16, under transformers' names.

In: a Gguf of the Llama, Qwen2 or Qwen3 family. Out: model.safetensors. It goes tensor by tensor, so the
memory that it needs doesn't depend on the model's size. It writes no configuration (see convert.py).
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from summarizer.errors import UnsupportedModel
from summarizer.models.gguf_file import Floats, Gguf, Tensor

ProgressCall = Callable[[str, int, int], None]
Halves = npt.NDArray[np.uint16]

_OUTER = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_INNER = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
_BLOCK = re.compile(r"blk\.(\d+)\.(\w+)\.(weight|bias)")


def hf_name(name: str) -> str | None:
    """The name in transformers of a GGUF tensor, or None where there is none."""
    if name in _OUTER:
        return _OUTER[name]
    match = _BLOCK.fullmatch(name)
    if match is None or match[2] not in _INNER:
        return None
    return f"model.layers.{match[1]}.{_INNER[match[2]]}.{match[3]}"


def is_tied(file: Gguf) -> bool:
    """Whether input and output embeddings are one matrix.

    llama.cpp's quantiser writes the matrix of a tied model twice when it wants the output finer than the
    input (Q6_K and Q4_K, say). Then both differ by quantisation noise, about 5% of their size; two separate
    matrices differ by more than 100%. Kept once, in the finer form, it is nearer to the original and saves an
    eighth to a fifth of the model.
    """
    if "output.weight" not in file.tensors:
        return True
    first, second = file.tensors["token_embd.weight"], file.tensors["output.weight"]
    if first.shape != second.shape:
        return False
    difference = size = 0.0
    for left, right in zip(file.pieces(first), file.pieces(second), strict=True):
        difference += float(np.square(left - right, dtype=np.float64).sum())
        size += float(np.square(right, dtype=np.float64).sum())
        break  # one piece is thousands of rows
    return difference < 0.04 * size


def to_bfloat16(values: Floats) -> Halves:
    """Round to nearest, ties to even, as PyTorch does; the result holds the upper halves of the float32."""
    bits = values.view(np.uint32)
    rounded = bits + (np.uint32(0x7FFF) + ((bits >> 16) & 1))
    return (rounded >> 16).astype(np.uint16)


def write_weights(file: Gguf, path: Path, *, tied: bool, progress: ProgressCall) -> None:
    """model.safetensors, written front to back; two pieces are in work at once.

    Format: eight bytes with the length of a JSON header, the header, the tensors' bytes.
    """
    plan = _plan(file, tied=tied)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, tensor in plan:
        end = offset + 2 * tensor.elements
        shape = list(tensor.shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        _write_tensors(file, plan, out, lambda done: progress("convert", done, offset))


def _plan(file: Gguf, *, tied: bool) -> list[tuple[str, Tensor]]:
    """What is written, in order: the name in transformers and the tensor that it comes from."""
    plan = []
    for name, tensor in file.tensors.items():
        if tied and name == "output.weight":
            continue
        source = tensor
        if tied and name == "token_embd.weight":
            source = max(tensor, file.tensors.get("output.weight", tensor), key=lambda each: each.nbytes)
        target = hf_name(name)
        if target is None:
            raise UnsupportedModel(f"The tensor {name} is not known.", "Open another checkpoint.")
        plan.append((target, source))
    return plan


def _write_tensors(file: Gguf, plan: list[tuple[str, Tensor]], out: BinaryIO, report: Callable[[int], None]) -> None:
    heads = _rotary_heads(file)

    def rotary(tensor: Tensor, count: int) -> Halves:
        return to_bfloat16(unpermute(file.read(tensor), count).reshape(-1))

    def plain(part: Callable[[], Floats]) -> Halves:
        return to_bfloat16(part())

    def calls() -> Iterator[Callable[[], Halves]]:
        for target, tensor in plan:
            count = heads.get(target.rsplit(".", 2)[-2])
            if count:
                yield partial(rotary, tensor, count)
            else:
                yield from (partial(plain, part) for part in file.parts(tensor))

    done = 0
    with ThreadPoolExecutor(2) as pool:
        for halves in _in_order(pool, calls(), ahead=3):
            out.write(halves.data)
            done += halves.nbytes
            report(done)


def _in_order(pool: ThreadPoolExecutor, calls: Iterator[Callable[[], Halves]], *, ahead: int) -> Iterator[Halves]:
    """The calls' results in order, with at most `ahead` of them made and not yet taken."""
    waiting = [pool.submit(call) for call in islice(calls, ahead)]
    while waiting:
        yield waiting.pop(0).result()
        waiting.extend(pool.submit(call) for call in islice(calls, 1))


def _rotary_heads(file: Gguf) -> dict[str, int]:
    """For Llama: the number of heads whose rows stand in GGUF's own order, by projection."""
    if file.metadata["general.architecture"] != "llama":
        return {}
    heads = int(file.metadata["llama.attention.head_count"])
    return {"q_proj": heads, "k_proj": int(file.metadata.get("llama.attention.head_count_kv", heads))}


def unpermute(values: Floats, heads: int) -> Floats:
    """Rows of one head from GGUF's order to transformers': GGUF keeps the two rows that a rotary angle turns
    side by side (x0 y0 x1 y1 ...), transformers in two halves (x0 x1 ... y0 y1 ...)."""
    rest = values.shape[1:]
    pairs = values.reshape(heads, -1, 2, *rest)  # (heads, head_dim / 2, 2, columns)
    return np.ascontiguousarray(pairs.swapaxes(1, 2)).reshape(values.shape)
