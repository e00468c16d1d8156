"""Sentences of an article: `Article` in, `Reading` out; and `fit`, which cuts a reading to a length.

A sentence is a half-open span into the untouched `article.text`, without white space around it. Spans stand
in order, never cross a paragraph (a blank line), and together cover every character that isn't white space.
This module changes no text, drops none, and knows no model.

sentencex proposes the boundaries. It takes a quotation or a parenthesis for one sentence however long it is,
so it is shown the text without those marks, and the boundaries are carried back. After that, the rules below
correct what it gets wrong in news text. Two decisions about quotations:

  - a sentence inside a long quotation is a sentence of its own; an opening or closing mark may stand alone;
  - an attribution stays with the quotation before it: `"Who pays?" Ms Duarte said.` is one sentence.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

import sentencex

from summarizer.types import Article, Reading, Sentence

MAX_SENTENCE = 1_000
"""Characters. What runs on for longer without an end mark (a table, a list without line ends) is cut at a
clause or a space, so that no later stage meets a sentence that fills a context window."""

Span = tuple[int, int]

# --- the marks ----------------------------------------------------------------------------------------------

_OPEN = "\"'“‘«([{"
_CLOSE = "\"'”’»)]}"

# Marks that are taken away before sentencex looks: double quotation marks and brackets everywhere; single
# ones only where they can't be apostrophes, that is at the start of a word or after an end mark.
_MARK = re.compile(r"[\"“”«»()\[\]{}‘]|(?<=[.?!…,])['’]|(?:(?<=\s)|(?<=[\"“(\[])|^)['’](?=\w)")

# --- where sentencex must not split -------------------------------------------------------------------------

_SPEECH = (
    r"(?:said|says|asked|asks|told|wrote|writes|added|replied|answered|shouted|warned|wondered|insisted|cried"
    r"|tweeted|posted|recalled|demanded|joked|called|continued|concluded|read|remarked)"
)
_NAME = r"(?:(?:the|a|an|of|de|van|von|al|bin|du|la|[Tt]he)\s+|[^\W\d_][\w.'’-]*\s+)"
# `?" Ms Duarte said.`: up to five words, of which the first is a name; the verb; an end or a circumstance.
_ATTRIBUTION = re.compile(
    rf"(?:(?:[A-Z\u00c0-\u024f][\w.'’-]*|The)\s+){_NAME}{{0,4}}?{_SPEECH}"
    r"(?:[.,;:]|\s*$|\s+(?:in|of|at|on|after|before|as|when|while|during|from|by|with|to|late|again|later"
    r"|yesterday|today|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)\b)"
)
_ASKED_QUOTE = re.compile(r"[?!…][\"”'’»]$")

# Abbreviations that never end a sentence before a figure or a name.
_BEFORE_FIGURE = re.compile(
    r"(?:^|[\s(])(?:approx|ca|c|est|Nos?|nos?|pp?|vol|Vol|figs?|Figs?|arts?|Arts?|para|ch|sec|Sec)\.$"
)
# A clock time before its zone or day: "6 a.m. GMT", "9 a.m. Thursday".
_CLOCK = re.compile(r"\d\s?[ap]\.m\.$")
_AFTER_CLOCK = re.compile(
    r"(?:(?:[A-Z]{1,3}[SD]?T|GMT|UTC|BST)\b|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day[s,.]?\b"
    r"|(?:Eastern|Pacific|Central|Mountain|Greenwich|Moscow|Beijing|London|Tokyo)\s+(?:[Tt]ime|Standard|Daylight))"
)
# Names that end in an exclamation mark, and what may follow one inside a sentence.
_SHOUTED_NAME = re.compile(r"\b(?:Yahoo|Jeopardy|Yum|Joomla|Oklahoma|Mamma Mia|Chips Ahoy|Westward Ho|E|Hello|OK)!$")
# Titles stand before a name, never at the end; states and streets only before a new sentence's first word.
_TITLE = re.compile(
    r"(?:^|[\s,(])(?:Gov|Sen|Rep|Lt|Col|Gen|Maj|Capt|Sgt|Adm|Cmdr|Rev|Hon|Prof|Dr|Mr|Mrs|Ms|Messrs|vs|v|Dept|Supt"
    r"|Det|Insp|Amb)\.$"
)
_PLACES = (
    r"(?:Ala|Ariz|Ark|Calif|Colo|Conn|Del|Fla|Ga|Ill|Ind|Kan|Ky|La|Md|Mass|Mich|Minn|Miss|Mo|Mont|Neb|Nev|Okla"
    r"|Ore|Pa|Tenn|Tex|Vt|Va|Wash|Wis|Wyo|Ont|Que|Sask|Alta|St|Mt|Ft|Ave|Rd|Blvd)"
)
_PLACE = re.compile(rf"(?:^|[\s,(]){_PLACES}\.$")

# --- where sentencex must split -----------------------------------------------------------------------------

# A word that can only begin a sentence here, because it is capitalised without being a name.
_STARTER = (
    r"(?:The|An?|It|Its|He|She|They|We|You|I|His|Her|Their|Our|This|That|These|Those|There|But|And|Or|So|Yet|If|When"
    r"|While|After|Before|Since|Until|Although|Though|Because|As|At|In|On|By|For|From|With|Under|Without|Most|Many"
    r"|Some|Few|Both|All|Each|No|Not|Nobody|None|One|Two|Three|What|Who|Why|How|Where|Which|Last|Next|Now|Then"
    r"|Asked|Critics|Officials|Police|Shares|Analysts|Talks)"
)
_BEGINS = re.compile(rf"{_STARTER}\s")
# After an abbreviation that may end a sentence, a starter does begin one.
_MISSED = re.compile(
    r"\b(?:Inc|Ltd|Corp|Co|Jr|Sr|PLC|plc|Bros|etc|[A-Z]\.[A-Z]|[A-Z]\.[A-Z]\.[A-Z]|[ap]\.m|Ph\.D|bn|mn|al"
    rf"|{_PLACES})\."
    rf"[{re.escape(_CLOSE)}]*(?P<gap>\s+)[{re.escape(_OPEN)}]*{_STARTER}(?=\s)"
)
# "vitamin C. Sailors": one capital after a small-letter common noun that takes letters; not an initial.
_LETTERED = re.compile(
    r"\b(?:[Vv]itamin|[Hh]all|[Gg]roup|[Pp]lan|[Ss]ection|[Hh]epatitis|[Cc]lass|[Aa]nnex|[Aa]ppendix|[Tt]erminal|[Gg]rade"
    r"|[Bb]lock|[Pp]art|[Ss]chedule|[Ss]eries|[Tt]ype|[Cc]ategory|[Bb]uilding|[Ll]ot|[Uu]nit|[Pp]hase|[Ss]tage|[Pp]oint"
    r"|[Ee]xhibit|[Zz]one|[Ss]ector|[Ww]itness)"
    r"\s[A-Z]\.(?P<gap>\s+)(?=[A-Z\"“])"
)
# "in May. Average premiums": a month that nobody abbreviates. "gets an E. A student": a mark.
_MONTH = re.compile(rf"\b(?:March|April|May|June|July)\.(?P<gap>\s+)(?=[{re.escape(_OPEN)}]*[A-Z])")
_GRADE = re.compile(rf"\b[Aa]n?\s[A-Z]\.(?P<gap>\s+){_STARTER}(?=\s)")
# "ill. A recount": a whole word in small letters that is no abbreviation; a footnote mark may follow it.
_PLAIN = re.compile(
    r"(?<![\w.])(?!(?:vs|approx|etc|cf|al|ca|viz|incl|excl|resp|eds?)\.)"
    rf"[a-z]{{1,24}}(?:[-'’][a-z]{{1,24}}){{0,4}}\.(?:\[\d{{1,3}}\])?[{re.escape(_CLOSE)}]*(?P<gap>\s+)(?=[{re.escape(_OPEN)}]*[A-Z])"
)
# Careless copy: "off.The bank".
_GLUED = re.compile(r"[a-z]{2}[.?!](?P<gap>)(?=(?:The|A|It|He|She|They|We|In|But)\s)")

_NUMBER = re.compile(r"\s*\(?(?:\d{1,3}|[a-z])[.)]$")

_SPLITS = (_MISSED, _LETTERED, _MONTH, _GRADE, _PLAIN, _GLUED)

_BLANK = re.compile(r"\n[^\S\n]*\n\s*")
# A line that begins an item of a list.
_ITEM = re.compile(r"\n(?=\s*(?:[-*•–—▪‣·]\s|\(?\d{1,3}[.)]\s|\(?[a-z][.)]\s))")


def segment(article: Article) -> Reading:
    """The sentences of an article, numbered from 1."""
    sentences: list[Sentence] = []
    for number, (start, end) in enumerate(_paragraphs(article.text)):
        spans = [span for line in _lines(article.text, start, end) for span in _sentences(article.text, *line)]
        for left, right in _with_words(article.text, spans):
            for piece in _pieces(article.text, left, right):
                sentences.append(Sentence(len(sentences) + 1, *piece, number))
    return Reading(article, tuple(sentences), len(article.text))


def fit(reading: Reading, characters: int) -> Reading:
    """The reading up to the last sentence that ends within `characters`; never fewer than one sentence.

    The reading itself comes back if all of it fits.
    """
    if not reading.sentences or reading.sentences[-1].end <= characters:
        return reading
    ends = [sentence.end for sentence in reading.sentences]
    count = max(1, bisect_left(ends, characters + 1))
    return Reading(reading.article, reading.sentences[:count], ends[count - 1])


# --- from paragraphs to sentences ---------------------------------------------------------------------------


def _trimmed(text: str, start: int, end: int) -> Iterator[Span]:
    """The span without white space at its ends, or nothing if nothing is left."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    right = len(piece.rstrip())
    if left < right:
        yield start + left, start + right


