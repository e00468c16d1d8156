"""Whether the records and earlier articles that a brief is compared with bear on it, and how long finding them takes.

    python benchmarks/background.py [CORPUS.jsonl ...] [--archived 100000] [--frequencies]

Three tables. The first judges the choice by benchmarks/background_pairs.jsonl, pairs of an article of the corpus and a
record (or another article), read one by one and marked as bearing on each other or not; articles whose id hashes to an
odd number are for tuning, the others only for the check. The second says for how many articles of the corpus anything
is found when all others that are older lie in the archive. The third measures seconds and memory of an archive of
`--archived` articles, made of paragraphs of the corpus that are put together anew: good for the time, not for sense.
`--frequencies` writes summarizer/frequencies.txt instead.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from summarizer import Archive, Article, Config, load_config  # noqa: E402
from summarizer.archive import content_id  # noqa: E402
from summarizer.background import bearing  # noqa: E402
from summarizer.evaluate import Case, read_corpus  # noqa: E402
from summarizer.past import quoted  # noqa: E402
from summarizer.pipeline import sentences_of  # noqa: E402
from summarizer.segment import segment  # noqa: E402
from summarizer.types import Panel, Record  # noqa: E402
from summarizer.words import content_stems  # noqa: E402

PAIRS = ROOT / "benchmarks/background_pairs.jsonl"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "corpus", nargs="*", default=[str(path) for path in sorted(ROOT.glob("training/corpus/*.jsonl"))]
    )
    parser.add_argument("--archived", type=int, default=100_000)
    parser.add_argument("--frequencies", action="store_true")
    options = parser.parse_args()
    config = load_config()
    cases = [case for path in options.corpus for case in read_corpus(Path(path), config)]
    if options.frequencies:
        write_frequencies(cases, config)
        return
    with tempfile.TemporaryDirectory() as folder:
        chosen = choose(cases, config, Path(folder) / "corpus.sqlite3")
        judge(chosen, cases)
        share(chosen, cases)
        measure(cases, config, options.archived, Path(folder) / "large.sqlite3")


Chosen = dict[str, tuple[Record, ...]]


def choose(cases: list[Case], config: Config, path: Path) -> Chosen:
    """What is found for each article, with all others in the archive."""
    archive = Archive(path)
    archive.add(case.article for case in cases)
    found = {case.id: find(case, config, archive) for case in cases}
    archive.close()
    return found


def find(case: Case, config: Config, archive: Archive) -> tuple[Record, ...]:
    reading = segment(case.article)
    panel = Panel("panel", "Panel", tuple(config.sectors[beat] for beat in case.beats))
    past = quoted(reading, archive.older(case.article), sentences_of)
    return bearing(reading, panel, config.records, past)


def judge(chosen: Chosen, cases: list[Case]) -> None:
    ids = {content_id(case.article): case.id for case in cases}
    pairs = {(row["article"], row["record"]): row["bears"] for row in map(json.loads, PAIRS.read_text().splitlines())}
    print(f"{'half':<8}{'pairs':>7}{'bear':>6}{'chosen':>8}{'of them bear':>14}{'not labelled':>14}")
    for name, rest in (("tuning", 1), ("check", 0)):
        labelled = {pair: bears for pair, bears in pairs.items() if half(pair[0]) == rest}
        taken = [
            labelled.get((article, ids.get(record.id, record.id)))
            for article, records in chosen.items()
            for record in records
            if half(article) == rest
        ]
        known = [bears for bears in taken if bears is not None]
        right = f"{sum(known)} of {len(known)}"
        print(
            f"{name:<8}{len(labelled):>7}{sum(labelled.values()):>6}{len(taken):>8}{right:>14}"
            f"{len(taken) - len(known):>14}"
        )


def half(id: str) -> int:
    return int(sha256(id.encode()).hexdigest(), 16) % 2


def share(chosen: Chosen, cases: list[Case]) -> None:
    some = sum(bool(records) for records in chosen.values())
    earlier = sum(any(record.source.archive for record in records) for records in chosen.values())
    print(f"\n{some} of {len(cases)} articles have a record, {earlier} of them an earlier article")


def measure(cases: list[Case], config: Config, archived: int, path: Path) -> None:
    began = time.perf_counter(), time.process_time()
    archive = Archive(path)
    added = archive.add(recombined(cases, archived))
    seconds, busy = time.perf_counter() - began[0], time.process_time() - began[1]
    size = sum(file.stat().st_size for file in path.parent.glob(path.name + "*"))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{added} articles stored in {seconds:.0f} s, {busy:.0f} s of them on the processor;", end=" ")
    print(f"{size / 1e6:.0f} MB; peak memory {memory:.0f} MB")
    searches, wholes = [], []
    for case in cases[:: max(1, len(cases) // 40)]:
        times = [(time.perf_counter(), time.process_time())]
        for step in (lambda: archive.older(case.article), lambda: find(case, config, archive)):  # noqa: B023
            step()
            times.append((time.perf_counter(), time.process_time()))
        searches.append(spent(*times[:2]))
        wholes.append(spent(*times[1:]))
    for name, values in (("search", searches), ("search, quote and judge", wholes)):
        for what, column in zip(("wall clock", "processor"), zip(*values, strict=True), strict=True):
            print(f"{name + ', ' + what:<36} median {median(column):.3f} s, longest {max(column):.3f} s")
    archive.close()


def spent(before: tuple[float, float], after: tuple[float, float]) -> tuple[float, float]:
    return after[0] - before[0], after[1] - before[1]


def recombined(cases: list[Case], number: int) -> Iterator[Article]:
    """Articles of the corpus's length, each with the title and lead of one and paragraphs of others."""
    chance = random.Random(1)
    paragraphs = [paragraph for case in cases for paragraph in case.article.text.split("\n\n")]
    for n in range(number):
        first = chance.choice(cases).article
        body = [first.text.split("\n\n")[0], *chance.sample(paragraphs, 8)]
        day = f"{chance.randint(1995, 2025)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        yield replace(first, title=f"{first.title} ({n})", text="\n\n".join(body), published=day)


def write_frequencies(cases: list[Case], config: Config) -> None:
    texts = [f"{case.article.title} {case.article.text}" for case in cases] + [r.text for r in config.records]
    counts = Counter(stem for text in texts for stem in set(content_stems(text)))
    rows = [f"{stem} {n}\n" for stem, n in sorted(counts.items()) if n > 1]
    head = (
        '# How many of the corpus\'s articles and of the packaged records hold a stem; "*" counts them all.\n'
        "# Written by `python benchmarks/background.py --frequencies`.\n"
    )
    (ROOT / "summarizer/frequencies.txt").write_text(f"{head}* {len(texts)}\n{''.join(rows)}", encoding="utf-8")


if __name__ == "__main__":
    main()
