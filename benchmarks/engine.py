"""One command, one table: the same texts about the same article, by this engine and by others.

    python benchmarks/engine.py [--model tiny|house|DIRECTORY] [--gguf FILE] [--engines ours,llama.cpp,...]
    python benchmarks/engine.py --curve       memory and time from 250 to 8,000 tokens of article (ours)
    python benchmarks/engine.py --sixteen     sixteen articles together against one after another (ours)

Each engine runs in a process of its own, on the same token ids: an article of 660 tokens behind a system text,
nine instructions (`--rows`), 100 greedy tokens each (`--new-tokens`), whatever they say. Every run has another
article, so that nothing is cached from the run before. Models are opened before the clock starts. llama.cpp and
OpenVINO read a GGUF file of the same weights: `--gguf`, or the one that `pull(..., keep_source=True)` has kept.
An engine that isn't installed is skipped, and the table says so; one that lives in another environment is named
with `--python llama.cpp=PATH/python`. Figures are medians with the spread (lowest to highest) of the runs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ENGINES = (
    "ours",
    "ours, one after another",
    "llama.cpp, one after another",
    "llama.cpp, parallel",
    "openvino",
    "transformers, batch",
    "transformers, one after another",
)
ASKS = (
    "Summarise the article for an analyst in three sentences: what happened, who, and the figures that matter.",
    "Say what the news means for investors in the companies named, in two sentences.",
    "Say what the news means for the government departments that are concerned, in two sentences.",
    "Say what the news means for engineers in the sector, in two sentences.",
    "Rate how much the article matters to a risk manager and give the reason in one sentence.",
    "Compare the news with what has happened in this field in the past 25 years.",
    "Ask one investigative question that the article leaves open about money.",
    "Ask one investigative question that the article leaves open about responsibility.",
    "Close with one sentence that a reader should remember.",
)


def main() -> None:
    options = _options()
    directory, gguf = _files(options.model, options.gguf)
    jobs = _Jobs(directory, gguf, options)
    if options.curve:
        _curve(jobs)
    elif options.sixteen:
        _sixteen(jobs)
    else:
        _table(jobs, options.engines.split(",") if options.engines else ENGINES)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny", help="tiny, house, or a checkpoint directory")
    parser.add_argument("--gguf", type=Path, help="the same weights for llama.cpp and OpenVINO")
    parser.add_argument("--engines", help="beginnings of names, with commas between; all: " + "; ".join(ENGINES))
    parser.add_argument("--python", action="append", default=[], metavar="ENGINE=PATH")
    parser.add_argument("--article", type=int, default=660, help="tokens of article")
    parser.add_argument("--rows", type=int, default=len(ASKS), help="texts an article")
    parser.add_argument("--new-tokens", type=int, default=100, help="tokens a row")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0: this machine's physical cores")
    parser.add_argument("--dtype", help="of our engine")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--sixteen", action="store_true")
    return parser.parse_args()


def _files(model: str, gguf: Path | None) -> tuple[Path, Path | None]:
    if Path(model).is_dir():
        return Path(model), gguf
    from summarizer.models import pull
    from summarizer.models.registry import checkpoint
    from summarizer.models.weights import cache_directory, source_file

    kept = source_file(checkpoint(model).sha256, cache_directory())
    return pull(model), gguf or (kept if kept.exists() else None)


class _Jobs:
    """The work as token ids and as text, and the process that does it."""

    def __init__(self, directory: Path, gguf: Path | None, options: argparse.Namespace) -> None:
        from summarizer.models.chat import ChatFormat
        from summarizer.models.cores import physical_cores
        from summarizer.models.load import config_tokens

        self.directory, self.gguf, self.options = directory, gguf, options
        self.threads = options.threads or physical_cores()
        self.chat = ChatFormat(directory, config_tokens(directory))
        text = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "configs/examples").glob("*.*")))
        self.words = text.split()
        self.pythons = dict(pair.split("=", 1) for pair in options.python)

    def prefixes(self, count: int, tokens: int) -> list[list[int]]:
        """`count` prefixes with articles of `tokens` tokens that differ from the first word on."""
        from summarizer.models.protocol import Prefix

        out = []
        for number in range(count):
            start = 17 * number % len(self.words)
            words = self.words[start:] + self.words[:start]
            article = " ".join(words * (1 + 2 * tokens // len(words)))
            cut = self.chat.decode(self.chat.content(article)[:tokens])
            out.append(self.chat.prefix(Prefix("You write short, exact notes for analysts.", cut)))
        return out

    def run(self, engine: str, prefixes: Sequence[list[int]], tokens: int, **more: Any) -> dict[str, Any] | str:
        """What the worker measured, or why it could not."""
        asks = [f"{ASKS[i % len(ASKS)]} Text {i + 1}." for i in range(self.options.rows)]
        suffixes = [self.chat.suffix(ask, "", True) for ask in asks]
        full = self.chat._full
        work = {
            "engine": engine,
            "directory": str(self.directory),
            "gguf": str(self.gguf) if self.gguf else None,
            "prefixes": prefixes,
            "suffixes": suffixes,
            "texts": [[full.decode(p + s, skip_special_tokens=False) for s in suffixes] for p in prefixes],
            "tokens": tokens,
            "threads": self.threads,
            "dtype": self.options.dtype,
            **more,
        }
        python = next((p for name, p in self.pythons.items() if engine.startswith(name)), sys.executable)
        worker = str(Path(__file__).with_name("engine_workers.py"))
        done = subprocess.run([python, worker], input=json.dumps(work), capture_output=True, text=True)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["it failed without a word"])[-1]
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return str(answer["skipped"]) if "skipped" in answer else answer


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def _table(jobs: _Jobs, engines: Sequence[str]) -> None:
    options = jobs.options
    prefixes = jobs.prefixes(options.runs, options.article)
    print(f"{date.today()}, {jobs.directory.name}, {_machine()}, {jobs.threads} threads; article of "
          f"{options.article} tokens, {options.rows} rows of {options.new_tokens} tokens, {options.runs} runs; load "
          f"of the machine before: {os.getloadavg()[0]:.1f}\n")  # fmt: skip
    print("| engine | read, s | write, s | whole, s | tokens/s | peak memory, MB |\n|---|---|---|---|---|---|")
    skipped = []
    for engine in (name for name in ENGINES if any(_named(name, wanted.strip()) for wanted in engines)):
        result = jobs.run(engine, prefixes, options.new_tokens)
        if isinstance(result, str):
            skipped.append(f"{engine} was skipped: {result}")
            continue
        for label, runs in result["rows"].items():
            whole = [run["whole"] for run in runs]
            rate = options.rows * options.new_tokens / statistics.median(whole)
            read = _spread([run["read"] for run in runs]) if "read" in runs[0] else "-"
            write = _spread([run["write"] for run in runs]) if "write" in runs[0] else "-"
            name = f"{engine}{label} ({result['version']})"
            print(f"| {name} | {read} | {write} | {_spread(whole)} | {rate:.0f} | {result['peak'] / 1e6:.0f} |",
                  flush=True)  # fmt: skip
    print("\n" + "\n".join(skipped))


def _named(engine: str, wanted: str) -> bool:
    """By its whole name, or by a beginning that is no engine's whole name."""
    return engine == wanted or (wanted not in ENGINES and engine.startswith(wanted))


