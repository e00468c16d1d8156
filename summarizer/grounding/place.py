"""One passage of a draft on its way: its judged candidates, what is kept of them, and what is withheld.

In: a Passage with candidates, and the Source it may draw on. Out: a Section and Findings. Nothing is asked of a model
here; the order of the steps is verify.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from summarizer.grounding.clean import Split, clean, dangles, leans
from summarizer.grounding.judge import Judgement, judge
from summarizer.grounding.repair import extracted, repeats
from summarizer.grounding.source import Line, Source
from summarizer.types import Finding, Passage, Section, SectionKind, Statement

# How many sentences a place can hold, and how many of the article's own stand in where none survives.
MOST: dict[SectionKind, int] = {"reason": 1, "summary": 4, "sector": 4, "comparison": 4, "takeaway": 1}
_EXTRACTED: dict[SectionKind, int] = {"reason": 1, "summary": 2, "sector": 2, "comparison": 0, "takeaway": 1}
_SINGLE = frozenset({"reason", "takeaway"})


def section_name(kind: SectionKind, index: int) -> str:
    return kind if kind in {"summary", "comparison", "takeaway"} else f"{kind} {index + 1}"


@dataclass(slots=True)
class Place:
    """One passage on its way: its judged candidates, what is kept of them, and the findings."""

    passage: Passage
    source: Source
    candidates: list[list[Judgement]] = field(default_factory=list)
    torn: list[tuple[str, ...]] = field(default_factory=list)
    kept: list[Judgement] = field(default_factory=list)
    failed: list[Judgement] = field(default_factory=list)
    spare: list[Judgement] = field(default_factory=list)
    taken: list[Line] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def name(self) -> str:
        return section_name(self.passage.kind, self.passage.index)

    def judge(self, split: Split) -> None:
        seen: dict[str, Judgement] = {}
        for text in self.passage.candidates:
            cleaned = clean(text, split)
            # A place for one sentence has no use for one that follows another.
            sentences = cleaned.sentences[: 1 if self.passage.kind in _SINGLE else None]
            for sentence in sentences:
                if sentence not in seen:
                    seen[sentence] = judge(self.source, sentence, strict=True)
            self.candidates.append([seen[sentence] for sentence in sentences])
            self.torn.append(cleaned.torn if len(sentences) == len(cleaned.sentences) else ())

    def choose(self, said: Sequence[Line]) -> None:
        """Keep the candidate with the most to say that passes; note what of it is withheld."""
        worth = [self._worth(judged, said) for judged in self.candidates]
        if self.passage.kind == "takeaway":  # its candidates stand in the order of what is central to the story
            worth = [float(value > 0) for value in worth]
        ranked = sorted(range(len(worth)), key=lambda i: (-worth[i], i))
        for rank, i in enumerate(ranked):
            kept, failed = self._pass(self.candidates[i], said)
            if rank == 0:
                self.kept, self.failed = kept, failed
                self._withhold(failed, self.torn[i])
            else:
                self.spare += kept
        if not self.kept and self.spare and self.passage.kind in _SINGLE:
            self.kept = [max(self.spare, key=lambda j: j.quality)]

    def _worth(self, judged: Sequence[Judgement], said: Sequence[Line]) -> float:
        kept, failed = self._pass(judged, said)
        if not kept:
            return -1.0
        return sum(min(j.quality, 1.3) for j in kept[:3]) / (1 if self.passage.kind in _SINGLE else 2) - 0.35 * len(
            failed
        )

    def _pass(self, judged: Sequence[Judgement], said: Sequence[Line]) -> tuple[list[Judgement], list[Judgement]]:
        """The sentences that may stand, and those that may not with their reasons."""
        kept: list[Judgement] = []
        failed: list[Judgement] = []
        lost = False
        for judgement in judged:
            problem = None
            if judgement.status is None:
                pass
            elif repeats(judgement.line, [*said, *(k.line for k in kept)]):
                problem = ("repetition", "the brief says this elsewhere")
            elif lost and leans(judgement.text):
                problem = ("incomplete", "it leans on a sentence that was withheld")
            elif not kept and dangles(judgement.text):
                problem = ("incomplete", "it begins with a word that nothing before it explains")
            elif len(kept) >= MOST[self.passage.kind]:
                continue
            if problem:
                judgement = replace(judgement, status=None, problems=(problem,))
            lost = judgement.status is None
            (failed if lost else kept).append(judgement)
        return kept, failed

    def _withhold(self, failed: Sequence[Judgement], torn: Sequence[str]) -> None:
        self.findings += [Finding(self.name, j.text, *j.problems[0]) for j in failed]
        self.findings += [
            Finding(self.name, text, "incomplete", "the sentence has no end or no beginning") for text in torn
        ]

    @property
    def _wanted(self) -> int:
        return 1 if self.passage.kind in _SINGLE or self.passage.kind == "comparison" else 2

    def add(self, judgement: Judgement, said: Sequence[Line]) -> bool:
        """Keep a sentence, where it is still wanted and says something new; whether it was kept."""
        wanted = len(self.kept) < self._wanted and not repeats(judgement.line, said) and not leans(judgement.text)
        if wanted:
            self.kept.append(judgement)
        return wanted

    def extract(self, said: Sequence[Line]) -> None:
        """Take the article's own sentences, where nothing else stands."""
        if not self.kept:
            self.taken = extracted(self.source, self.passage.evidence, said, _EXTRACTED[self.passage.kind])

    def section(self) -> Section:
        statements = [self._statement(j) for j in self.kept]
        statements += [Statement(line.text, "supported", (line.n,), (), "extracted") for line in self.taken]
        return Section(self.passage.kind, self.passage.index, tuple(statements))

    def _statement(self, judgement: Judgement) -> Statement:
        assert judgement.status is not None
        numbers = tuple(n for n in judgement.evidence if n <= self.source.article_lines)
        ids = tuple(
            self.source.record_ids[n - self.source.article_lines - 1]
            for n in judgement.evidence
            if n > self.source.article_lines
        )
        return Statement(judgement.text, "background" if ids else judgement.status, numbers, ids)
