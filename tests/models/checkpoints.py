"""Checkpoints with random weights, in the layout that transformers writes, and a small tokenizer for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

VOCABULARY = 320

_SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
_LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
_YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 64}
_OLD = {"vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": 2}

CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    # the fast path
    "llama": ("LlamaConfig", _SIZES),
    "llama3": ("LlamaConfig", {**_SIZES, "rope_parameters": _LLAMA3}),
    "llama-biases": ("LlamaConfig", {**_SIZES, "attention_bias": True, "mlp_bias": True}),
    "mistral": ("MistralConfig", {**_SIZES, "sliding_window": None}),
    "qwen2": ("Qwen2Config", {**_SIZES, "tie_word_embeddings": True}),
    "qwen2-yarn": ("Qwen2Config", {**_SIZES, "rope_parameters": _YARN}),
    "qwen3": ("Qwen3Config", {**_SIZES, "head_dim": 16}),
    # the general path
    "mistral-window": ("MistralConfig", {**_SIZES, "sliding_window": 12}),
    "qwen2-window": (
        "Qwen2Config",
        {**_SIZES, "use_sliding_window": True, "sliding_window": 12, "max_window_layers": 1},
    ),
    "gemma3": ("Gemma3TextConfig", {**_SIZES, "head_dim": 8, "num_hidden_layers": 6, "sliding_window": 12}),
    "gpt2": ("GPT2Config", {**_OLD, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 256}),
    "bloom": ("BloomConfig", {**_OLD, "hidden_size": 32, "n_layer": 2, "n_head": 4}),
    "neox": (
        "GPTNeoXConfig",
        {
            **_OLD,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "max_position_embeddings": 256,
        },
    ),
    # refused
    "mamba": ("MambaConfig", {**_OLD, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 8}),
    "recurrent-gemma": ("RecurrentGemmaConfig", {**_SIZES, "attention_window_size": 12}),
}
FAST = ("llama", "llama3", "llama-biases", "mistral", "qwen2", "qwen2-yarn", "qwen3")
GENERAL = ("mistral-window", "qwen2-window", "gemma3", "gpt2", "bloom", "neox")
REFUSED = ("mamba", "recurrent-gemma")


def write_checkpoint(name: str, directory: Path) -> Path:
    """Random weights, wide enough that greedy texts don't end in one repeated token."""
    kind, settings = CONFIGS[name]
    torch.manual_seed(5)
    model = transformers.AutoModelForCausalLM.from_config(getattr(transformers, kind)(**settings))
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn_like(parameter)
            parameter.copy_(noise * 0.2 if parameter.dim() > 1 else parameter + 0.1 * noise)
    model.save_pretrained(directory)
    return directory


def reference(directory: Path) -> Any:
    """The same checkpoint in transformers, in float32."""
    return transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32).eval()


def generate(model: Any, ids: list[int], count: int) -> list[int]:
    """transformers' own greedy text."""
    out = model.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones((1, len(ids)), dtype=torch.long),
        max_new_tokens=count,
        do_sample=False,
        eos_token_id=None,
        pad_token_id=0,
    )
    return [int(token) for token in out[0, len(ids) :]]


def logprobs(model: Any, ids: list[int], answer: list[int]) -> list[float]:
    """transformers' own log-probability of each token of `answer` behind `ids`."""
    with torch.no_grad():
        lines = model(torch.tensor([ids + answer])).logits[0].log_softmax(-1)
    return [float(lines[len(ids) - 1 + i, token]) for i, token in enumerate(answer)]


def write_adapter(directory: Path, shapes: dict[str, tuple[int, int]], rank: int = 4, **config: Any) -> Path:
    """A LoRA adapter in PEFT's layout for modules named like "model.layers.0.self_attn.q_proj"."""
    chance = torch.Generator().manual_seed(9)
    tensors = {}
    for module, (out, into) in shapes.items():
        stem = f"base_model.model.{module}"
        tensors[stem + ".lora_A.weight"] = torch.randn((rank, into), generator=chance) * 0.2
        tensors[stem + ".lora_B.weight"] = torch.randn((out, rank), generator=chance) * 0.2
    directory.mkdir(parents=True, exist_ok=True)
    save_file(tensors, directory / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": rank, "lora_alpha": 8, "bias": "none", **config}
    (directory / "adapter_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return directory


CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    "<|im_start|>{{ messages[0]['content'] | trim }}<|im_end|>"
)
_TEXTS = ["The rocket flew on Tuesday. It cost ten million.", "Who won? Rate it from 1 to 10. one two three"]


def write_tokenizer(directory: Path, template: str | None = CHATML) -> Path:
    """A byte-level tokenizer with four control tokens; "<tool>" is added but not marked as special."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=VOCABULARY - 4,
        special_tokens=["<pad>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_TEXTS, trainer)
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<pad>", chat_template=template
    )
    fast.add_tokens(["<tool>"])
    fast.save_pretrained(directory)
    return directory


@contextmanager
def one_thread() -> Iterator[None]:
    """Products this small only wait for each other on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
