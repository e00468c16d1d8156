"""A service in a process of its own: `python -m tests.service.process DATABASE LOG SECONDS`.

Every finished brief's title is appended to LOG; each of two steps takes SECONDS.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from service import create_app, serve
from tests.service.fakes import Writer, core, settings


def main(database: str, log: str, seconds: str) -> None:
    writer = Writer(seconds=float(seconds))

    def write(article: Any, panel: Any, model: Any, **options: Any) -> Any:
        brief = writer(article, panel, model, **options)
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(article.title + "\n")
        return brief

    chosen = settings(Path(database).parent, database=database, lease_seconds=1.0, grace_seconds=2.0)
    serve(create_app(chosen, core(write)), "127.0.0.1", 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
