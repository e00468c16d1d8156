"""Which checkpoints are opened how: refused rather than run wrongly; adapters merged; memory given back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from checkpoints import (
    REFUSED,
    VOCABULARY,
    generate,
    one_thread,
    reference,
    write_adapter,
    write_checkpoint,
)
from safetensors.torch import load_file, save_file

from summarizer.errors import UnsupportedModel, WeightsCorrupt
from summarizer.models.engine import Engine
from summarizer.models.load import open_network
from summarizer.models.rows import Write

IDS = list(range(5, 25))


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


def written(directory: Path, adapter: Path | None = None) -> list[int]:
    engine = Engine(open_network(directory, device="cpu", dtype="float32", adapter=adapter)[0])
    return engine.run(engine.prefill(IDS[:9]), [Write(tuple(IDS[9:]), 12)])[0].tokens


@pytest.mark.parametrize("name", REFUSED)
def test_an_architecture_that_cannot_share_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel):
        open_network(write_checkpoint(name, tmp_path), device="cpu", dtype="float32")


def test_a_tensor_without_a_place_is_not_ignored(tmp_path: Path) -> None:
    file = write_checkpoint("llama", tmp_path) / "model.safetensors"
    save_file({**load_file(file), "model.layers.0.self_attn.sinks": torch.ones(4)}, file)
    with pytest.raises(UnsupportedModel, match="sinks"):
        open_network(tmp_path, device="cpu", dtype="float32")


@pytest.mark.parametrize("name", ["llama", "neox"])
def test_a_missing_tensor_is_not_made_up(name: str, tmp_path: Path) -> None:
    file = write_checkpoint(name, tmp_path) / "model.safetensors"
    tensors = load_file(file)
    lost = next(key for key in tensors if "layers.1." in key and key.endswith("weight"))
    del tensors[lost]
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(UnsupportedModel, match="lacks the tensor"):
        open_network(tmp_path, device="cpu", dtype="float32")


def test_a_torn_file_is_named(tmp_path: Path) -> None:
    file = write_checkpoint("llama", tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(WeightsCorrupt, match=r"model\.safetensors"):
        open_network(tmp_path, device="cpu", dtype="float32")


def test_shards_are_read_by_their_index(tmp_path: Path) -> None:
    file = write_checkpoint("qwen3", tmp_path) / "model.safetensors"
    whole = written(tmp_path)
    tensors = load_file(file)
    file.unlink()
    halves = {"a.safetensors": sorted(tensors)[::2], "b.safetensors": sorted(tensors)[1::2]}
    for shard, names in halves.items():
        save_file({name: tensors[name] for name in names}, tmp_path / shard)
    index = {"weight_map": {name: shard for shard, names in halves.items() for name in names}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    assert written(tmp_path) == whole
    (tmp_path / "b.safetensors").unlink()
    with pytest.raises(WeightsCorrupt, match=r"b\.safetensors"):
        written(tmp_path)


@pytest.mark.parametrize(
    ("device", "dtype"), [("cpu", "float16"), ("tpu", None), ("cuda", "int8")], ids=["dtype", "device", "pair"]
)
def test_a_choice_that_does_not_exist_is_an_error(device: str, dtype: str | None, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedModel):
        open_network(write_checkpoint("llama", tmp_path), device=device, dtype=dtype)


SHAPES = {
    "llama": {
        "model.layers.0.self_attn.q_proj": (32, 32),
        "model.layers.1.self_attn.k_proj": (16, 32),
        "model.layers.2.mlp.down_proj": (32, 48),
    },
    "neox": {"gpt_neox.layers.1.attention.dense": (32, 32)},
}


@pytest.mark.parametrize("name", ["llama", "neox"])
@pytest.mark.parametrize("rslora", [False, True])
def test_an_adapter_is_merged(name: str, rslora: bool, tmp_path: Path) -> None:
    base = write_checkpoint(name, tmp_path / "base")
    adapter = write_adapter(tmp_path / "adapter", SHAPES[name], use_rslora=rslora)
    model = reference(base)
    low = load_file(adapter / "adapter_model.safetensors")
    scale = 8 / (4**0.5 if rslora else 4)
    for module in SHAPES[name]:
        stem = f"base_model.model.{module}.lora_"
        delta = low[stem + "B.weight"] @ low[stem + "A.weight"] * scale
        with torch.no_grad():
            model.get_parameter(module + ".weight").add_(delta)
    assert written(base, adapter) == generate(model, IDS, 12)
    assert written(base, adapter) != written(base)


def test_an_adapter_of_another_kind_or_model_is_refused(tmp_path: Path) -> None:
    base = write_checkpoint("llama", tmp_path / "base")
    shape = {"model.layers.0.self_attn.q_proj": (32, 32)}
    for number, settings in enumerate(
        ({"use_dora": True}, {"bias": "all"}, {"peft_type": "IA3"}, {"modules_to_save": ["lm_head"]})
    ):
        adapter = write_adapter(tmp_path / str(number), shape, **settings)
        with pytest.raises(UnsupportedModel, match="can't be merged"):
            written(base, adapter)
    elsewhere = write_adapter(tmp_path / "elsewhere", {"model.layers.9.self_attn.q_proj": (32, 32)})
    with pytest.raises(UnsupportedModel, match="another model"):
        written(base, elsewhere)
    with pytest.raises(UnsupportedModel, match=r"adapter_config\.json"):
        written(base, tmp_path)


def test_the_vocabulary_is_the_checkpoint_s(tmp_path: Path) -> None:
    network, device, dtype = open_network(write_checkpoint("qwen2", tmp_path), device="cpu")
    assert (network.vocabulary, device) == (VOCABULARY, "cpu")
    assert dtype in ("int8", "float32")
