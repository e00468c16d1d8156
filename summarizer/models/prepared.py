"""Eight-bit matrices of a checkpoint, kept between runs, so that only the first load has to quantise.

In: names and functions that make the matrices. Out: the matrices, from disk where they are kept. The folder is
keyed by everything that they depend on, built beside its place and renamed in one step: it is whole or absent. It
is only a cache: where it can't be written, the load goes on without it. Knows no architecture.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from summarizer.models.linear import EightBit

SCHEME = "1"  # changes when what linear.py makes of a weight does


class Prepared:
    """`folder` None keeps nothing. `whole` says that all matrices are there from an earlier run."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._building: Path | None = None
        self.whole = folder is not None and folder.is_dir()
        if folder is not None and not self.whole:
            with contextlib.suppress(OSError):
                folder.parent.mkdir(parents=True, exist_ok=True)
                self._building = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))

    def matrix(self, name: str, make: Callable[[], EightBit]) -> EightBit:
        """The matrix called `name`, made anew where it isn't kept or can't be read. For several threads at once."""
        if self.whole and self._folder is not None:
            with contextlib.suppress(OSError, SafetensorError, KeyError):
                kept = load_file(self._folder / f"{name}.safetensors")
                # The file stays mapped, and counts as memory, while any tensor of it lives; the levels are dropped
                # when they have been packed.
                return EightBit(kept["levels"], kept["scales"].clone(), kept["sums"].clone())
        matrix = make()
        building = self._building
        if building is not None:
            try:
                tensors = {"levels": matrix.levels, "scales": matrix.scales, "sums": matrix.sums}
                save_file(tensors, building / f"{name}.safetensors")
            except (OSError, SafetensorError):
                self.abandon()
        return matrix

    def finish(self) -> None:
        """Put what was built in its place; a process that was faster has put the same there."""
        if self._building is not None and self._folder is not None:
            try:
                self._building.rename(self._folder)
                self._building = None
            except OSError:
                self.abandon()

    def abandon(self) -> None:
        """Drop what was built."""
        building, self._building = self._building, None
        if building is not None:
            shutil.rmtree(building, ignore_errors=True)


def key(directories: Iterable[Path], *facts: object) -> str:
    """A name for what the files of some directories make under some facts: names, sizes and times of change."""
    digest = hashlib.sha256(repr((SCHEME, facts)).encode())
    for directory in directories:
        for path in sorted(directory.glob("*")):
            if path.is_file():
                status = os.stat(path)
                digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:24]