def _cut(text: str, start: int, end: int, gaps: Iterator[re.Match[str]]) -> Iterator[Span]:
    for gap in gaps:
        yield from _trimmed(text, start, gap.start())
        start = gap.end()
    yield from _trimmed(text, start, end)


def _paragraphs(text: str) -> Iterator[Span]:
    return _cut(text, 0, len(text), _BLANK.finditer(text))


def _lines(text: str, start: int, end: int) -> Iterator[Span]:
    """A line end is white space, except before an item of a list."""
    return _cut(text, start, end, _ITEM.finditer(text, start, end))


def _sentences(text: str, start: int, end: int) -> list[Span]:
    block = text[start:end]
    ends = _proposed(block)
    ends.update(m.start("gap") for rule in _SPLITS for m in rule.finditer(block))
    spans: list[Span] = []
    left = 0
    for right in sorted(ends | {len(block)}):
        if right == len(block) or not _joined(block, left, right):
            spans.extend((start + a, start + b) for a, b in _trimmed(block, left, right))
            left = right
    return spans


def _proposed(block: str) -> set[int]:
    """Ends of sentences that sentencex finds once quotation marks and brackets are out of its way."""
    kept: list[int] = []  # kept[i] is where character i of the stripped text stands in `block`
    marks = {m.start() for m in _MARK.finditer(block)}
    kept = [i for i in range(len(block)) if i not in marks]
    # A line end inside a paragraph is a space: a wrapped line, not the end of a sentence.
    bare = "".join(" " if block[i].isspace() else block[i] for i in kept)
    ends: set[int] = set()
    for boundary in sentencex.get_sentence_boundaries("en", bare):
        stop = boundary["start_index"] + len(bare[boundary["start_index"] : boundary["end_index"]].rstrip())
        if not 0 < stop < len(bare):
            continue
        end = kept[stop - 1] + 1
        while end < len(block) and block[end] in _CLOSE:
            end += 1
        # Inside a word ("Booking.com", ".NET") nothing ends, unless _GLUED says so.
        if end < len(block) and block[end].isspace():
            ends.add(end)
    return ends


