"""Clean characters to the parts of an article: title, byline and date lines off the top, paragraphs below.

What is already known (given by the caller, or from metadata) is kept, and its repetition at the top is taken
out of the body. A dateline and a standfirst are body. The result is a fixed point: laying it out again
changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date


@dataclass(frozen=True, slots=True)
class Parts:
    """What is known of an article so far; "" for what isn't."""

    text: str = ""
    title: str = ""
    byline: str = ""
    published: str = ""
    source: str = ""
    url: str = ""


_MAX_TITLE = 200  # characters
_WRAP = 100  # characters: a line of hard-wrapped copy is shorter, a paragraph in one line is mostly longer
_HEADER = 12  # lines that are looked at together

_ITEM = re.compile(r"(?:[-*•–—▪‣·]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s)")
_SENTENCE_END = re.compile(r"[.!;:,…][\"'”’)\]]*$")
_DATELINE = re.compile(r"[A-ZÀ-Þ][A-ZÀ-Þ .'’-]{2,}(?:[,(][^–—\n]{0,60})?\s?[-–—]{1,2}\s")

# --- bylines ------------------------------------------------------------------------------------------------

_NAME = r"[A-ZÀ-ÞĀ-Ž][\w.'’-]*"
_NAMES = rf"{_NAME}(?:\s+(?:{_NAME}|de|da|di|du|van|von|der|den|al|bin|ibn|la|le|dos|and|y)){{0,6}}"
_BY = re.compile(
    r"(?:(?:[Ww]ritten|[Rr]eported|[Ss]tory|[Rr]eport|[Ii]nterview|[Ii]nquiry|[Ww]ords|[Aa]nalysis)\s+)?"
    rf"(?:by|By|BY):?\s+{_NAME}"
)
_ROLE = re.compile(
    r"\b(?:correspondents?|reporters?|editor|columnist|writers?|staff|bureau|desk|newsroom|agency|news|press"
    r"|wire|services?|journalist)\b",
    re.I,
)
# "Almaty bureau", "Wire desk, Seoul": a desk for a name.
_DESK = re.compile(
    rf"{_NAME}(?:\s[\w.'’-]+){{0,4}}\s(?:correspondents?|bureau|desk|newsroom|reporters?|writers|[Ww]ire|[Aa]gency"
    rf"|[Ss]ervices?)(?:,\s{_NAME}(?:\s{_NAME}){{0,2}})?"
)
_PERSON = rf"{_NAME}(?:\s(?:{_NAME}|de|da|van|von|der|al)){{1,3}}"
_PEOPLE = re.compile(rf"{_PERSON}(?:(?:,| and)\s{_PERSON}){{0,3}}")
_CREDIT = re.compile(rf"{_NAMES}\s*,\s*\S.*")
_NAME_AND_PLACE = re.compile(rf"{_NAME}(?:\s+{_NAME}){{1,3}},\s{_NAME}(?:\s{_NAME}){{0,2}}")

# --- dates --------------------------------------------------------------------------------------------------

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_LEAD = (
    r"(?:(?:first\s+)?(?:published|posted|updated|last\s+updated|filed|date|dated|issued)\s*(?:on|at)?\s*:?\s*)?"
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
)
_TIME = (
    r"(?:[T,\s]\s*(?:at\s+)?\d{1,2}[:.]\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]\.?m\.?)?"
    r"\s*(?:Z|[A-Z]{2,4}|[+-]\d{2}:?\d{2})?)?"
)
_DATES = tuple(
    re.compile(rf"{_LEAD}{form}{_TIME}\.?", re.I)
    for form in (
        r"(?P<year>\d{4})-(?P<number>\d{1,2})-(?P<day>\d{1,2})",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+(?P<year>\d{{4}})",
        rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})",
    )
)


def iso_date(line: str) -> str:
    """YYYY-MM-DD if the whole line is a date ("Published 16 June 2023", "2023-06-16T08:00Z"), else ""."""
    line = line.strip()
    for form in _DATES if len(line) <= 80 else ():
        if found := form.fullmatch(line):
            fields = found.groupdict()
            month = fields.get("month")
            number = _MONTHS.index(month[:3].lower()) + 1 if month else int(fields["number"])
            try:
                return date(int(fields["year"]), number, int(fields["day"])).isoformat()
            except ValueError:
                return ""
    return ""


def word_count(text: str) -> int:
    return len(re.findall(r"\w+(?:[-'’.,]\w+)*", text))


