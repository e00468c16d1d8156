"""A GGUF file becomes a directory in Hugging Face layout, with the weights in bfloat16.

In: the path of a GGUF file, an empty directory. Out: config.json, generation_config.json, the tokenizer's
files and model.safetensors in that directory. It downloads nothing and keeps no cache (see weights.py).

Llama, Qwen2 and Qwen3 are converted here, one tensor after another, so that a model of any size needs about
250 MB of memory; neither torch nor transformers is loaded. Every other architecture goes through
transformers' own reader, which holds the whole model in memory.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from summarizer.errors import UnsupportedModel, WeightsCorrupt
from summarizer.models.convert_weights import ProgressCall, hf_name, is_tied, write_weights
from summarizer.models.gguf_file import Gguf
from summarizer.models.gguf_tokenizer import CONTROL, known, tokens_of, write_tokenizer

CONVERTER = 1  # goes up whenever the same file would be converted to something else

CLASSES = {"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM"}
ENDS = ("<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end_of_text|>", "<|end|>", "</s>")


def convert(source: Path, directory: Path, *, progress: ProgressCall | None = None) -> None:
    """Convert the GGUF file `source` into the existing, empty `directory`."""
    report = progress or (lambda stage, done, total: None)
    file = Gguf(source)
    refuse_unknown_positions(file)
    if not _is_plain(file):
        _convert_by_transformers(source, directory, report)
        return
    tied = is_tied(file)
    try:
        _write_json(directory / "config.json", model_config(file, tied=tied))
        _write_json(directory / "generation_config.json", _generation_config(file))
        if known(file.metadata):
            write_tokenizer(file.metadata, directory)
        else:
            _tokenizer_by_transformers(source, directory)
    except KeyError as exc:
        raise WeightsCorrupt(f"{source.name} doesn't tell its {exc.args[0]}.", "Use another file.") from exc
    write_weights(file, directory / "model.safetensors", tied=tied, progress=report)


def refuse_unknown_positions(file: Gguf) -> None:
    """Stretched rotary positions are written into GGUF files in ways that transformers doesn't read back: the
    model would be wrong without a sign of it."""
    scaling = file.metadata.get(f"{file.metadata.get('general.architecture')}.rope.scaling.type", "none")
    if scaling != "none" or any(name.startswith("rope_f") for name in file.tensors):
        raise UnsupportedModel(
            "This GGUF file stretches its positions in a way that is not read from GGUF.",
            "Open the original checkpoint as hf:NAME instead.",
        )


def _is_plain(file: Gguf) -> bool:
    """A dense model of a family that is converted here: every tensor has a name, every size is one number."""
    architecture = file.metadata.get("general.architecture")
    if architecture not in CLASSES or "token_embd.weight" not in file.tensors:
        return False
    odd = ("expert_count", "attention.sliding_window")
    if any(file.metadata.get(f"{architecture}.{key}") for key in odd):
        return False
    sizes = ("attention.head_count", "attention.head_count_kv", "feed_forward_length")
    if any(isinstance(file.metadata.get(f"{architecture}.{key}"), list) for key in sizes):
        return False
    return all(hf_name(name) for name in file.tensors)


# --- configuration ------------------------------------------------------------------------------------------


def model_config(file: Gguf, *, tied: bool) -> dict[str, Any]:
    """config.json of a plain model."""
    data, family = file.metadata, str(file.metadata["general.architecture"])

    def value(key: str, default: Any = None) -> Any:
        found = data.get(f"{family}.{key}", default)
        if found is None:
            raise WeightsCorrupt(f"The model file doesn't tell its {family}.{key}.", "Use another file.")
        return found

    hidden, heads = int(value("embedding_length")), int(value("attention.head_count"))
    theta = _short(value("rope.freq_base", 10000.0))
    config: dict[str, Any] = {
        "architectures": [CLASSES[family]],
        "model_type": family,
        "dtype": "bfloat16",
        "torch_dtype": "bfloat16",  # the older name of the same key
        "vocab_size": file.tensors["token_embd.weight"].shape[0],
        "hidden_size": hidden,
        "intermediate_size": int(value("feed_forward_length")),
        "num_hidden_layers": int(value("block_count")),
        "num_attention_heads": heads,
        "num_key_value_heads": int(value("attention.head_count_kv", heads)),
        "head_dim": int(value("attention.key_length", value("rope.dimension_count", hidden // heads))),
        "hidden_act": "silu",
        "max_position_embeddings": int(value("context_length")),
        "rms_norm_eps": _short(value("attention.layer_norm_rms_epsilon")),
        "rope_theta": theta,  # the older form of the next key
        "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        "tie_word_embeddings": tied,
    }
    if family != "qwen2":  # whose projections of queries, keys and values always have a bias
        config["attention_bias"] = "blk.0.attn_q.bias" in file.tensors
    for role, key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding")):
        number = data.get(f"tokenizer.ggml.{key}_token_id")
        if number is not None:
            config[f"{role}_token_id"] = int(number)
    return config


def _generation_config(file: Gguf) -> dict[str, Any]:
    """Ends of an answer: the token that the file names, and all others that end a turn or a text."""
    names, kinds = tokens_of(file.metadata)
    ends = [n for n, (name, kind) in enumerate(zip(names, kinds, strict=True)) if kind == CONTROL and name in ENDS]
    named = file.metadata.get("tokenizer.ggml.eos_token_id")
    if named is not None:
        ends = [int(named), *(number for number in ends if number != named)]
    config: dict[str, Any] = {"do_sample": False, "eos_token_id": ends}
    padding = file.metadata.get("tokenizer.ggml.padding_token_id")
    return config if padding is None else {**config, "pad_token_id": int(padding)}


def _short(value: float) -> float:
    """The shortest decimal that is this float32: 1e-06, not 9.999999974752427e-07."""
    return float(str(np.float32(value)))


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


# --- other architectures ------------------------------------------------------------------------------------


def _tokenizer_by_transformers(source: Path, directory: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(source.parent), gguf_file=source.name)
    tokenizer.save_pretrained(directory)


def _convert_by_transformers(source: Path, directory: Path, report: ProgressCall) -> None:
    import torch
    import transformers

    report("convert", 0, 1)
    options: dict[str, Any] = {"gguf_file": source.name, "dtype": torch.bfloat16}
    # Newer releases keep the blocks of some families packed unless they are told otherwise, and save a model
    # that came from blocks only if it has forgotten that.
    packed = getattr(transformers, "GgufConfig", None)
    if packed is not None:
        options["quantization_config"] = packed(dequantize=True)
    try:
        model = transformers.AutoModelForCausalLM.from_pretrained(str(source.parent), **options)
        model.hf_quantizer = None
        model.config.__dict__.pop("quantization_config", None)
        model.save_pretrained(directory)
        _tokenizer_by_transformers(source, directory)
    except (ValueError, NotImplementedError, KeyError, RuntimeError, ImportError) as exc:
        line = str(exc).splitlines()[0] if str(exc) else type(exc).__name__
        raise UnsupportedModel(
            f"transformers can't read {source.name}: {line}", "Open the original checkpoint as hf:NAME."
        ) from exc
    report("convert", 1, 1)