def _joined(block: str, start: int, end: int) -> bool:
    """Whether the sentence that began at `start` goes on after the boundary at `end`."""
    tail = block[max(start, end - 24) : end]
    after = block[end : end + 120].lstrip()
    first = after.lstrip(_OPEN)[:1]
    if _ASKED_QUOTE.search(tail):
        return first.islower() or bool(_ATTRIBUTION.match(after))
    return bool(
        _NUMBER.match(block, start, end)  # "1. Close the valve."
        or (first.isdigit() and _BEFORE_FIGURE.search(tail))
        or (_CLOCK.search(tail) and _AFTER_CLOCK.match(after))
        or (first.islower() and _SHOUTED_NAME.search(tail))
        or _TITLE.search(tail)
        or (_PLACE.search(tail) and not _BEGINS.match(after.lstrip(_OPEN)))
    )


def _with_words(text: str, spans: list[Span]) -> list[Span]:
    """A span without a letter or digit (a stray mark, an ellipsis) goes with the one before it."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and not any(c.isalnum() for c in text[start:end]):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """The span in pieces of at most MAX_SENTENCE characters, cut after a clause or else at white space."""
    while end - start > MAX_SENTENCE:
        window = text[start : start + MAX_SENTENCE]
        half = MAX_SENTENCE // 2
        cuts = [window.rfind(mark, half) + 1 for mark in ("; ", ": ", ", ", "\n", " ")]
        cut = next((c for c in cuts if c > 0), MAX_SENTENCE)
        yield from _trimmed(text, start, start + cut)
        start += cut
        while text[start].isspace():
            start += 1
    yield start, end
