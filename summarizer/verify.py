"""Checks every sentence that was written, chooses, repairs and withholds: nothing leaves without a source.

In: a Draft with candidates for each place, the Reading, the dated Records. Out: a Verdict: sections whose statements
carry a status and their evidence, and a finding for each sentence that was withheld. The checks themselves are in
summarizer/grounding; no model is asked here but through `rewrite` and `scorer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from summarizer.grounding.clean import Split, clean, dangles, leans, simple_split
from summarizer.grounding.judge import Judgement, judge
from summarizer.grounding.locks import locks
from summarizer.grounding.novelty import unspoken_things
from summarizer.grounding.people import wrong_offices
from summarizer.grounding.questions import about, alike, answered_by, form_problem, is_generic_line
from summarizer.grounding.repair import extracted, repeats
from summarizer.grounding.source import Line, Source, source_of, source_of_records
from summarizer.types import Draft, Finding, Passage, Reading, Record, Section, SectionKind, Statement, Verdict

Scorer = Callable[[Sequence[tuple[str, tuple[int, ...]]]], list[float | None]]
Rewrite = Callable[[Sequence[tuple[str, tuple[int, ...]]]], list[str]]

# How many sentences a place can hold, and how many of the article's own stand in where none survives.
_MOST: dict[SectionKind, int] = {"reason": 1, "summary": 4, "sector": 4, "comparison": 4, "takeaway": 1}
_EXTRACTED: dict[SectionKind, int] = {"reason": 1, "summary": 2, "sector": 2, "comparison": 0, "takeaway": 1}
# The places in the order in which they may claim a fact: a later one that repeats it loses it.
_CLAIM: dict[SectionKind, int] = {"summary": 0, "sector": 1, "comparison": 2, "takeaway": 3, "reason": 4, "question": 5}
_SINGLE = frozenset({"reason", "takeaway"})
_MOST_REWRITTEN = 12


def verify(
    draft: Draft,
    reading: Reading,
    records: Sequence[Record],
    *,
    split: Split = simple_split,
    scorer: Scorer | None = None,
    rewrite: Rewrite | None = None,
    n_questions: int = 5,
) -> Verdict:
    """Sections in the draft's order, and what was withheld.

    `split` cuts a text into sentences. `rewrite` is given (sentence, evidence) pairs and writes each sentence anew,
    in order; it is called at most once. `scorer` is given such pairs and says by how much a model finds each sentence
    likelier with the article than without it, in mean log-probability a token.
    """
    source = source_of(reading)
    work = [_Place(passage, _source_for(passage, source, reading, records)) for passage in draft.passages]
    places = [place for place in work if place.passage.kind != "question"]
    # 1. Every candidate sentence is judged, and the best candidate of each place chosen.
    for place in places:
        place.judge(split)
    _rescore(places, scorer)
    said: list[Line] = []
    for place in sorted(places, key=lambda p: _CLAIM[p.passage.kind]):
        place.choose(said)
        said += [judgement.line for judgement in place.kept]
    # 2. What failed is written anew, once and all together.
    if rewrite:
        _rewrite(places, said, rewrite, split)
    # 3. Gaps are filled from the other candidates, then from the article itself.
    for place in sorted(places, key=lambda p: _CLAIM[p.passage.kind]):
        place.fill(said)
    # 4. Questions.
    asked, findings = _questions(draft, source, split, n_questions)
    sections, notes = [], []
    for place in work:
        if place.passage.kind == "question":
            continue
        sections.append(place.section())
        notes += place.findings
    sections += asked
    order = {(p.kind, p.index): i for i, p in enumerate(draft.passages)}
    sections.sort(key=lambda s: order.get((s.kind, s.index), len(order)))
    return Verdict(tuple(sections), (*notes, *findings))


def lock_violations(text: str, reading: Reading) -> list[Finding]:
    """Names, figures, dates and quotations of a text that the article doesn't have. Locks only, no support."""
    source = _cached(reading)
    line = source.line(text)
    return [Finding("", text, rule, detail) for rule, detail in locks(source, line)]


def is_generic(text: str, reading: Reading) -> bool:
    """Whether a question names nothing of this story."""
    source = _cached(reading)
    return is_generic_line(source, source.line(text))


def is_answered(text: str, reading: Reading) -> bool:
    """Whether a sentence of the article answers a question."""
    source = _cached(reading)
    return bool(answered_by(source, source.line(text)))


def _source_for(passage: Passage, source: Source, reading: Reading, records: Sequence[Record]) -> Source:
    if passage.kind != "comparison" or not passage.records:
        return source
    return source_of_records([r for r in records if r.id in passage.records], reading)


def _name(kind: SectionKind, index: int) -> str:
    return kind if kind in {"summary", "comparison", "takeaway"} else f"{kind} {index + 1}"


@dataclass(slots=True)
class _Place:
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
        return _name(self.passage.kind, self.passage.index)

    def judge(self, split: Split) -> None:
        seen: dict[str, Judgement] = {}
        for text in self.passage.candidates:
            cleaned = clean(text, split)
            for sentence in cleaned.sentences:
                if sentence not in seen:
                    seen[sentence] = judge(self.source, sentence, strict=True)
            self.candidates.append([seen[sentence] for sentence in cleaned.sentences])
            self.torn.append(cleaned.torn)

    def choose(self, said: Sequence[Line]) -> None:
        """Keep the candidate with the most to say that passes; note what of it is withheld."""
        ranked = sorted(range(len(self.candidates)), key=lambda i: (-self._worth(self.candidates[i], said), i))
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
            elif len(kept) >= _MOST[self.passage.kind]:
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

    def fill(self, said: list[Line]) -> None:
        """Fill a place that lost too much, from its other candidates, then from the article."""
        wanted = 1 if self.passage.kind in _SINGLE or self.passage.kind == "comparison" else 2
        for judgement in self.spare:
            if len(self.kept) >= wanted or judgement in self.kept:
                break
            if not repeats(judgement.line, [*said, *(k.line for k in self.kept)]) and not leans(judgement.text):
                self.kept.append(judgement)
                said.append(judgement.line)
        if not self.kept:
            self.taken = extracted(self.source, self.passage.evidence, said, _EXTRACTED[self.passage.kind])
            said += self.taken

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


