"""An adapter at a part of its strength, as a run of its own.

In: a run, a strength. Out: another run's directory with the same factors, whose product counts for less. Between the
checkpoint that was trained and what training made of it lie weights that keep what the first could do and have learnt
most of what the second was taught (Wortsman et al., 2022, Robust fine-tuning of zero-shot models, arXiv 2109.01903).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from summarizer.errors import BadRequest, NotFound
from training.lora import CONFIG, WEIGHTS
from training.train import ADAPTER


def scale(run: Path, strength: float, target: Path) -> Path:
    """Where the scaled adapter is. Raises NotFound or BadRequest."""
    source, made = run / ADAPTER, target / ADAPTER
    if not (source / WEIGHTS).exists():
        raise NotFound(f"{run} holds no adapter.", "Train it first: python -m training train BASE.")
    if not 0 < strength <= 1:
        raise BadRequest(f"The strength must be above 0 and at most 1, not {strength}.")
    if target.resolve() == run.resolve():
        raise BadRequest("The scaled adapter needs a directory of its own.", "Name another one with --to.")
    made.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / WEIGHTS, made / WEIGHTS)
    for path, copy, key in (
        (source / CONFIG, made / CONFIG, "lora_alpha"),
        (run / "plan.json", target / "plan.json", "alpha"),
    ):
        told = json.loads(path.read_text(encoding="utf-8"))
        told[key] *= strength
        copy.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return made
