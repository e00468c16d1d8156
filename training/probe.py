"""Relevance read off the model's state: a ridge regression from states to the corpus's scores, and what it is worth
beside the digits that the model would write and beside the article's words.

In: a checkpoint with a run's adapter. Out: states by article, kept in the run's directory; a table; the probe beside
the adapter. Judged on held-out articles that the fit has not seen, and once more on sectors that it has not seen
either.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from summarizer.config import Config, load_config
from summarizer.evaluate import spearman
from summarizer.models import pull
from summarizer.models.local import LocalModel
from summarizer.models.probe import Probe, write_probe
from summarizer.models.protocol import Prefix
from summarizer.prompting import Prompts
from summarizer.score import CHOICES, signs
from summarizer.segment import segment
from summarizer.words import content_stems, inverse_frequency
from training.examples import article_of, is_held_out, read
from training.train import ADAPTER

FOLDS, SEED = 5, 1
STRENGTHS = tuple(10.0**k for k in range(7))  # of the ridge, beside standardised values
Array = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Rated:
    """An article for all sectors: `states` [sectors, hidden], `digits` [sectors] the mean of the model's distribution
    over 1 to 10, `signs` [sectors, 2] what the article's words say (summarizer/score.py), `given` [sectors] the
    corpus's scores, `words` of the article."""

    id: str
    states: Array
    digits: Array
    signs: Array
    given: Array
    words: frozenset[str]

    def of(self, sectors: Sequence[int] | np.ndarray[Any, Any]) -> Rated:
        """The same article for some of its sectors."""
        own = (self.states[sectors], self.digits[sectors], self.signs[sectors], self.given[sectors])
        return Rated(self.id, *own, self.words)


def run(base: str, directory: Path, files: Sequence[Path], articles: int, most_words: int, threads: int | None) -> int:
    """Collects, compares, fits and saves."""
    config = load_config()
    records = [r for r in read(files) if len(r["article"]["body"].split()) <= most_words]
    taught = [r for r in records if not is_held_out(r["id"])]
    random.Random(SEED).shuffle(taught)  # of all styles
    taught = taught[:articles]
    held = [r for r in records if is_held_out(r["id"])]
    collect([*held, *taught], base, directory, config, threads)
    folder = directory / "states"
    sectors = sorted(config.sectors)
    rated = [[load(folder, r, config) for r in part] for part in (taught, held)]
    report(rated[0], rated[1], sectors, directory / ADAPTER)
    return 0


def collect(records: Iterable[Any], base: str, directory: Path, config: Config, threads: int | None) -> None:
    """Asks the model about every article that has no file yet."""
    folder = directory / "states"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [r for r in records if not _file(folder, r).exists()]
    if not missing:
        return
    analysts = [config.sectors[beat] for beat in sorted(config.sectors)]
    with LocalModel(pull(base), adapter=directory / ADAPTER, threads=threads) as model:
        prompts = Prompts(config.prompt_dirs)
        instructions = [prompts.render("relevance", analyst=analyst) for analyst in analysts]
        for number, record in enumerate(missing, 1):
            document = prompts.document(segment(article_of(record)))
            with model.read(Prefix(prompts.system(), document)) as session:
                rated, states = session.rate_with_states(instructions, CHOICES)
            if states is None:
                raise ValueError("The probe needs a checkpoint of the fast path.")
            part = _file(folder, record).with_suffix(".part.npz")
            np.savez(
                part, digits=np.array(rated) @ np.arange(1, len(CHOICES) + 1), states=states.numpy().astype(np.float32)
            )
            part.replace(_file(folder, record))
            print(f"{number}/{len(missing)} {record['id']}", file=sys.stderr, flush=True)


