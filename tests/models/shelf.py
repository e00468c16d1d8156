"""A small checkpoint, and the servers that offer it as the real ones do: a hub and a package index."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from loopback import Request, Response
from tiny_gguf import random_weights, write_gguf

from summarizer.models.fetch import Sources
from summarizer.models.registry import Checkpoint, HubFile, Wheel

HUB_PATH = "/someone/small-GGUF/resolve/abc123/small.gguf"


def small_checkpoint(folder: Path, *, parts: int = 3) -> tuple[Checkpoint, bytes]:
    """A known checkpoint of about 400 kB, and its bytes."""
    data = write_gguf(folder / "small.gguf", random_weights("llama")).read_bytes()
    part = -(-len(data) // parts)
    wheels = tuple(
        Wheel(f"small-data-part{n}", "0.2.0", f"small_data_part{n}/data/part{n:02d}.bin") for n in range(1, parts + 1)
    )
    checkpoint = Checkpoint(
        name="small",
        title="Small random model",
        licence="Apache-2.0",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        converted_bytes=1_000_000,
        part_bytes=part,
        hub=HubFile("someone/small-GGUF", "abc123", "small.gguf"),
        wheels=wheels,
    )
    return checkpoint, data


def wheel_bytes(wheel: Wheel, content: bytes) -> bytes:
    """A valid pure wheel with this member."""
    package = wheel.name.replace("-", "_")
    info = f"{package}-{wheel.version}.dist-info"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{package}/__init__.py", "raise RuntimeError('nothing of a data wheel is run')\n")
        archive.writestr(wheel.member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {wheel.name}\nVersion: {wheel.version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return out.getvalue()


@dataclass(frozen=True)
class Hub:
    """Answers as the hub does. `tear` breaks each of the first answers after so many bytes; `ranges=False`
    ignores Range; `told` is the sha256 that the header names."""

    data: bytes
    tear: tuple[int, ...] = ()
    ranges: bool = True
    told: str = ""
    status: int = 200
    seen: list[str] | None = None

    def __call__(self, request: Request) -> Response:
        if request.path != HUB_PATH or self.status != 200:
            return Response(self.status if self.status != 200 else 404)
        headers = {"x-linked-etag": f'"{self.told}"'} if self.told else {}
        body, status = self.data, 200
        match = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if match and self.ranges:
            start = int(match[1])
            body, status = self.data[start:], 206
            headers["content-range"] = f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
        if self.seen is None:
            return Response(status, body, headers)
        self.seen.append(request.headers.get("range", ""))
        tears = dict(enumerate(self.tear, start=1))
        return Response(status, body, headers, torn_after=tears.get(len(self.seen)))


class Index:
    """A package index with the wheels of a checkpoint: JSON, or HTML with `html=True`. `spoil` maps a part's
    number to the bytes of its wheel; `hashes=False` tells no hashes."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        data: bytes,
        *,
        html: bool = False,
        hashes: bool = True,
        spoil: dict[int, bytes] | None = None,
        tear: int | None = None,
    ) -> None:
        step = checkpoint.part_bytes
        self.html, self.hashes, self.tear = html, hashes, tear
        self.files: dict[str, bytes] = {}
        self.promised: dict[str, str] = {}
        for number, wheel in enumerate(checkpoint.wheels, start=1):
            content = wheel_bytes(wheel, data[(number - 1) * step : number * step])
            name = f"{wheel.name.replace('-', '_')}-{wheel.version}-py3-none-any.whl"
            self.promised[name] = hashlib.sha256(content).hexdigest()
            self.files[name] = (spoil or {}).get(number, content)

    def __call__(self, request: Request) -> Response:
        match = re.fullmatch(r"/simple/([\w-]+)/", request.path)
        if match:
            return self._page(match[1].replace("-", "_"))
        body = self.files.get(request.path.removeprefix("/files/"))
        if body is None:
            return Response(404)
        torn = self.tear if self.tear and "part2" in request.path else None
        return Response(200, body, {"content-type": "application/octet-stream"}, torn_after=torn)

    def _page(self, package: str) -> Response:
        names = [name for name in self.files if name.split("-")[0] == package]
        if not names:
            return Response(404)
        name = names[0]
        digest = self.promised[name] if self.hashes else ""
        older = name.replace("-0.2.0-", "-0.1.0-")
        if self.html:
            fragment = f"#sha256={digest}" if digest else ""
            page = f'<a href="../../files/{older}">{older}</a><a href="../../files/{name}{fragment}">{name}</a>'
            return Response(200, page.encode(), {"content-type": "text/html"})
        files = [
            {"filename": older, "url": f"/files/{older}", "hashes": {}},
            {"filename": name, "url": f"/files/{name}", "hashes": {"sha256": digest} if digest else {}},
        ]
        page = json.dumps({"meta": {"api-version": "1.0"}, "name": package, "files": files})
        return Response(200, page.encode(), {"content-type": "application/vnd.pypi.simple.v1+json"})


NOWHERE = Sources(hub="")


def from_hub(url: str) -> Sources:
    return replace(NOWHERE, hub=url)


def from_index(url: str) -> Sources:
    return replace(NOWHERE, indexes=(f"{url}/simple",))
