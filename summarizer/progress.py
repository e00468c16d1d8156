"""Progress on stderr: a bar on a terminal, one line a stage elsewhere.

In: the calls that model loading and the pipeline make as they go on. Out: text for people; nothing depends on
it.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from summarizer.types import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

LABELS = {
    "download": "fetching the model",
    "unpack": "checking the model",
    "convert": "preparing the model (once)",
    "load": "loading the model",
    "wait": "waiting for another process that prepares the model",
    "read": "reading",
    "score": "scoring",
    "write": "writing",
    "verify": "checking",
}


class Bar:
    """Shows what `load` and `watch` are told. `seconds_loading` is the time from entering to the first
    `watch`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._rich: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._began = time.perf_counter()
        self._said = ""
        self.seconds_loading = 0.0

    def __enter__(self) -> Bar:
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as RichProgress

            self._rich = RichProgress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TimeElapsedColumn(),
                console=Console(file=self._stream),
                transient=True,
            )
            self._rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._rich is not None:
            self._rich.stop()

    def load(self, stage: str, done: int, total: int) -> None:
        self._show(stage, done, total)

    def watch(self, progress: Progress) -> None:
        if not self.seconds_loading:
            self.seconds_loading = time.perf_counter() - self._began
        self._show(progress.stage, progress.done, progress.total)

    def _show(self, stage: str, done: int, total: int) -> None:
        label = LABELS.get(stage, stage)
        if self._rich is None:
            if stage != self._said:
                print(f"{label} ...", file=self._stream, flush=True)
                self._said = stage
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._rich.add_task(label, total=total or None)
        self._rich.update(self._tasks[stage], completed=done, total=total or None)
