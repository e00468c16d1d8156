"""The commands of training: train, scale, evaluate, drafts, probe, export, chooser. See training/README.md."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from summarizer.errors import BriefError

CORPUS = Path(__file__).parent / "corpus"
RUNS = Path("runs")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train, or go on where a run was stopped")
    train.add_argument("base", help="a checkpoint by name, such as qwen2.5-coder-1.5b")
    train.add_argument("--run", type=Path, help="where the run is kept (default runs/BASE)")
    train.add_argument("--files", nargs="*", default=[str(path) for path in _corpus()])
    train.add_argument("--drafts", nargs="*", default=[], help="files that `drafts` made")
    train.add_argument("--steps", type=int, default=80, help="one article each (default 80)")
    train.add_argument("--rank", type=int, default=16)
    train.add_argument("--layers", type=int, default=14, help="how many of the last layers (default 14; 0 for all)")
    train.add_argument("--rate", type=float, default=2e-4)
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--words", type=int, default=340, help="longest article (default 340 words)")
    train.add_argument("--tokens", type=int, default=1_600, help="longest packed article (default 1600 tokens)")
    train.add_argument("--device", default=None, help="cpu or cuda (default: cuda where there is one)")
    train.add_argument("--minutes", type=float, default=8, help="between two checkpoints (default 8)")
    train.add_argument("--threads", type=int, default=2)
    scale = commands.add_parser("scale", help="a run's adapter at a part of its strength, as a run of its own")
    scale.add_argument("run", type=Path)
    scale.add_argument("--strength", type=float, default=0.5)
    scale.add_argument("--to", type=Path, required=True)
    judge = commands.add_parser("evaluate", help="the figures of `analyst-brief eval` on held-out articles")
    judge.add_argument("base")
    judge.add_argument("--run", type=Path, help="the run whose adapter is judged (default: the bare checkpoint)")
    judge.add_argument("--articles", type=int, default=10)
    judge.add_argument("--candidates", type=int, default=2)
    judge.add_argument("--briefs", type=Path, help="keep the briefs in this directory")
    judge.add_argument("--threads", type=int)
    drafts = commands.add_parser("drafts", help="keep what a run's model writes well on the training articles")
    drafts.add_argument("base")
    drafts.add_argument("--run", type=Path, required=True)
    drafts.add_argument("--to", type=Path, required=True, help="a JSONL file; articles that it has are passed over")
    drafts.add_argument("--articles", type=int, default=50)
    drafts.add_argument("--candidates", type=int, default=4)
    drafts.add_argument("--seed", type=int, default=1)
    drafts.add_argument("--words", type=int, default=650, help="longest article (default 650 words)")
    probe = commands.add_parser("probe", help="fit the relevance probe of a run, and compare it")
    probe.add_argument("base")
    probe.add_argument("--run", type=Path, required=True)
    probe.add_argument("--articles", type=int, default=257, help="of the training part (default: all)")
    probe.add_argument("--words", type=int, default=650, help="longest article (default 650 words)")
    probe.add_argument("--threads", type=int)
    export = commands.add_parser("export", help="put a run's adapter into the package")
    export.add_argument("run", type=Path)
    chooser = commands.add_parser("chooser", help="recall at 4 of the chosen evidence")
    chooser.add_argument("--fit", action="store_true", help="print new weights for summarizer/evidence.py")
    asked = parser.parse_args()
    commands_of = {
        "train": _train,
        "scale": _scale,
        "evaluate": _evaluate,
        "drafts": _drafts,
        "probe": _probe,
        "export": _export,
        "chooser": _chooser,
    }
    try:
        return commands_of[asked.command](asked)
    except BriefError as error:
        print(error, file=sys.stderr)
        return 2


def _train(asked: argparse.Namespace) -> int:
    import torch

    from training.train import Plan, train

    plan = Plan(
        asked.base,
        tuple(asked.files),
        asked.steps,
        asked.rank,
        2 * asked.rank,
        asked.rate,
        asked.seed,
        asked.words,
        asked.tokens,
        asked.layers,
        tuple(asked.drafts),
    )
    device = asked.device or ("cuda" if torch.cuda.is_available() else "cpu")
    train(plan, asked.run or RUNS / asked.base, device=device, every_minutes=asked.minutes, threads=asked.threads)
    return 0


def _scale(asked: argparse.Namespace) -> int:
    from training.scale import scale

    print(scale(asked.run, asked.strength, asked.to))
    return 0


def _evaluate(asked: argparse.Namespace) -> int:
    from summarizer.types import Options
    from training.evaluate import evaluate_adapter
    from training.train import ADAPTER

    adapter = None if asked.run is None else asked.run / ADAPTER
    options = Options(candidates=asked.candidates)
    figures = evaluate_adapter(asked.base, adapter, _corpus(), asked.articles, asked.threads, options, asked.briefs)
    print(json.dumps(figures, indent=1))
    return 0


def _drafts(asked: argparse.Namespace) -> int:
    from summarizer.config import load_config
    from summarizer.models import pull
    from summarizer.models.local import LocalModel
    from training.drafts import drafts, load, save
    from training.examples import is_held_out, read
    from training.train import ADAPTER

    config = load_config()
    known = load([asked.to]) if asked.to.exists() else {}
    records = [r for r in read(_corpus()) if not is_held_out(r["id"]) and r["id"] not in known]
    short = [r for r in records if len(r["article"]["body"].split()) <= asked.words][: asked.articles]
    with LocalModel(pull(asked.base), adapter=asked.run / ADAPTER) as model:
        for number, record in enumerate(short, 1):
            kept = drafts(record, model, config, asked.candidates, asked.seed)
            save(asked.to, kept)
            print(f"{number}/{len(short)} {record['id']}: {len(kept)} kept", flush=True)
    return 0


def _probe(asked: argparse.Namespace) -> int:
    from training.probe import run

    return run(asked.base, asked.run, _corpus(), asked.articles, asked.words, asked.threads)


def _export(asked: argparse.Namespace) -> int:
    from training.export import export

    path, size = export(asked.run)
    print(f"{path}: {size / 1e6:.1f} MB")
    return 0


def _chooser(asked: argparse.Namespace) -> int:
    from training.chooser import run

    return run(_corpus(), asked.fit)


def _corpus() -> list[Path]:
    return sorted(CORPUS.glob("*.jsonl"))


if __name__ == "__main__":
    raise SystemExit(main())
