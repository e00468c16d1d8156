"""What the checks let through of sentences that the house model wrote, beside readers' judgements.

    python benchmarks/written.py                    a table: what is written and published, and how much of it is false
    python benchmarks/written.py --false            print the false sentences that pass as well
    python benchmarks/written.py --collect N        let the house model write about N more articles, for readers

benchmarks/written.jsonl holds a sentence a line as a model wrote it, before any check: the article's id, "form", how it
was written, the kind of section, and "true": whether two readers, each with the article beside the sentence, would let
it pass, as a fact that the article states or as a hedged consequence of such facts. "joined" were paragraphs made from
several sentences at once, by the adapter of 25 November 2026 at its full strength; "shortened" a sentence at a time, by
the same adapter at half its strength; "taught" by the adapter of 26 November, which was trained on that form. The
articles are of the tuning part, and no adapter was trained on them.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "grounding"), str(ROOT / "benchmarks")]

import planted_errors as planted  # noqa: E402
from grounding import auc  # noqa: E402
from planted import CORPUS  # noqa: E402

from summarizer.config import load_config  # noqa: E402
from summarizer.evaluate import Case, read_corpus  # noqa: E402
from summarizer.grounding.clean import clean  # noqa: E402
from summarizer.grounding.judge import Judgement, judge  # noqa: E402
from summarizer.types import Draft, Options, Panel, SectionKind  # noqa: E402
from training.examples import is_held_out  # noqa: E402

FORM = "taught"
JUDGED = Path(__file__).with_suffix(".jsonl")
# Longer than what was trained on, and shorter than what takes minutes to read.
WORDS = range(341, 441)
KINDS: frozenset[SectionKind] = frozenset({"reason", "summary", "sector", "takeaway"})


@dataclass(frozen=True, slots=True)
class Read:
    """A sentence with the readers' judgement and the checks'."""

    article: str
    form: str
    true: bool
    judgement: Judgement


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collect", type=int, metavar="N")
    parser.add_argument("--false", action="store_true")
    asked = parser.parse_args()
    if asked.collect:
        collect(asked.collect)
        return 0
    rows = read()
    for form in sorted({row.form for row in rows}):
        report(form, [row for row in rows if row.form == form], asked.false)
    return 0


def read() -> list[Read]:
    """The sentences that readers have judged."""
    sources = {m.id: m.source for path in CORPUS for m in planted.corpus(path)}
    lines = [json.loads(line) for line in JUDGED.read_text(encoding="utf-8").splitlines()]
    return [
        Read(row["id"], row["form"], row["true"], judge(sources[row["id"]], row["text"], strict=True))
        for row in lines
        if "true" in row
    ]


def report(form: str, rows: Sequence[Read], show: bool) -> None:
    articles = len({row.article for row in rows})
    true = sum(row.true for row in rows)
    print(f"\n{form}: {len(rows)} sentences of {articles} articles, {1 - true / len(rows):.0%} false")
    for name, status in (("stated facts", "supported"), ("hedged consequences", "inferred")):
        passing = [row for row in rows if row.judgement.status == status]
        if passing:
            wrong = sum(not row.true for row in passing)
            print(f"  {name + ' that pass':28} {len(passing):4}, {wrong / len(passing):4.0%} of them false")
    passing = [row for row in rows if row.judgement.status]
    kept = sum(row.true for row in passing)
    print(f"  {'all that pass':28} {len(passing):4}, {1 - kept / len(passing):4.0%} of them false")
    print(f"  {'of the true ones pass':28} {kept / true:4.0%}")
    worth = np.array([row.judgement.features.trust for row in rows])
    print(f"  {'ROC AUC of trust':28} {auc(worth, np.array([row.true for row in rows])):.2f}")
    for row in passing if show else ():
        if not row.true:
            print(f"      {row.article}: {row.judgement.text}")


# --- collecting ----------------------------------------------------------------------------------------------


def collect(articles: int) -> None:
    """Adds the sentences of further articles to the file, without a judgement."""
    from summarizer.models import open_model
    from summarizer.pipeline import sentences_of, write_brief

    config = load_config()
    there = {
        row["id"] for row in map(json.loads, JUDGED.read_text(encoding="utf-8").splitlines()) if row["form"] == FORM
    }
    cases = [case for path in CORPUS for case in read_corpus(path, config) if fits(case) and case.id not in there]
    random.Random(3).shuffle(cases)
    with open_model("house") as model, JUDGED.open("a", encoding="utf-8") as file:
        for case in cases[:articles]:
            panel = Panel("case", "Case", tuple(config.sectors[beat] for beat in case.beats))
            drafts: list[Draft] = []
            options = Options(sections=KINDS)
            write_brief(case.article, panel, model, config=config, options=options, inspect=drafts.append)
            found: dict[str, str] = {}
            for passage in drafts[0].passages:
                for text in passage.candidates:
                    for sentence in clean(text, sentences_of).sentences:
                        found.setdefault(sentence, passage.kind)
            for text, kind in found.items():
                row = {"id": case.id, "form": FORM, "kind": kind, "text": text}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            print(f"{case.id}: {len(found)} sentences", file=sys.stderr, flush=True)


def fits(case: Case) -> bool:
    return not is_held_out(case.id) and len(case.article.text.split()) in WORDS


if __name__ == "__main__":
    raise SystemExit(main())
