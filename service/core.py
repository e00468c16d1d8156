"""What the service asks of the summarizer, as one value of plain callables.

`app.real_core` fills it from the package; tests fill it with fakes. Not here: anything that happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from summarizer import Article, Brief, Model, Options, Panel, Past, Progress

LoadWatch = Callable[[str, int, int], None]
Watch = Callable[[Progress], None]
Stop = Callable[[], bool]
Kind = Literal["auto", "text", "markdown", "html"]


class KnownModel(Protocol):
    """A model that can be fetched, as `summarizer.list_models` tells of it."""

    @property
    def spec(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def licence(self) -> str: ...
    @property
    def cached(self) -> bool: ...


class IngestText(Protocol):
    def __call__(self, text: str, *, kind: Kind, title: str = "", byline: str = "", published: str = "") -> Article: ...


class IngestBytes(Protocol):
    def __call__(self, data: bytes, *, kind: Kind, name: str = "", charset: str = "") -> Article: ...


class Write(Protocol):
    def __call__(
        self,
        article: Article,
        panel: Panel,
        model: Model,
        *,
        options: Options,
        watch: Watch,
        stop: Stop,
        past: Past,
    ) -> Brief: ...


@dataclass(frozen=True, slots=True)
class Core:
    """`open_model(spec, progress)` blocks until the model can be used. `render(brief, format)` gives text,
    markdown or an html fragment."""

    panels: Mapping[str, Panel]
    ingest_text: IngestText
    ingest_bytes: IngestBytes
    ingest_url: Callable[[str], Article]
    open_model: Callable[[str, LoadWatch], Model]
    list_models: Callable[[], Sequence[KnownModel]]
    write: Write
    to_dict: Callable[[Brief], dict[str, Any]]
    from_dict: Callable[[dict[str, Any]], Brief]
    render: Callable[[Brief, str], str]