def _rescore(places: Sequence[_Place], scorer: Scorer | None) -> None:
    """Judge again, with what a model says of each sentence that has passed so far."""
    if scorer is None:
        return
    asked = [
        (place, j) for place in places for j in {j.text: j for c in place.candidates for j in c if j.status}.values()
    ]
    gains = scorer([(j.text, j.evidence) for _, j in asked]) if asked else []
    fresh = {
        (id(place), j.text): judge(place.source, j.text, gain, strict=True)
        for (place, j), gain in zip(asked, gains, strict=True)
    }
    for place in places:
        place.candidates = [[fresh.get((id(place), j.text), j) for j in candidate] for candidate in place.candidates]


def _rewrite(places: Sequence[_Place], said: list[Line], rewrite: Rewrite, split: Split) -> None:
    """Have what failed written anew from its evidence, where the place has room and the fault can be mended."""
    asked: list[tuple[_Place, Judgement]] = []
    for place in sorted(places, key=lambda p: (len(p.kept) > 0, _CLAIM[p.passage.kind])):
        if place.passage.kind == "comparison" or (place.passage.kind in _SINGLE and place.kept):
            continue
        mendable = [j for j in place.failed if j.problems[0][0] not in {"repetition", "generic"}]
        asked += [(place, j) for j in mendable[: _MOST[place.passage.kind] - len(place.kept)]]
    asked = asked[:_MOST_REWRITTEN]
    if not asked:
        return
    texts = rewrite([(j.text, tuple(place.passage.evidence) or j.evidence) for place, j in asked])
    for (place, _), text in zip(asked, texts, strict=True):
        for sentence in clean(text, split).sentences[:1]:
            judgement = judge(place.source, sentence, strict=True)
            alone = not place.kept and dangles(sentence)
            if (
                judgement.status
                and not alone
                and not repeats(judgement.line, said)
                and len(place.kept) < _MOST[place.passage.kind]
            ):
                place.kept.append(judgement)
                said.append(judgement.line)


def _questions(draft: Draft, source: Source, split: Split, wanted: int) -> tuple[list[Section], list[Finding]]:
    """The best set of questions among all candidates: one a passage, all different."""
    options: list[tuple[float, int, int, str, Line]] = []
    refused: dict[int, list[Finding]] = {}
    passages = [p for p in draft.passages if p.kind == "question"]
    for at, passage in enumerate(passages):
        for rank, text in enumerate(passage.candidates):
            question = _first_question(text, split)
            line = source.line(question)
            problem = question_problem(source, line)
            if problem:
                refused.setdefault(at, []).append(Finding(_name("question", passage.index), question, *problem))
            else:
                names = len({e.id for m in line.mentions for e in m.entities[:1]})
                worth = (
                    0.3 * min(names, 3)
                    + 0.3 * min(len(line.figures) + len(line.dates), 2)
                    + 0.5 * _known(source, line)
                    - 0.05 * rank
                )
                options.append((worth, at, rank, question, line))
    options.sort(key=lambda option: (-option[0], option[1], option[2]))
    chosen: dict[int, tuple[str, Line]] = {}
    findings: list[Finding] = []
    for _, at, __, question, line in options:
        if len(chosen) == wanted or at in chosen:
            continue
        if any(alike(line, other) for ___, other in chosen.values()):
            refused.setdefault(at, []).append(
                Finding(_name("question", passages[at].index), question, "repetition", "another question asks this")
            )
        else:
            chosen[at] = (question, line)
    sections = []
    for at, passage in enumerate(passages):
        statements: tuple[Statement, ...] = ()
        if at in chosen:
            question, line = chosen[at]
            statements = (Statement(question, "inferred", about(source, line)),)
        elif at in refused:
            findings += refused[at][:1]
        sections.append(Section("question", passage.index, statements))
    return sections, findings


def _first_question(text: str, split: Split) -> str:
    """The first question in a text, or its first sentence."""
    cleaned = clean(text, split)
    everything = [*cleaned.sentences, *cleaned.torn]
    return next((s for s in everything if s.endswith("?")), everything[0] if everything else text.strip())


def _known(source: Source, line: Line) -> float:
    return sum(k in source.by_root for k in line.roots) / max(1, len(line.roots))


def question_problem(source: Source, line: Line) -> tuple[str, str] | None:
    """Why a question may not stand: (rule, detail), or None."""
    form = form_problem(line.text)
    if form:
        return "incomplete", form
    found = locks(source, line)
    if found:
        return found[0]
    wrong = wrong_offices(source, line)
    if wrong:
        return "attribution", wrong[0]
    unspoken = unspoken_things(source, line)
    if unspoken:
        return "generic", f"the article speaks of no {unspoken[0]}"
    if is_generic_line(source, line):
        return "generic", "it would fit any story"
    answer = answered_by(source, line)
    return ("answered", f"sentence {answer} answers it") if answer else None


_LAST: list[tuple[Reading, Source]] = []


def _cached(reading: Reading) -> Source:
    """The source of the reading that was asked for last: evaluation asks about one article many times."""
    if not _LAST or _LAST[0][0] is not reading:
        _LAST[:] = [(reading, source_of(reading))]
    return _LAST[0][1]
