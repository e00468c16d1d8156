"""The tokenizer inside a GGUF file, as the files that transformers and tokenizers load.

In: the metadata of gguf_file.py. Out: tokenizer.json, tokenizer_config.json and, where there is one,
chat_template.jinja in a directory. It handles byte-level BPE with a known way of cutting text into pieces;
`known(metadata)` says whether a file's is one of them. convert.py leaves all others to transformers.

How text is cut before BPE is named in the file (`tokenizer.ggml.pre`) and not contained in it, so it stands
here. It matters: SmolLM and Qwen cut every number into single digits, for instance.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

CONTROL, USER_DEFINED, UNUSED = 3, 4, 5  # values of tokenizer.ggml.token_type

_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPLITS = {
    "qwen2": _WORDS + r"\p{N}" + _REST,
    "llama-bpe": _WORDS + r"\p{N}{1,3}" + _REST,
}


def known(metadata: dict[str, Any]) -> bool:
    """Whether this file's tokenizer is one that is built here."""
    return metadata.get("tokenizer.ggml.model") == "gpt2" and (
        metadata.get("tokenizer.ggml.pre") in ("smollm", "gpt-2", *SPLITS)
    )


def write_tokenizer(metadata: dict[str, Any], directory: Path) -> None:
    """Write the tokenizer's files into `directory`."""
    names, kinds = tokens_of(metadata)
    tokenizer = _build(metadata, names, kinds)
    tokenizer.save(str(directory / "tokenizer.json"))
    config: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": int(metadata[f"{metadata['general.architecture']}.context_length"]),
    }
    for role, key in (("bos", "bos"), ("eos", "eos"), ("pad", "padding"), ("unk", "unknown")):
        number = metadata.get(f"tokenizer.ggml.{key}_token_id")
        if number is not None and number < len(names):
            config[f"{role}_token"] = names[number]
    template = metadata.get("tokenizer.chat_template")
    if template:
        (directory / "chat_template.jinja").write_text(template, encoding="utf-8")
    text = json.dumps(config, indent=2, ensure_ascii=False) + "\n"
    (directory / "tokenizer_config.json").write_text(text, encoding="utf-8")


def tokens_of(metadata: dict[str, Any]) -> tuple[list[str], list[int]]:
    """The vocabulary in the order of its ids, with each token's kind; padding at the end is left out."""
    names: list[str] = metadata["tokenizer.ggml.tokens"]
    kinds: list[int] = metadata.get("tokenizer.ggml.token_type") or [1] * len(names)
    end = len(names)
    while end and kinds[end - 1] == UNUSED:
        end -= 1
    return names[:end], kinds[:end]


def _build(metadata: dict[str, Any], names: list[str], kinds: list[int]) -> Tokenizer:
    pre = metadata["tokenizer.ggml.pre"]
    merges = [tuple(merge.split(" ", 1)) for merge in metadata["tokenizer.ggml.merges"]]
    vocabulary = {name: number for number, name in enumerate(names)}
    # Llama 3 takes a piece that is a token as a whole, without going through its merges.
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=pre == "llama-bpe"))
    if pre in SPLITS:
        cut = pre_tokenizers.Split(Regex(SPLITS[pre]), behavior="isolated")
        parts = [cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    else:
        parts = [pre_tokenizers.ByteLevel(add_prefix_space=False)]
        if pre == "smollm":
            parts.insert(0, pre_tokenizers.Digits(individual_digits=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(parts)
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    for name, kind in zip(names, kinds, strict=True):
        if kind == CONTROL:
            tokenizer.add_special_tokens([AddedToken(name, normalized=False, special=True)])
        elif kind == USER_DEFINED:
            tokenizer.add_tokens([AddedToken(name, normalized=False, special=False)])
    bos = metadata.get("tokenizer.ggml.bos_token_id")
    if metadata.get("tokenizer.ggml.add_bos_token", pre == "llama-bpe") and bos is not None:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{names[bos]} $A", pair=f"{names[bos]} $A $B", special_tokens=[(names[bos], bos)]
        )
    return tokenizer