def lay_out(known: Parts) -> Parts:
    """Title, byline and date off the top of `known.text`, as far as they aren't known; then paragraphs."""
    while (laid := _once(known)) != known:  # each turn takes lines off or joins them, so this ends
        known = laid
    return known


def _once(known: Parts) -> Parts:
    lines = known.text.strip().split("\n")
    top = 0
    while top < len(lines) - 1:
        if not lines[top]:
            top += 1
            continue
        taken = _take(lines[top : top + _HEADER], known)
        if taken is None:
            break
        count, known = taken
        top += count
    return replace(known, text=_paragraphs("\n".join(lines[top:]).strip()))


# --- the top ------------------------------------------------------------------------------------------------


def _take(lines: list[str], known: Parts) -> tuple[int, Parts] | None:
    """How many lines at the top belong to title, byline or date, and what is known after them. The body keeps
    at least one line."""
    line = lines[0]
    following = next(filter(None, lines[1:]), "")
    if not following:
        return None
    if known.title and _same(line, known.title):
        return 1, known
    if known.byline and _same(line, known.byline):
        return 1, known
    fields = _credits(line, known)
    if fields is not None:
        return 1, fields
    if known.title and not known.byline and iso_date(following) and _may_credit(line):
        return 1, _with_byline(known, line)
    if not known.title and (count := _title_lines(lines)):
        known = replace(known, title=" ".join(lines[:count]))
        # A name alone is a byline only right under the title; after a blank line it could be a heading.
        if not known.byline and count < len(lines) and _PEOPLE.fullmatch(lines[count]):
            return count + 1, replace(known, byline=lines[count])
        return count, known
    return None


def _with_byline(known: Parts, line: str) -> Parts:
    return replace(known, byline=re.sub(r"^by:?\s+", "", line, flags=re.I))


def _may_credit(line: str) -> bool:
    ends = (".", "!", "?", ":", ";", '"', "”")
    return len(line) <= 120 and len(line.split()) <= 14 and not line.endswith(ends)


def _same(line: str, field: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"\W+", " ", re.sub(r"^#+\s|^[Bb][Yy]\s", "", text)).strip().casefold()

    return bool(bare(field)) and bare(line) == bare(field)


def _credits(line: str, known: Parts) -> Parts | None:
    """Byline and date of a line like `By X, Y correspondent | 16 June 2023`; None if any part is neither."""
    for part in re.split(r"\s+[|•·]\s+", line):
        if day := iso_date(part):
            known = replace(known, published=known.published or day)
        elif not known.byline and (known.title or _BY.match(part)) and _is_byline(part):
            known = _with_byline(known, part)
        else:
            return None
    return known


def _is_byline(line: str) -> bool:
    if not _may_credit(line) or _DATELINE.match(line):
        return False
    if _BY.match(line) or _DESK.fullmatch(line):
        return True
    if _CREDIT.fullmatch(line) and _ROLE.search(line):
        return len(line.split()) <= 10
    return bool(_NAME_AND_PLACE.fullmatch(line))


def _title_lines(lines: list[str]) -> int:
    """How many lines at the top are the title; 0 if there is none. A title is short, doesn't end like a
    sentence, and is set off by a blank line or by a line of credits."""
    count = lines.index("") if "" in lines else 0
    if count > 1 and (
        any(_is_byline(part) or iso_date(part) for part in lines[1].split(" | "))
        or (count == 2 and _PEOPLE.fullmatch(lines[1]))
        or (count > 2 and iso_date(lines[2]))
    ):
        count = 1
    title = " ".join(lines[:count])
    if not 0 < len(title) <= _MAX_TITLE or count > 3 or len(title.split()) > 30:
        return 0
    if _SENTENCE_END.search(title) or _DATELINE.match(title) or _ITEM.match(title):
        return 0
    if title.endswith("?") and len(title.split()) > 15:
        return 0
    return count if any(c.isalpha() for c in title) else 0


# --- the body -----------------------------------------------------------------------------------------------


def _paragraphs(text: str) -> str:
    """Blocks between blank lines. Inside one, wrapped lines are joined, lines as long as paragraphs become
    paragraphs, and an item of a list keeps its line."""
    blocks = []
    for block in re.split(r"\n\n+", text):
        lines = block.split("\n")
        wrapped = max(map(len, lines)) <= _WRAP
        built = lines[0]
        for line in lines[1:]:
            built += ("\n" if _ITEM.match(line) else " " if wrapped else "\n\n") + line
        blocks.append(built)
    return "\n\n".join(blocks).strip()
