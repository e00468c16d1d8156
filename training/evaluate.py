"""What a trained adapter is worth on articles that it was not trained on.

In: a run, or nothing for the bare checkpoint. Out: the figures of `analyst-brief eval` on held-out articles, and where
a directory is named their briefs, to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from summarizer.config import Config, load_config
from summarizer.evaluate import Case, evaluate, read_corpus
from summarizer.models import pull
from summarizer.models.local import LocalModel
from summarizer.models.probe import FILE
from summarizer.render import render
from summarizer.types import Brief, Options
from training.examples import is_held_out


def held_out_cases(files: Sequence[Path], config: Config) -> list[Case]:
    """The articles that are never trained on, by the hash of their ids, so that the first few are of all styles."""
    cases = [case for file in files for case in read_corpus(file, config) if is_held_out(case.id)]
    return sorted(cases, key=lambda case: sha256(case.id.encode()).hexdigest())


def evaluate_adapter(
    base: str,
    adapter: Path | None,
    files: Sequence[Path],
    articles: int,
    threads: int | None,
    options: Options,
    briefs: Path | None,
) -> dict[str, Any]:
    """The figures for a checkpoint with an adapter, or bare, on the first `articles` held-out ones.
    configs/models.toml's line for house is for adapters with a probe."""
    config = load_config()
    cases = held_out_cases(files, config)
    probed = adapter is not None and (adapter / FILE).exists()

    def keep(case: Case, brief: Brief) -> None:
        if briefs is not None:
            briefs.mkdir(parents=True, exist_ok=True)
            (briefs / f"{case.id}.md").write_text(render(brief, "markdown"), encoding="utf-8")

    with LocalModel(pull(base), spec="house" if probed else base, adapter=adapter, threads=threads) as model:
        return evaluate(cases[:articles], model, config, options, keep)
