"""The training loop: one article a step, resumable at any checkpoint, the same for the same seed.

In: a Plan and a directory. Out: in that directory `house/` (the adapter so far), `state.pt` (optimizer, step) and
`log.jsonl` (losses). What is drawn for a step depends on the seed and the step only, so a run that was stopped goes
on as if it had not been. Knows nothing of how examples are made.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from summarizer.config import load_config
from summarizer.errors import BadRequest
from summarizer.models import pull
from summarizer.models.chat import ChatFormat
from summarizer.models.load import config_tokens
from summarizer.prompting import Prompts
from training import examples, memory
from training.drafts import load
from training.lora import Learner
from training.packing import Packed, pack

ADAPTER = "house"
WARM_UP = 5  # steps
DECAY = 0.2  # of all steps
TRIM_EVERY = 3  # steps
CLIP = 1.0  # the gradient's norm at most
HELD_OUT = 4  # articles whose loss is looked at on the way
# A score is one or two tokens of many hundreds, and the only thing that a relevance row is for.
RELEVANCE_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is; only `steps` may be changed when it is resumed. `base` is a checkpoint's name, `files` the
    corpus, `layers` how many of the last layers are trained (0: all), `most_words` leaves longer articles out,
    `most_tokens` bounds a packed article, `drafts` is what was kept of a model's own texts."""

    base: str
    files: tuple[str, ...]
    steps: int
    rank: int
    alpha: int
    rate: float
    seed: int
    most_words: int
    most_tokens: int
    layers: int = 0
    drafts: tuple[str, ...] = ()


