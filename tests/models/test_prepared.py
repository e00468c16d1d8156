"""Prepared matrices: the same from disk as made anew, whole or absent, and never in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from summarizer.models.linear import EightBit, eight_bit
from summarizer.models.prepared import Prepared, key


def matrix() -> EightBit:
    return eight_bit(torch.randn(8, 16, generator=torch.Generator().manual_seed(1)))


def never() -> EightBit:
    raise AssertionError("it is kept")


def test_a_finished_folder_gives_the_same_matrices(tmp_path: Path) -> None:
    first = Prepared(tmp_path / "p")
    made = first.matrix("a", matrix)
    assert not first.whole
    first.finish()
    second = Prepared(tmp_path / "p")
    assert second.whole
    kept = second.matrix("a", never)
    assert torch.equal(kept.levels, made.levels)
    assert torch.equal(kept.scales, made.scales)
    assert torch.equal(kept.sums, made.sums)


def test_what_was_not_finished_is_not_there(tmp_path: Path) -> None:
    broken = Prepared(tmp_path / "p")
    broken.matrix("a", matrix)
    broken.abandon()
    assert list(tmp_path.iterdir()) == []
    assert not Prepared(tmp_path / "p").whole


def test_the_second_of_two_builders_leaves_the_first_ones_folder(tmp_path: Path) -> None:
    one, other = Prepared(tmp_path / "p"), Prepared(tmp_path / "p")
    for each in (one, other):
        each.matrix("a", matrix)
        each.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    first = Prepared(tmp_path / "p")
    first.matrix("a", matrix)
    first.finish()
    (tmp_path / "p/a.safetensors").write_bytes(b"torn")
    assert torch.equal(Prepared(tmp_path / "p").matrix("a", matrix).levels, matrix().levels)


def test_a_place_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    prepared = Prepared(tmp_path / "file" / "p")
    assert torch.equal(prepared.matrix("a", matrix).levels, matrix().levels)
    prepared.finish()
    assert torch.equal(Prepared(None).matrix("a", matrix).levels, matrix().levels)


@pytest.mark.parametrize("change", ["content", "fact"])
def test_the_key_follows_files_and_facts(tmp_path: Path, change: str) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"1")
    before = key([tmp_path], "paired")
    assert key([tmp_path], "paired") == before
    if change == "content":
        (tmp_path / "model.safetensors").write_bytes(b"12")
        assert key([tmp_path], "paired") != before
    else:
        assert key([tmp_path], "plain") != before