def _curve(jobs: _Jobs) -> None:
    """Each length in a fresh process, so that the peak of memory is its own."""
    print("| tokens of article | read, s | tokens/s | rows of 32 tokens, s | peak memory, MB |")
    print("|---|---|---|---|---|")
    for length in (250, 500, 1000, 2000, 4000, 7600):
        result = jobs.run("ours", jobs.prefixes(1, length), 32)
        if isinstance(result, str):
            print(f"{length}: {result}")
            continue
        (run,) = result["rows"][""]
        print(f"| {length} | {run['read']:.2f} | {length / run['read']:.0f} | {run['write']:.2f} "
              f"| {result['peak'] / 1e6:.0f} |", flush=True)  # fmt: skip


def _sixteen(jobs: _Jobs) -> None:
    prefixes = jobs.prefixes(16, jobs.options.article)
    result = jobs.run("ours, sixteen", prefixes, jobs.options.new_tokens)
    if isinstance(result, str):
        raise SystemExit(result)
    print("| sixteen articles | s | articles a minute | peak memory, MB |\n|---|---|---|---|")
    for label, (run,) in result["rows"].items():
        print(f"| {label} | {run['whole']:.1f} | {16 * 60 / run['whole']:.1f} | {result['peak'] / 1e6:.0f} |")


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    flags = next((line for line in lines if line.startswith("flags")), "")
    sets = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "amx_int8") if f" {flag}" in flags]
    return f"{name} ({', '.join(sets)})"


if __name__ == "__main__":
    main()
