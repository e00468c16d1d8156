"""GGUF to Hugging Face layout: the weights are the ones that went in, whatever the family."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType
from safetensors.torch import load_file
from tiny_gguf import F32, Q8, TEMPLATE, TOKENS, random_weights, write_gguf
from transformers import AutoModelForCausalLM, AutoTokenizer

from summarizer.errors import NotFound, UnsupportedModel, WeightsCorrupt
from summarizer.models.convert import convert
from summarizer.models.convert_weights import to_bfloat16
from summarizer.models.gguf_file import Gguf

Q4 = GGMLQuantizationType.Q4_0


def converted(tmp_path: Path, *args: object, **options: object) -> Path:
    source = write_gguf(tmp_path / "model.gguf", *args, **options)  # type: ignore[arg-type]
    directory = tmp_path / "model"
    directory.mkdir()
    convert(source, directory)
    return directory


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
@pytest.mark.parametrize("tied", [True, False])
def test_weights_that_went_in_come_out_in_bfloat16(tmp_path: Path, family: str, tied: bool) -> None:
    weights = random_weights(family, tied=tied)
    found = load_file(converted(tmp_path, weights, family) / "model.safetensors")
    assert found.keys() == weights.keys()
    for name, values in weights.items():
        assert torch.equal(found[name], torch.from_numpy(values).to(torch.bfloat16)), name


@pytest.mark.parametrize("family", ["llama", "qwen2"])
@pytest.mark.parametrize("kind", [Q8, Q4, GGMLQuantizationType.F16, GGMLQuantizationType.BF16])
def test_conversion_equals_transformers_own_reader(tmp_path: Path, family: str, kind: GGMLQuantizationType) -> None:
    directory = converted(tmp_path, random_weights(family, tied=False), family, kind=kind)
    ours = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.bfloat16).state_dict()
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file="model.gguf", dtype=torch.bfloat16).state_dict()
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        assert torch.equal(ours[name], values), name


@pytest.mark.parametrize("kind", [F32, Q8])
def test_what_is_not_converted_here_goes_through_transformers(tmp_path: Path, kind: GGMLQuantizationType) -> None:
    weights = random_weights("llama", tied=False)
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    here = converted(tmp_path / "here", weights, kind=kind)
    there = converted(tmp_path / "there", weights, kind=kind, sliding_window=128)
    ours, theirs = load_file(here / "model.safetensors"), load_file(there / "model.safetensors")
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        assert torch.equal(ours[name], values), name
    assert AutoTokenizer.from_pretrained(there).chat_template == TEMPLATE
    assert "quantization_config" not in json.loads((there / "config.json").read_text())


def test_converted_model_computes_what_the_original_does(tmp_path: Path) -> None:
    weights = random_weights("llama")
    directory = converted(tmp_path, weights, "llama")
    model = AutoModelForCausalLM.from_pretrained(directory, dtype=torch.float32)
    original = AutoModelForCausalLM.from_config(model.config)
    state = {name: torch.from_numpy(values).to(torch.bfloat16) for name, values in weights.items()}
    original.load_state_dict({**state, "lm_head.weight": state["model.embed_tokens.weight"]})
    ids = torch.arange(40).unsqueeze(0)
    with torch.inference_mode():
        assert torch.allclose(model(ids).logits, original.to(torch.float32)(ids).logits, atol=1e-5)


def test_a_matrix_written_twice_is_kept_once_in_its_finer_form(tmp_path: Path) -> None:
    weights = random_weights("qwen2")
    directory = converted(tmp_path, weights, "qwen2", kind=Q4, output_kind=Q8)
    found = load_file(directory / "model.safetensors")
    assert "lm_head.weight" not in found
    assert json.loads((directory / "config.json").read_text())["tie_word_embeddings"] is True
    kept = found["model.embed_tokens.weight"].float().numpy()
    original = weights["model.embed_tokens.weight"]
    assert np.abs(kept - original).max() < 0.006  # Q8_0; Q4_0 errs by ten times as much
    assert np.abs(kept - original).max() > 0


def test_two_different_matrices_stay_two(tmp_path: Path) -> None:
    directory = converted(tmp_path, random_weights("qwen2", tied=False), "qwen2", kind=Q4)
    assert "lm_head.weight" in load_file(directory / "model.safetensors")
    assert json.loads((directory / "config.json").read_text())["tie_word_embeddings"] is False


def test_rounding_is_pytorchs(tmp_path: Path) -> None:
    bits = np.random.default_rng(1).integers(0, 2**32, 100_000, dtype=np.uint32)
    values = bits.view(np.float32)
    values = values[np.isfinite(values)]
    ties = (np.arange(1000, dtype=np.uint32) << 16 | 0x8000 | 0x3F000000).view(np.float32)
    values = np.concatenate([values, ties])
    expected = torch.from_numpy(values).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)
    assert np.array_equal(to_bfloat16(values), expected)


def test_tokenizer_is_complete(tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(converted(tmp_path, random_weights("llama")))
    assert tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.chat_template == TEMPLATE
    text = "“Sources say” the café paid €1.2m – 10% more…\n\nthe end  "
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.convert_ids_to_tokens(tokenizer.encode("the 10")) == ["the", "Ġ", "1", "0"]
    assert tokenizer.encode("<|im_end|>") == [TOKENS.index("<|im_end|>")]
    assert "[PAD0]" not in tokenizer.get_vocab()


def test_every_end_of_an_answer_is_listed(tmp_path: Path) -> None:
    directory = converted(tmp_path, random_weights("qwen2"), "qwen2")
    config = json.loads((directory / "generation_config.json").read_text())
    assert config["eos_token_id"] == [TOKENS.index("<|im_end|>"), TOKENS.index("<|endoftext|>")]


def test_stretched_positions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel, match="stretches its positions"):
        converted(tmp_path, random_weights("llama"), "llama", rope_scaling="yarn")


def test_a_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    data = write_gguf(tmp_path / "model.gguf", random_weights("llama"), kind=F32).read_bytes()
    cut = tmp_path / "cut.gguf"
    for size in [0, 3, 4, 23, 24, 100, 1000, 5000, len(data) // 2, len(data) - 64]:
        cut.write_bytes(data[:size])
        with pytest.raises(WeightsCorrupt):
            Gguf(cut)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "page.gguf").write_text("<!doctype html>" * 100)
    with pytest.raises(WeightsCorrupt, match="not a GGUF file"):
        Gguf(tmp_path / "page.gguf")
    with pytest.raises(NotFound):
        Gguf(tmp_path / "absent.gguf")
