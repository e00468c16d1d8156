"""How well a model's relevance agrees with the corpus, and the calibration that configs/models.toml holds.

    python benchmarks/relevance.py [CORPUS.jsonl] [--model house] [--articles 24]

Every chosen article is rated for all sixteen sectors, by the adapter's probe or the model's digits. Printed are the
mean absolute error and Spearman's rank correlation as the model says it, calibrated by least squares on all articles
but the one that is judged (so no article is judged by a calibration that saw it), and for scale the error of always
saying the corpus's median; then the table for configs/models.toml, fitted on all of them. Only articles that the
house adapter was not trained on are used, in the order of their ids' hashes; the shipped probe has seen most of them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from summarizer import load_config, open_model  # noqa: E402
from summarizer.evaluate import spearman  # noqa: E402
from summarizer.models.protocol import Prefix  # noqa: E402
from summarizer.prompting import Prompts  # noqa: E402
from summarizer.score import score  # noqa: E402
from summarizer.segment import segment  # noqa: E402
from summarizer.types import Panel  # noqa: E402
from training.evaluate import held_out_cases  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="?", help="default: the whole corpus")
    parser.add_argument("--model", default="house")
    parser.add_argument("--articles", type=int, default=24)
    options = parser.parse_args()

    config = load_config()
    files = [Path(options.corpus)] if options.corpus else sorted((ROOT / "training/corpus").glob("*.jsonl"))
    cases = held_out_cases(files, config)
    given, said = [], []
    with open_model(options.model) as model:
        spec = model.info.spec
        prompts = Prompts(config.prompt_dirs)
        for number, case in enumerate(cases[: options.articles], 1):
            print(f"{number}/{options.articles} {case.id}", file=sys.stderr, flush=True)
            beats = sorted(case.scores)
            panel = Panel("all", "All", tuple(config.sectors[beat] for beat in beats))
            reading = segment(case.article)
            with model.read(Prefix(prompts.system(), prompts.document(reading))) as session:
                said.append([rating.expected for rating in score(session, prompts, reading, panel)])
            given.append([case.scores[beat] for beat in beats])
    report(spec, np.array(given, dtype=float), np.array(said))


def report(spec: str, given: np.ndarray, said: np.ndarray) -> None:
    """Both arrays: [articles, sectors]."""
    calibrated = np.empty_like(said)
    for i in range(len(said)):
        others = np.arange(len(said)) != i
        offset, slope, _ = fitted(given[others], said[others])
        calibrated[i] = np.clip(offset + slope * said[i], 1, 10)
    for name, values in (("as it says", said), ("calibrated, held out", calibrated)):
        error = np.abs(values - given).mean(axis=1)
        print(
            f"{name:<22} mean absolute error {error.mean():.2f} (by article {error.min():.2f} to {error.max():.2f}), "
            f"Spearman {spearman(list(given.ravel()), list(values.ravel())):.2f}"
        )
    print(f"{'always the median':<22} mean absolute error {np.abs(np.median(given) - given).mean():.2f}")
    offset, slope, error = fitted(given, said)
    print(f"\n[{spec}]\noffset = {offset:.2f}\nslope = {slope:.2f}\nerror = {error:.2f}")


def fitted(given: np.ndarray, said: np.ndarray) -> tuple[float, float, float]:
    """Offset, slope and root mean square error of the least-squares line from what is said to what is given."""
    design = np.stack([np.ones(said.size), said.ravel()], axis=1)
    (offset, slope), *_ = np.linalg.lstsq(design, given.ravel(), rcond=None)
    rest = design @ np.array([offset, slope]) - given.ravel()
    return float(offset), float(slope), float(np.sqrt((rest**2).mean()))


if __name__ == "__main__":
    main()
