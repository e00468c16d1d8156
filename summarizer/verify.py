"""Checks every sentence that was written, chooses, repairs and withholds: nothing leaves without a source.

In: a Draft with candidates for each place, the Reading, the dated Records. Out: a Verdict: sections whose statements
carry a status and their evidence, and a finding for each sentence that was withheld. The checks themselves are in
summarizer/grounding; no model is asked here but through `rewrite`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from summarizer.grounding.asking import ask
from summarizer.grounding.clean import Split, clean, dangles, simple_split
from summarizer.grounding.judge import Judgement, judge
from summarizer.grounding.locks import locks
from summarizer.grounding.place import MOST, Place
from summarizer.grounding.questions import answered_by, is_generic_line
from summarizer.grounding.source import Line, Source, source_of, source_of_records
from summarizer.grounding.support import support
from summarizer.types import Draft, Finding, Passage, Reading, Record, SectionKind, Verdict

Rewrite = Callable[[Sequence[tuple[str, tuple[int, ...]]]], list[str]]

# The places in the order in which they may claim a fact: a later one that repeats it loses it.
_CLAIM: dict[SectionKind, int] = {"summary": 0, "reason": 1, "sector": 2, "comparison": 3, "takeaway": 4, "question": 5}
# How many failed sentences of a place that has nothing else are written anew.
_MOST_REWRITTEN = 2


def verify(
    draft: Draft,
    reading: Reading,
    records: Sequence[Record],
    *,
    split: Split = simple_split,
    rewrite: Rewrite | None = None,
    n_questions: int = 5,
) -> Verdict:
    """Sections in the draft's order, and what was withheld.

    `split` cuts a text into sentences. `rewrite` is given (sentence, numbers of its evidence) pairs and writes each
    sentence anew, in order; it is called at most once, for places that have nothing else.
    """
    source = source_of(reading)
    work = [Place(passage, _source_for(passage, source, reading, records)) for passage in draft.passages]
    places = sorted((p for p in work if p.passage.kind != "question"), key=lambda p: _CLAIM[p.passage.kind])
    # 1. Every candidate sentence is judged, and the best candidate of each place chosen.
    said: list[tuple[Place, Line]] = []
    for place in places:
        place.judge(split)
        place.choose(_heard(place, said))
        said += [(place, judgement.line) for judgement in place.kept]
    # 2. Gaps are filled from the other candidates.
    _fill([(place, judgement) for place in places for judgement in place.spare], said)
    # 3. Where nothing stands, what failed is written anew, once and all together; else the article's own words
    # stand in.
    if rewrite:
        _fill(_rewrite([place for place in places if not place.kept], rewrite, split), said)
    for place in places:
        place.extract(_heard(place, said))
        said += [(place, line) for line in place.taken]
    sections = [place.section() for place in work if place.passage.kind != "question"]
    notes = [finding for place in work for finding in place.findings]
    # 4. Questions.
    asked, findings = ask(draft, source, split, n_questions)
    order = {(p.kind, p.index): i for i, p in enumerate(draft.passages)}
    sections = sorted([*sections, *asked], key=lambda s: order[s.kind, s.index])
    return Verdict(tuple(sections), (*notes, *findings))


def lock_violations(text: str, reading: Reading) -> list[Finding]:
    """Names, figures, dates and quotations of a text that the article doesn't have. Locks only, no support."""
    source = _cached(reading)
    line = source.line(text)
    return [Finding("", text, rule, detail) for rule, detail in locks(source, line, support(source, line).evidence)]


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


def _fill(offered: Sequence[tuple[Place, Judgement]], said: list[tuple[Place, Line]]) -> None:
    """Give each place what it still wants of what is offered to it."""
    for place, judgement in offered:
        if place.add(judgement, _heard(place, said)):
            said.append((place, judgement.line))


def _heard(place: Place, said: Sequence[tuple[Place, Line]]) -> list[Line]:
    """What a place must not say again. The one sentence to remember may be one of the summary's."""
    own = place.passage.kind
    return [line for other, line in said if not (own == "takeaway" and other.passage.kind == "summary")]


def _rewrite(places: Sequence[Place], rewrite: Rewrite, split: Split) -> list[tuple[Place, Judgement]]:
    """What failed, written anew from its evidence, as far as it passes now."""
    asked = [
        (place, j)
        for place in places
        if place.passage.kind != "comparison"
        for j in [j for j in place.failed if j.problems[0][0] not in {"repetition", "generic"}][
            : min(_MOST_REWRITTEN, MOST[place.passage.kind])
        ]
    ]
    if not asked:
        return []
    texts = rewrite([(j.text, tuple(place.passage.evidence) or j.evidence) for place, j in asked])
    written = [
        (place, judge(place.source, sentence, strict=True))
        for (place, _), text in zip(asked, texts, strict=True)
        for sentence in clean(text, split).sentences[:1]
    ]
    return [(place, j) for place, j in written if j.status and not dangles(j.text)]


_LAST: list[tuple[Reading, Source]] = []


def _cached(reading: Reading) -> Source:
    """The source of the reading that was asked for last: evaluation asks about one article many times."""
    if not _LAST or _LAST[0][0] is not reading:
        _LAST[:] = [(reading, source_of(reading))]
    return _LAST[0][1]
