"""What a trained adapter is worth on articles that it was not trained on.

In: a run, or nothing for the bare checkpoint. Out: the figures of `analyst-brief eval` on held-out articles.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from summarizer.config import load_config
from summarizer.evaluate import evaluate, read_corpus
from summarizer.models import pull
from summarizer.models.local import LocalModel
from summarizer.types import Options
from training.examples import is_held_out


def evaluate_adapter(
    base: str, adapter: Path | None, files: Sequence[Path], articles: int, threads: int | None, options: Options
) -> dict[str, Any]:
    """The figures for a checkpoint with an adapter, or bare, on the first `articles` held-out ones by file."""
    config = load_config()
    cases = [case for file in files for case in read_corpus(file, config) if is_held_out(case.id)]
    with LocalModel(pull(base), spec="house", adapter=adapter, threads=threads) as model:
        return evaluate(cases[:articles], model, config, options)
