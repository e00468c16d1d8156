"""Public stand-ins for the summarizer, and a real server around them on a port of this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from service import Core, Settings, create_app
from summarizer import (
    Article,
    Brief,
    Cancelled,
    EmptyInput,
    NotFound,
    NotText,
    Options,
    Panel,
    Past,
    Progress,
    TooLarge,
    TooShort,
    brief_from_dict,
    brief_to_dict,
    render,
)
from tests.briefs import ANALYSTS, BRIEF

WORDS = " ".join(f"Sentence {n} of this story names a harbour and a sum of {n} million dollars." for n in range(1, 9))
PANELS = {"space": Panel("space", "Space", ANALYSTS), "water": Panel("water", "Water", ANALYSTS[:1])}
MAX_BYTES = 200_000


def ingest_text(text: str, *, kind: str = "auto", title: str = "", byline: str = "", published: str = "") -> Article:
    if "\x00" in text:
        raise NotText("This is not a text.", "Send plain text.")
    if not text.strip():
        raise EmptyInput("There is nothing to read.", "Send an article.")
    if len(text) > MAX_BYTES:
        raise TooLarge("The article is too large.", "Send less.")
    if len(text.split()) < 40:
        raise TooShort("The article has fewer than 40 words.", "Send the whole article.")
    first = text.strip().splitlines()[0][:80]
    return Article(text, title or first, byline, published, source=kind)


def ingest_bytes(data: bytes, *, kind: str = "auto", name: str = "", charset: str = "") -> Article:
    try:
        text = data.decode(charset or "utf-8")
    except (LookupError, ValueError) as error:
        raise NotText("This is not a text.", "Send plain text.") from error
    return replace(ingest_text(text, kind=kind), source=name or kind)


def ingest_url(url: str) -> Article:
    if "missing" in url:
        raise NotFound(f"The page {url} can't be fetched: 404.", "Check the address.")
    return Article(WORDS, title="Fetched", url=url)


@dataclass(frozen=True)
class Info:
    name: str = "fake model"


@dataclass
class FakeModel:
    info: Info = field(default_factory=Info)
    closed: bool = False

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True)
class Listed:
    spec: str = "house"
    name: str = "The house model"
    size: int = 1_000
    licence: str = "Apache-2.0"
    cached: bool = True


@dataclass
class Writer:
    """Writes BRIEF for any article, in `steps` of `seconds`; waits at `gate`, and heeds `stop` everywhere."""

    seconds: float = 0.0
    steps: int = 2
    gate: threading.Event | None = None
    errors: list[Exception] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    options: list[Options] = field(default_factory=list)
    past: list[list[str]] = field(default_factory=list)

    def __call__(
        self,
        article: Article,
        panel: Panel,
        model: Any,
        *,
        options: Options,
        watch: Callable[[Progress], None],
        stop: Callable[[], bool],
        past: Past,
    ) -> Brief:
        self.seen.append(article.title)
        self.options.append(options)
        self.past.append([found.article.title for found in past(article)])
        for step in range(self.steps):
            watch(Progress("write", step, self.steps))
            if self.seconds:
                time.sleep(self.seconds)
            while self.gate is not None and not self.gate.wait(0.01) and not stop():
                pass
            if stop():
                raise Cancelled("Stopped.")
        if self.errors:
            raise self.errors.pop(0)
        reading = replace(BRIEF.reading, article=replace(BRIEF.reading.article, title=article.title))
        return replace(BRIEF, reading=reading, panel=panel)


def core(write: Any = None, **changes: Any) -> Core:
    values: dict[str, Any] = {
        "panels": PANELS,
        "ingest_text": ingest_text,
        "ingest_bytes": ingest_bytes,
        "ingest_url": ingest_url,
        "open_model": lambda spec, progress: FakeModel(),
        "list_models": lambda: [Listed()],
        "write": write or Writer(),
        "to_dict": brief_to_dict,
        "from_dict": brief_from_dict,
        "render": render,
    }
    return Core(**(values | changes))


def settings(path: Path, **changes: Any) -> Settings:
    values = {"database": str(path / "jobs.sqlite3"), "lease_seconds": 2.0, "grace_seconds": 5.0}
    return Settings(**(values | changes))


@contextmanager
def serving(chosen: Settings, parts: Core) -> Iterator[httpx.Client]:
    """A client of a real server that runs in a thread."""
    app = create_app(chosen, parts)
    config = uvicorn.Config(app, port=0, log_level="critical", server_header=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            yield client
    finally:
        app.state.jobs.begin_stop()
        server.should_exit = True
        thread.join()


def until(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    """The condition's value as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError("it didn't become true in time")
