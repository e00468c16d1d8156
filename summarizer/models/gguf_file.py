"""Reading a GGUF file: its header as plain values, its tensors as float32, piece by piece.

In: a path. Out: `Gguf`, whose metadata are Python values and whose tensors are read from the mapped file when
asked for. It writes nothing, and knows nothing of model families (see convert.py). The header is read here
and not by the `gguf` package, whose reader makes an array object of every token of the vocabulary: 300,000
strings take it about ten seconds, and transformers, which goes over them again, half a minute.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from summarizer.errors import NotFound, UnsupportedModel, WeightsCorrupt

Floats = npt.NDArray[np.float32]

MAGIC = b"GGUF"
VERSIONS = (2, 3)
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
CHUNK_ELEMENTS = 8 << 20  # float32 values in one piece: 32 MB, so that the temporaries stay near the caches


@dataclass(frozen=True, slots=True)
class Tensor:
    """`shape` is outermost first (rows, columns), as NumPy and PyTorch have it; `offset` is from the file's
    start."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int
    nbytes: int

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


class Gguf:
    """A GGUF file whose header has been read; tensors are read when asked for, and no file stays open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                header = _Header(data, path.name)
        except (FileNotFoundError, IsADirectoryError) as exc:
            raise NotFound(f"There is no model file {path}.", "Check the path.") from exc
        except ValueError as exc:  # an empty file can't be mapped
            raise WeightsCorrupt(f"{path.name} is empty.", "Fetch the file again.") from exc
        self.metadata: dict[str, Any] = header.metadata
        self.tensors: dict[str, Tensor] = {tensor.name: tensor for tensor in header.tensors}

    def read(self, tensor: Tensor) -> Floats:
        """The whole tensor as float32."""
        out = np.empty(tensor.shape, np.float32)
        flat = out.reshape(-1)
        at = 0
        for piece in self.pieces(tensor):
            flat[at : at + piece.size] = piece
            at += piece.size
        return out

    def pieces(self, tensor: Tensor) -> Iterator[Floats]:
        """The tensor's values as float32, flat and in order, about CHUNK_ELEMENTS at a time."""
        for part in self.parts(tensor):
            yield part()

    def parts(self, tensor: Tensor) -> Iterator[Callable[[], Floats]]:
        """The same pieces, each as a call that reads it; calls may run in several threads."""
        columns = tensor.shape[-1]
        rows = tensor.elements // columns
        step = max(1, CHUNK_ELEMENTS // columns)
        for first in range(0, rows, step):
            yield partial(self._rows, tensor, first, min(step, rows - first))

    def _rows(self, tensor: Tensor, first: int, count: int) -> Floats:
        from gguf import GGMLQuantizationType
        from gguf.quants import dequantize

        row_bytes = tensor.nbytes * tensor.shape[-1] // tensor.elements
        start = tensor.offset + first * row_bytes
        raw = np.fromfile(self._path, np.uint8, count * row_bytes, offset=start)
        values = dequantize(raw.reshape(count, row_bytes), GGMLQuantizationType(tensor.kind))
        return np.ascontiguousarray(values, np.float32).reshape(-1)


class _Header:
    """The header, read front to back; every count is held against the file's size before it is believed."""

    def __init__(self, data: mmap.mmap, name: str) -> None:
        self._data, self._at, self._name = data, 0, name
        if len(data) < 24 or data[:4] != MAGIC:
            raise WeightsCorrupt(f"{name} is not a GGUF file.", "Give the path of a .gguf model file.")
        (version,) = struct.unpack_from("<I", data, 4)
        if version > 0xFFFF and version != VERSIONS[-1] << 24:
            raise self._torn()
        if version not in VERSIONS:  # or the other byte order
            raise UnsupportedModel(f"{name} has GGUF version {version}; versions 2 and 3 are read.")
        self._at = 8
        try:
            tensors, pairs = self._scalar("Q"), self._scalar("Q")
            self.metadata = {self._string(): self._value(self._scalar("I")) for _ in range(pairs)}
            infos = [self._info() for _ in range(tensors)]
            alignment = int(self.metadata.get("general.alignment", 32))
            start = -(-self._at // alignment) * alignment
            self.tensors = [self._tensor(info, start) for info in infos]
        except (struct.error, UnicodeDecodeError, IndexError, ZeroDivisionError) as exc:
            raise self._torn() from exc

    def _torn(self) -> WeightsCorrupt:
        return WeightsCorrupt(f"{self._name} is damaged or cut short.", "Fetch the file again.")

    def _scalar(self, code: str) -> Any:
        (value,) = struct.unpack_from("<" + code, self._data, self._at)
        self._at += struct.calcsize("<" + code)
        return value

    def _string(self) -> str:
        size = self._scalar("Q")
        end = self._at + size
        if end > len(self._data):
            raise IndexError
        text = self._data[self._at : end].decode("utf-8")
        self._at = end
        return text

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind == _ARRAY:
            inner, count = self._scalar("I"), self._scalar("Q")
            if count > len(self._data):
                raise IndexError
            if inner in (_STRING, _ARRAY):
                return [self._value(inner) for _ in range(count)]
            values = struct.unpack_from(f"<{count}{self._code(inner)}", self._data, self._at)
            self._at += struct.calcsize(f"<{count}{self._code(inner)}")
            return list(values)
        return self._scalar(self._code(kind))

    def _code(self, kind: int) -> str:
        try:
            return _SCALARS[kind]
        except KeyError as exc:
            raise self._torn() from exc

    def _info(self) -> tuple[str, tuple[int, ...], int, int]:
        name = self._string()
        dims = [self._scalar("Q") for _ in range(self._scalar("I"))]
        return name, tuple(reversed(dims)), self._scalar("I"), self._scalar("Q")

    def _tensor(self, info: tuple[str, tuple[int, ...], int, int], start: int) -> Tensor:
        from gguf import GGML_QUANT_SIZES, GGMLQuantizationType

        name, shape, kind, offset = info
        try:
            block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
        except (ValueError, KeyError) as exc:
            raise UnsupportedModel(f"{self._name} uses quantisation type {kind}, which isn't known.") from exc
        elements = math.prod(shape)
        nbytes = elements // block * block_bytes
        if elements == 0 or shape[-1] % block or start + offset + nbytes > len(self._data):
            raise IndexError
        return Tensor(name, shape, kind, start + offset, nbytes)