def load(folder: Path, record: Any, config: Config) -> Rated:
    kept = np.load(_file(folder, record))
    reading = segment(article_of(record))
    told = np.array([signs(reading, config.sectors[beat]) for beat in sorted(record["scores"])])
    given = np.array([record["scores"][beat] for beat in sorted(record["scores"])], dtype=float)
    words = frozenset(content_stems(record["article"]["title"] + " " + record["article"]["body"]))
    return Rated(record["id"], kept["states"].astype(float), kept["digits"].astype(float), told, given, words)


def report(taught: Sequence[Rated], held: Sequence[Rated], sectors: Sequence[str], adapter: Path) -> None:
    """Prints the table and saves a probe that was fitted on all articles. In the table every held-out article is judged
    by a fit on `taught` and on those held-out articles that aren't in its fold."""
    every = [*taught, *held]
    strength = _strength(every)
    probed, with_words = _by_probe(strength), _with_words(strength)
    print(f"{len(taught)} articles of the training part, {len(held)} held out, {len(sectors)} sectors each\n")
    print(f"{'held-out articles':26} {'mean absolute error':>20} {'Spearman':>9}")
    truth = np.stack([r.given for r in held])
    told = _crossed(with_words, taught, held)
    beside: list[tuple[str, Predict]] = [
        ("the sector's mean", _by_sector),
        ("the article's words", _by_words),
        ("digits, calibrated", _by_digits),
    ]
    for name, predict in beside:
        _show(name, _crossed(predict, taught, held), truth)
    _show(f"probe (ridge {strength:g})", _crossed(probed, taught, held), truth)
    _show("probe with the words", told, truth)
    print(f"\n{'and held-out sectors':26}")
    for name, predict in [beside[-1], ("probe", probed), ("probe with the words", with_words)]:
        values = np.concatenate([_crossed(_unseen(predict, k), taught, held) for k in range(len(sectors))], axis=1)
        _show(name, values, truth)
    rest = np.clip(told, 1, 10) - truth
    line = _line(every, strength)
    names = ("offset", "slope", "share", "words", "error")
    print("\nfor configs/models.toml:")
    for name, value in zip(names, [*line, np.sqrt((rest**2).mean())], strict=True):
        print(f"{name} = {value:.2f}")
    write_probe(adapter, Ridge.fit(_states(every), _given(every), strength).exported())


Predict = Callable[[Sequence[Rated], Sequence[Rated]], Array]


def _crossed(predict: Predict, taught: Sequence[Rated], held: Sequence[Rated]) -> Array:
    """What is told of every held-out article by a fit that hasn't seen it: [held, sectors]."""
    told: dict[int, Array] = {}
    for k in range(FOLDS):
        left = range(k, len(held), FOLDS)
        if left:  # there may be fewer articles than folds
            fit = [*taught, *(r for i, r in enumerate(held) if i not in left)]
            told |= dict(zip(left, predict(fit, [held[i] for i in left]), strict=True))
    return np.stack([told[i] for i in range(len(held))])


def _unseen(predict: Predict, sector: int) -> Predict:
    """The same predictor for one sector, fitted on all the others."""

    def told(taught: Sequence[Rated], held: Sequence[Rated]) -> Array:
        others = np.delete(np.arange(len(taught[0].given)), sector)
        return predict([r.of(others) for r in taught], [r.of([sector]) for r in held])

    return told


# --- predictors ---


@dataclass(frozen=True, slots=True)
class Ridge:
    """Least squares with a penalty on standardised values, without one on the mean (Hoerl and Kennard, 1970)."""

    mean: Array
    spread: Array
    weight: Array
    offset: float

    @staticmethod
    def fit(x: Array, y: Array, strength: float) -> Ridge:
        mean, spread = x.mean(0), x.std(0) + 1e-6
        z = (x - mean) / spread
        weight = np.linalg.solve(z.T @ z + strength * np.eye(z.shape[1]), z.T @ (y - y.mean()))
        return Ridge(mean, spread, weight, float(y.mean()))

    def __call__(self, x: Array) -> Array:
        told: Array = (x - self.mean) / self.spread @ self.weight + self.offset
        return told

    def exported(self) -> Probe:
        weight = self.weight / self.spread
        bias = self.offset - self.mean @ weight
        return Probe(torch.tensor(weight, dtype=torch.float32), torch.tensor([bias], dtype=torch.float32))


