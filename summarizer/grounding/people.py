"""Who said what, and who holds which office.

In: a Source and an analysed statement. Out: findings where a statement gives words or an office to another person
than the source does. A person whom the source doesn't know is a matter for names.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from summarizer.grounding.lexicon import ROLES, SPEECH
from summarizer.grounding.quotes import quotes
from summarizer.grounding.source import Line, Mention, Source
from summarizer.grounding.text import root

_CLAUSE_END = frozenset(".;:()")
_APPOSITION_WORDS = 14
# Verbs of speech that as often mean something else ("the company put", "calls"): no speaker by them alone.
_WEAK = frozenset(
    "put puts call calls called want wants wanted expect expects expected report reports point points answer answers "
    "answered hope hopes state states claim claims comment note notes fear fears doubt doubts estimate estimates "
    "propose proposes reply replies think demand demands object objects describe".split()
)
_STRONG = SPEECH - _WEAK
# One office under several words.
_SAME_OFFICE = {
    "chair": "chair",
    "chairman": "chair",
    "chairwoman": "chair",
    "chairperson": "chair",
    "head": "lead",
    "leader": "lead",
    "spokesman": "spokes",
    "spokeswoman": "spokes",
    "spokesperson": "spokes",
    "ceo": "chief",
    "executive": "chief",
    "chief": "chief",
    "lawyer": "law",
    "counsel": "law",
    "solicitor": "law",
    "attorney": "law",
    "barrister": "law",
    "scientist": "science",
    "researcher": "science",
    "councillor": "council",
    "farmer": "grow",
    "grower": "grow",
}
_OFFICES = ROLES - {
    "author",
    "owner",
    "member",
    "student",
    "farmer",
    "grower",
    "investor",
    "trader",
    "captain",
    "mark",
    "observer",
    "producer",
    "developer",
    "officer",
    "official",
    "principal",
    "deputy",
    "model",
    "broker",
    "collector",
}


@dataclass(frozen=True, slots=True)
class Office:
    """A person, the head of the phrase that says what they are, and the roots of the whole phrase."""

    person: int
    name: str
    head: str
    phrase: frozenset[str]


def offices(line: Line) -> Iterator[Office]:
    """Offices that a sentence gives to persons, by apposition or as a title before the name."""
    for mention in line.mentions:
        if len(mention.persons) != 1:
            continue
        person, name = mention.persons[0], " ".join(w.text for w in mention.span.words)
        first = mention.at
        last = line.position(mention.span.words[-1].start)
        for title in mention.span.titles:
            if title in _OFFICES:
                yield Office(person, name, title, frozenset({root(title)}))
        before = _before(line, first - len(mention.span.titles))
        if before:
            yield Office(person, name, *before)
        after = _after(line, last + 1)
        if after:
            yield Office(person, name, *after)


def _before(line: Line, first: int) -> tuple[str, frozenset[str]] | None:
    """ "managing director X", "the branch's chairman, X"."""
    i = first - 1
    if i > 0 and line.words[i].text == ",":
        i -= 1
        if not (i >= 1 and line.words[i].key in _OFFICES):
            return None
    if (
        i < 0
        or line.words[i].key not in _OFFICES
        or (line.words[i].text.endswith("s") and not line.words[i].key.endswith("ss"))
    ):
        return None
    phrase = [w.key for w in line.words[max(0, i - 3) : i + 1] if w.word]
    return line.words[i].key, frozenset(map(root, phrase))


def _after(line: Line, i: int) -> tuple[str, frozenset[str]] | None:
    """ "X, director of Y,", "X, who chairs Y", "X is the director of Y"."""
    words = line.words
    if i >= len(words):
        return None
    if words[i].text in {",", "("}:
        i += 1
    elif not (words[i].key in {"is", "was", "became", "remains"} and i + 1 < len(words)):
        return None
    else:
        i += 1
    phrase: list[str] = []
    head = ""
    for word in words[i : i + _APPOSITION_WORDS]:
        if word.text in {",", ".", ";", ")", '"', "-"} or (not head and word.key in _STRONG and phrase):
            break
        if word.word:
            if not head and word.key in _OFFICES:
                head = word.key
            if not head and len(phrase) > 5:
                break
            phrase.append(word.key)
    if not head or "said" in phrase[:2]:
        return None
    return head, frozenset(map(root, phrase))


def wrong_offices(source: Source, statement: Line) -> list[str]:
    """Offices that the source gives to somebody else, or not to this person."""
    problems = []
    for office in offices(statement):
        held = [o for line in _all_lines(source) for o in offices(line) if o.person == office.person]
        same = _SAME_OFFICE.get(office.head, office.head)
        if any(_SAME_OFFICE.get(o.head, o.head) == same or root(office.head) in o.phrase for o in held):
            others = {
                o.person
                for line in _all_lines(source)
                for o in offices(line)
                if _SAME_OFFICE.get(o.head, o.head) == same
            }
            mine: frozenset[str] = frozenset().union(*(o.phrase for o in held))
            if len(others) < 2 or len((office.phrase - {root(office.head)}) - mine) <= len(office.phrase) * 0.4:
                continue
            problems.append(f"{office.name} is not given as {office.head} of that in the article")
        elif not _near(source, office.person, office.head):
            problems.append(f"{office.name} is not given as {office.head} in the article")
    return problems


def _near(source: Source, person: int, head: str) -> bool:
    """Whether the office stands near the person in any sentence, with no other person between them."""
    same = _SAME_OFFICE.get(head, head)
    for line in _all_lines(source):
        at = [m for m in line.mentions if person in m.persons]
        places = [
            i
            for i, w in enumerate(line.words)
            if (w.key in ROLES and _SAME_OFFICE.get(w.key, w.key) == same)
            or w.key == head
            or w.key == head + "s"
            or (root(w.key) == root(head))
        ]
        for mention in at:
            for place in places:
                low, high = sorted((mention.at, place))
                between = [m for m in line.mentions if m.persons and person not in m.persons and low < m.at < high]
                if high - low <= 14 and not between:
                    return True
    return False


def _all_lines(source: Source) -> tuple[Line, ...]:
    return (*source.extra, *source.lines)


# --- who said what -------------------------------------------------------------------------------------------


# "X's point", "X's estimate": words as good as "X says".
_SAYINGS = frozenset(
    """point claim view argument question figure figures estimate warning remark complaint caution concern account
    answer reply
    objection proposal forecast statement comment comments doubt doubts worry worries fear suggestion demand charge
    assurance
    promise denial criticism message advice finding result results team group report study letter quote quotation
    preference
    hope offer explanation description observation verdict calculation reading""".split()
)


def claimant_of(line: Line) -> tuple[Mention, int] | None:
    """The name that a statement gives words or thoughts to: by a verb of speech, or as "X's point"."""
    said = speaker_of(line)
    if said:
        return said
    for mention in line.mentions:
        last = line.position(mention.span.words[-1].start)
        if (
            mention.persons
            and line.words[last].text.endswith(("'s", "s'"))
            and any(w.key in _SAYINGS for w in line.words[last + 1 : last + 3])
        ):
            return mention, last
    return None


def speaker_of(line: Line) -> tuple[Mention, int] | None:
    """The name that a verb of speech in this sentence goes with, and the token of the verb."""
    quoted = _quoted_tokens(line)
    best: tuple[int, Mention, int] | None = None
    for i, word in enumerate(line.words):
        if i in quoted:
            continue
        according = word.key == "according" and i + 1 < len(line.words) and line.words[i + 1].key == "to"
        if not according and word.key not in SPEECH:
            continue
        for mention in line.mentions:
            if mention.at in quoted:
                continue
            end = line.position(mention.span.words[-1].start)
            distance = _distance(line, mention.at, end, i, according)
            if distance is None:
                continue
            cost = distance + (3 if word.key in _WEAK else 0)
            if best is None or cost < best[0]:
                best = (cost, mention, i)
    return (best[1], best[2]) if best else None


def _distance(line: Line, first: int, last: int, verb: int, according: bool) -> int | None:
    """How far a name stands from a verb of speech as its subject; None where it is none."""
    if first > verb:
        gap = first - verb - 1
        words = [w.key for w in line.words[verb + 1 : first]]
        limit = 8 if according else 6
        if (
            gap > limit
            or any(w in {"that", ".", ";"} for w in words)
            or (
                not according
                and line.words[verb].key
                in {"told", "tell", "tells", "asked", "ask", "urged", "called", "praised", "criticised"}
            )
        ):
            return None
        # After the verb only inverted order counts: "said Hana X", "said the chairman, X".
        if not according and gap and not any(w in ROLES or w in {"the", "its", ","} for w in words):
            return None
        return gap
    gap = verb - last - 1
    words = [w.key for w in line.words[last + 1 : verb]]
    if any(w in {".", ";"} for w in words) or gap > 36:
        return None
    if "," in words:  # an apposition has to be closed before the verb
        inside = words[0] in {",", "("}
        if not inside or (words[-1] not in {",", ")"} and not any(w == "," for w in words[1:])):
            return None
        return 1
    return gap if gap <= 3 else None


def _quoted_tokens(line: Line) -> frozenset[int]:
    spans = [(q.start, q.end) for q in quotes(line.text)]
    return frozenset(i for i, w in enumerate(line.words) if any(s <= w.start < e for s, e in spans))


def known_speakers(source: Source) -> dict[int, frozenset[int]]:
    """`speakers`, worked out once for a source."""
    if "speakers" not in source.cache:
        source.cache["speakers"] = speakers(source)
    found = source.cache["speakers"]
    assert isinstance(found, dict)
    return found


def speakers(source: Source) -> dict[int, frozenset[int]]:
    """Sentence number -> entities who speak in it. "He said" is the last person who was named; a quotation that
    goes on belongs to whoever began it."""
    found: dict[int, frozenset[int]] = {}
    last: frozenset[int] = frozenset()
    person: frozenset[int] = frozenset()
    open_quote = False
    for line in source.lines:
        direct = speaker_of(line)
        marks = line.text.count('"') + line.text.count("“") + line.text.count("”")
        begins = line.text[:1] in "\"“'‘"
        pronoun = any(
            w.key in {"he", "she", "they"} and any(v.key in SPEECH for v in line.words[max(0, i - 2) : i + 4])
            for i, w in enumerate(line.words)
        )
        persons = [m.persons for m in line.mentions if m.persons]
        if direct:
            last = frozenset(e.id for e in direct[0].entities)
            found[line.n] = last
        elif pronoun and person:
            found[line.n], last = person, person
        elif (open_quote or begins) and last:
            found[line.n] = last
        elif any(w.key in SPEECH or w.key == "according" for w in line.words):
            found[line.n] = frozenset({-1})  # somebody without a name
            last = frozenset() if not begins else last
        if persons:
            person = frozenset(persons[0] if not direct or not direct[0].persons else direct[0].persons)
        open_quote = (open_quote + marks) % 2 == 1
    # A quotation whose attribution follows: "First part. Second part," X said.
    for line in reversed(source.lines[:-1]):
        if (
            line.n not in found
            and line.text[:1] in '"“'
            and line.n + 1 in found
            and source.lines[line.n].paragraph == line.paragraph
        ):
            found[line.n] = found[line.n + 1]
    return found