def train(
    plan: Plan,
    directory: Path,
    *,
    device: str,
    every_minutes: float,
    threads: int,
    watch: Callable[[int], None] = lambda step: None,
) -> None:
    """Trains from the last checkpoint in `directory`, or from the start, to the plan's last step. `watch(step)` is
    called after each."""
    torch.set_num_threads(threads)
    memory.keep()
    _same_plan(plan, directory)
    material = _Material(plan)
    learner = Learner(
        material.base, rank=plan.rank, alpha=plan.alpha, device=device, seed=plan.seed, layers=plan.layers
    )
    optimizer = torch.optim.AdamW(learner.factors, lr=plan.rate, betas=(0.9, 0.99), weight_decay=0.0)
    step = _resume(learner, optimizer, directory)
    if step == 0:
        _log(directory, {"step": 0, **held_out(learner, material)})
    saved = time.monotonic()
    while step < plan.steps:
        began = time.monotonic()
        packed, kinds = material.draw(step)
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * schedule(step, plan.steps)
        losses = learner.losses(packed)
        weights = _weights(packed, kinds).to(losses.device)
        loss = (losses * weights).sum() / weights.sum()
        torch.autograd.backward(loss)
        norm = torch.nn.utils.clip_grad_norm_(learner.factors, CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % TRIM_EVERY == 0:
            memory.give_back()
        _log(directory, _line(step, packed, loss.item(), float(norm), time.monotonic() - began))
        if step == plan.steps or time.monotonic() - saved > every_minutes * 60:
            _checkpoint(learner, optimizer, step, plan, directory)
            saved = time.monotonic()
        watch(step)
    _log(directory, {"step": step, **held_out(learner, material)})


def schedule(step: int, steps: int) -> float:
    """The share of the full rate: a short rise, then full, over the last fifth a line to zero. So a run may be made
    longer or shorter while it is on its way."""
    return min(1.0, (step + 1) / WARM_UP, (steps - step) / (DECAY * steps))


class _Material:
    """The corpus as packed articles, on demand."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.base = pull(plan.base)
        self._config = load_config()
        self._prompts = Prompts(self._config.prompt_dirs)
        self._chat = ChatFormat(self.base, config_tokens(self.base))
        records = examples.read(Path(name) for name in plan.files)
        self._kept = load(Path(name) for name in plan.drafts)
        fitting = [r for r in records if len(r["article"]["body"].split()) <= plan.most_words]
        self._train = [r for r in fitting if not examples.is_held_out(r["id"])]
        self._held = [r for r in fitting if examples.is_held_out(r["id"])]

    def draw(self, step: int) -> tuple[Packed, list[str]]:
        """The packed article of a step and the kinds of its rows. Every epoch has an order of its own."""
        epoch, place = divmod(step, len(self._train))
        order = list(range(len(self._train)))
        random.Random(f"{self._plan.seed} {epoch}").shuffle(order)
        return self._packed(self._train[order[place]], random.Random(f"{self._plan.seed} {step}"))

    def held_out(self) -> list[tuple[Packed, list[str]]]:
        chosen = sorted(self._held, key=lambda r: str(r["id"])[::-1])[:HELD_OUT]
        return [self._packed(record, random.Random(0)) for record in chosen]

    def _packed(self, record: dict[str, Any], chance: random.Random) -> tuple[Packed, list[str]]:
        kept = self._kept.get(record["id"], ())
        exercise = examples.exercise(record, self._config, self._prompts, chance, kept)
        rows = list(exercise.examples)
        chance.shuffle(rows)
        packed, count = pack(exercise, rows, self._chat, self._plan.most_tokens)
        return packed, [row.kind for row in rows[:count]]


def held_out(learner: Learner, material: _Material) -> dict[str, float]:
    """Mean loss a token on articles that are never trained on, over all texts and by kind of row."""
    sums: dict[str, list[float]] = {}
    with torch.no_grad():
        for packed, kinds in material.held_out():
            losses = learner.losses(packed).cpu()
            for number, kind in enumerate(kinds, 1):
                sums.setdefault(kind, []).extend(losses[packed.row == number].tolist())
    texts = [value for kind, values in sums.items() if kind != "relevance" for value in values]
    by_kind = {f"held_out_{kind}": round(sum(v) / len(v), 4) for kind, v in sorted(sums.items())}
    return {"held_out": round(sum(texts) / len(texts), 4), **by_kind}


def _weights(packed: Packed, kinds: Sequence[str]) -> torch.Tensor:
    of_row = torch.tensor([0.0] + [RELEVANCE_WEIGHT if kind == "relevance" else 1.0 for kind in kinds])
    return of_row[packed.row]


def _line(step: int, packed: Packed, loss: float, norm: float, seconds: float) -> dict[str, float]:
    return {
        "step": step,
        "loss": round(loss, 4),
        "norm": round(norm, 3),
        "tokens": len(packed.ids),
        "seconds": round(seconds, 1),
    }


# --- files ---


def _same_plan(plan: Plan, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "plan.json"
    told = json.loads(json.dumps(asdict(plan)))
    if file.exists() and {**json.loads(file.read_text(encoding="utf-8")), "steps": plan.steps} != told:
        raise BadRequest(f"{directory} holds a run of another plan.", "Name another directory, or the same plan.")
    file.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _checkpoint(learner: Learner, optimizer: torch.optim.Optimizer, step: int, plan: Plan, directory: Path) -> None:
    """The state in one file that replaces the last one at once, then the adapter for use."""
    state = {"step": step, "optimizer": optimizer.state_dict(), "factors": learner.tensors()}
    _replace(directory / "state.pt", lambda path: torch.save(state, path))
    learner.save(directory / ADAPTER, plan.base)


def _resume(learner: Learner, optimizer: torch.optim.Optimizer, directory: Path) -> int:
    file = directory / "state.pt"
    if not file.exists():
        return 0
    state = torch.load(file, weights_only=True)
    learner.set(state["factors"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"])


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    part = path.with_suffix(".part")
    write(part)
    part.replace(path)


def _log(directory: Path, line: dict[str, Any]) -> None:
    text = json.dumps(line)
    print(text, flush=True)
    with (directory / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(text + "\n")