def _strength(rated: Sequence[Rated]) -> float:
    """The ridge's strength with the least error when a fifth of the articles is left out in turn."""
    fold = np.arange(len(rated)) % FOLDS
    errors = []
    for strength in STRENGTHS:
        rest = []
        for k in range(FOLDS):
            others, left = [[r for r, f in zip(rated, fold, strict=True) if (f == k) == out] for out in (False, True)]
            told = Ridge.fit(_states(others), _given(others), strength)(_states(left))
            rest.append(np.abs(np.clip(told, 1, 10) - _given(left)))
        errors.append(np.concatenate(rest).mean())
    return STRENGTHS[int(np.argmin(errors))]


def _by_probe(strength: float) -> Predict:
    def told(taught: Sequence[Rated], held: Sequence[Rated]) -> Array:
        probe = Ridge.fit(_states(taught), _given(taught), strength)
        return probe(_states(held)).reshape(len(held), -1)

    return told


def _with_words(strength: float) -> Predict:
    """The probe's number and the signs of the article's words, on a line that was fitted to numbers of articles that
    their own probe hadn't seen."""

    def told(taught: Sequence[Rated], held: Sequence[Rated]) -> Array:
        offset, *slopes = _line(taught, strength)
        own = _by_probe(strength)(taught, held)
        values: Array = np.stack([offset + np.c_[row, r.signs] @ slopes for row, r in zip(own, held, strict=True)])
        return values

    return told


def _line(rated: Sequence[Rated], strength: float) -> Array:
    """[offset, slope of the probe, one of each sign], by least squares."""
    own = _crossed(_by_probe(strength), [], rated)
    x = np.concatenate([np.c_[np.ones(len(row)), row, r.signs] for row, r in zip(own, rated, strict=True)])
    line: Array = np.linalg.lstsq(x, _given(rated), rcond=None)[0]
    return line


def _by_sector(taught: Sequence[Rated], held: Sequence[Rated]) -> Array:
    return np.tile(np.stack([r.given for r in taught]).mean(0), (len(held), 1))


def _by_digits(taught: Sequence[Rated], held: Sequence[Rated]) -> Array:
    slope, offset = np.polyfit(np.concatenate([r.digits for r in taught]), _given(taught), 1)
    told: Array = offset + slope * np.stack([r.digits for r in held])
    return told


def _by_words(taught: Sequence[Rated], held: Sequence[Rated]) -> Array:
    """A ridge over the words of the article, one for each sector, by kernel: what an embedding of the text alone can
    tell. Knows sectors that it was fitted on, and no others."""
    weight = inverse_frequency([r.words for r in taught])

    def vector(r: Rated) -> Array:
        row = np.array([weight[word] if word in r.words else 0.0 for word in weight])
        unit: Array = row / (np.linalg.norm(row) + 1e-9)
        return unit

    x, z = np.stack([vector(r) for r in taught]), np.stack([vector(r) for r in held])
    y = np.stack([r.given for r in taught])
    told: Array = y.mean(0) + z @ x.T @ np.linalg.solve(x @ x.T + 0.5 * np.eye(len(x)), y - y.mean(0))
    return told


# --- small parts ---


def _states(rated: Sequence[Rated]) -> Array:
    return np.concatenate([r.states for r in rated])


def _given(rated: Sequence[Rated]) -> Array:
    return np.concatenate([r.given for r in rated])


def _show(name: str, told: Array, truth: Array) -> None:
    told = np.clip(told, 1, 10)
    error = np.abs(told - truth).mean()
    print(f"{name:26} {error:20.2f} {spearman(list(truth.ravel()), list(told.ravel())):9.2f}")


def _file(folder: Path, record: Any) -> Path:
    return folder / f"{record['id']}.npz"
