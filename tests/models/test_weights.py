"""The cache: whole or absent, fetched once, whoever comes and whatever dies."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from loopback import Request, Response, serving
from shelf import NOWHERE, Hub, Index, from_hub, from_index, small_checkpoint
from tiny_gguf import random_weights, write_gguf

from summarizer.errors import BadRequest, NoSpace, NotFound, UnknownName, WeightsCorrupt, WeightsUnavailable
from summarizer.models import list_models, open_model, pull
from summarizer.models.registry import CHECKPOINTS, HOUSE, Checkpoint
from summarizer.models.weights import (
    cache_directory,
    ensure,
    ensure_file,
    is_offline,
    is_whole,
    source_file,
)

Small = tuple[Checkpoint, bytes]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return small_checkpoint(tmp_path_factory.mktemp("small"))


def files_in(directory: Path) -> set[str]:
    return {path.name for path in directory.rglob("*") if path.is_file() and path.suffix != ".lock"}


def test_first_use_fetches_and_later_ones_need_nothing(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    stages: list[str] = []
    with serving(Hub(data)) as server:
        directory = ensure(
            checkpoint,
            cache=tmp_path,
            sources=from_hub(server.url),
            progress=lambda stage, done, total: stages.append(stage),
        )
        assert len(server.requests) == 1
    assert list(dict.fromkeys(stages)) == ["download", "unpack", "convert"]
    assert {"config.json", "model.safetensors", "tokenizer.json", "manifest.json"} <= files_in(directory)
    assert not source_file(checkpoint.sha256, tmp_path).exists()
    assert ensure(checkpoint, cache=tmp_path, sources=NOWHERE, offline=True) == directory


def test_source_is_kept_on_request(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    with serving(Index(checkpoint, data)) as server:
        ensure(checkpoint, cache=tmp_path, sources=from_index(server.url))
        ensure(checkpoint, cache=tmp_path, sources=from_index(server.url), keep_source=True)
    assert source_file(checkpoint.sha256, tmp_path).read_bytes() == data


def test_a_damaged_model_is_built_again(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    with serving(Hub(data)) as server:
        directory = ensure(checkpoint, cache=tmp_path, sources=from_hub(server.url))
        weights = (directory / "model.safetensors").read_bytes()
        for damage in ("cut", "gone"):
            if damage == "cut":
                (directory / "model.safetensors").write_bytes(weights[:-1])
            else:
                (directory / "config.json").unlink()
            assert not is_whole(directory)
            ensure(checkpoint, cache=tmp_path, sources=from_hub(server.url))
            assert is_whole(directory)
            assert (directory / "model.safetensors").read_bytes() == weights


def test_a_failed_conversion_leaves_no_model(tmp_path: Path) -> None:
    data = b"GGUF and then nothing that makes sense" * 10
    path = tmp_path / "bad.gguf"
    path.write_bytes(data)
    with pytest.raises(WeightsCorrupt):
        ensure_file(path, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("models/*"))


# --- offline and disk ---


def test_offline_says_what_to_do(small: Small, tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable) as caught:
        ensure(small[0], cache=tmp_path / "absent", offline=True)
    assert "offline" in caught.value.message
    assert "models pull" in caught.value.hint
    assert not (tmp_path / "absent").exists()
    assert is_offline(environment={"ANALYST_BRIEF_OFFLINE": "1"})
    assert is_offline(environment={"HF_HUB_OFFLINE": "true"})
    assert not is_offline(environment={"ANALYST_BRIEF_OFFLINE": "0"})


def test_a_full_disk_is_known_before_anything_is_fetched(small: Small, tmp_path: Path) -> None:
    with serving(Hub(small[1])) as server:
        with pytest.raises(NoSpace) as caught:
            ensure(
                HOUSE,
                cache=tmp_path,
                sources=from_hub(server.url),
                free_space=lambda path: 1_000_000_000,
            )
        assert server.requests == []
    assert "4.3 GB" in caught.value.message
    assert "1.0 GB" in caught.value.message
    assert "ANALYST_BRIEF_CACHE" in caught.value.hint


def test_an_unwritable_cache_is_a_sentence(small: Small, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(WeightsUnavailable, match="can't be written"):
        ensure(small[0], cache=tmp_path / "file", sources=NOWHERE)


# --- other processes ---

RUN = """
import pickle, sys
from pathlib import Path
from summarizer.models.weights import ensure
checkpoint, cache, sources = pickle.loads(bytes.fromhex(sys.argv[1]))
print(ensure(checkpoint, cache=cache, sources=sources, progress=lambda *r: print(*r, file=sys.stderr)))
"""


def start(*arguments: object) -> subprocess.Popen[str]:
    here = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", RUN, pickle.dumps(arguments).hex()]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=here)


def test_two_processes_at_once_fetch_once(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    gate = threading.Event()

    def slow(request: Request) -> Response:
        gate.wait(30)
        return Hub(data)(request)

    with serving(slow) as server:
        first, second = (start(checkpoint, tmp_path, from_hub(server.url)) for _ in range(2))
        deadline = time.monotonic() + 30
        while not server.requests and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(1.5)  # time for the other one to come to the lock
        gate.set()
        results = [process.communicate(timeout=60) for process in (first, second)]
        assert len(server.requests) == 1
    assert first.returncode == second.returncode == 0
    assert results[0][0] == results[1][0]
    assert sum("wait 0 1" in errors for _, errors in results) == 1


def test_a_process_killed_in_the_middle_leaves_nothing_broken(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    seen: list[str] = []
    held = threading.Event()

    def stalls(request: Request) -> Response:
        response = Hub(data, seen=seen)(request)
        return Response(response.status, response.body, response.headers, torn_after=50_000, wait=held)

    with serving(stalls) as server:
        process = start(checkpoint, tmp_path, from_hub(server.url))
        part = source_file(checkpoint.sha256, tmp_path).with_suffix(".gguf.part")
        deadline = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size >= 40_000) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        held.set()
    have = part.stat().st_size
    with serving(Hub(data, seen=seen)) as server:
        directory = ensure(checkpoint, cache=tmp_path, sources=from_hub(server.url))
    assert have > 0
    assert seen[-1] == f"bytes={have}-"
    assert is_whole(directory)


def test_remains_of_a_killed_conversion_go(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    source = source_file(checkpoint.sha256, tmp_path)
    source.parent.mkdir(parents=True)
    source.write_bytes(data)  # fetched and found right; then came the kill
    remains = tmp_path / "models" / f".small-{checkpoint.sha256[:12]}-c1-4711"
    remains.mkdir(parents=True)
    (remains / "model.safetensors").write_bytes(b"half")
    older = tmp_path / "models" / f"small-{checkpoint.sha256[:12]}-c0"
    older.mkdir()
    directory = ensure(checkpoint, cache=tmp_path, sources=NOWHERE, offline=True)
    assert is_whole(directory)
    assert [path.name for path in (tmp_path / "models").iterdir()] == [directory.name]


# --- gguf:PATH ---


def test_a_gguf_file_is_converted_once_by_its_content(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "My Model.gguf", random_weights("qwen2"), "qwen2")
    cache = tmp_path / "cache"
    first = pull(f"gguf:{path}", cache_dir=cache)
    made = (first / "manifest.json").stat().st_mtime_ns
    assert pull(f"gguf:{path}", cache_dir=cache) == first
    assert (first / "manifest.json").stat().st_mtime_ns == made
    assert path.exists()
    write_gguf(path, random_weights("qwen2", seed=1), "qwen2")
    os.utime(path, ns=(1, 1))
    assert pull(f"gguf:{path}", cache_dir=cache) != first
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(path.read_bytes())
    assert ensure_file(copy, cache=cache).name.startswith("copy-")


def test_wrong_targets_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        open_model(f"gguf:{tmp_path}/absent.gguf", cache_dir=tmp_path)
    with pytest.raises(NotFound):
        open_model(f"hf:{tmp_path}/absent", cache_dir=tmp_path)
    (tmp_path / "page.gguf").write_text("<!doctype html>")
    with pytest.raises(WeightsCorrupt):
        open_model(f"gguf:{tmp_path}/page.gguf", cache_dir=tmp_path)
    with pytest.raises(WeightsUnavailable):
        open_model("hf:nobody/nothing-of-this-name", cache_dir=tmp_path, offline=True)
    with pytest.raises(BadRequest):
        pull("openai:m@http://127.0.0.1:1/v1")


# --- names ---


def test_unknown_models_name_all_forms() -> None:
    for spec in ("", "hause", "hf:", "gguf:", "openai:model", "openai:@http://host", "openai:m@host", "qwen"):
        with pytest.raises(UnknownName) as caught:
            open_model(spec)
        for form in ("house", "tiny", "hf:NAME_OR_PATH", "gguf:PATH", "openai:MODEL@BASE_URL"):
            assert form in caught.value.hint


def test_listing_shows_every_checkpoint_and_its_state(tmp_path: Path) -> None:
    listed = list_models(cache_dir=tmp_path)
    assert [model.spec for model in listed] == ["house", "tiny", "qwen2.5-coder-0.5b"]
    assert {model.size for model in listed} == {known.size for known in CHECKPOINTS}
    assert not any(model.cached for model in listed)
    assert all(model.path.is_relative_to(tmp_path) for model in listed)
    assert all(model.licence == "Apache-2.0" for model in listed)


def test_the_cache_has_its_place() -> None:
    assert cache_directory("/x", {"ANALYST_BRIEF_CACHE": "/y"}) == Path("/x")
    assert cache_directory(None, {"ANALYST_BRIEF_CACHE": "/y", "XDG_CACHE_HOME": "/z"}) == Path("/y")
    assert cache_directory(None, {"XDG_CACHE_HOME": "/z"}) == Path("/z/analyst-brief")
    assert cache_directory(None, {}).is_relative_to(Path.home())
