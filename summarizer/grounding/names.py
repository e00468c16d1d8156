"""Proper names: the capitalised spans of a text, and an index of those that a source has.

In: texts. Out: NameSpans, Entities, and which names of a statement the source doesn't have. Roles, speakers and
what a name is said to do are checked in people.py and slots.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from summarizer.grounding.countries import CANONICAL, COUNTRY, phrases
from summarizer.grounding.lexicon import (
    BODIES,
    HONORIFICS,
    MONTHS,
    ROLES,
    SPEECH,
    TITLES,
    WEEKDAYS,
    common_stems,
    common_words,
)
from summarizer.grounding.quotes import squeezed
from summarizer.grounding.text import Token, plain, tokens
from summarizer.grounding.units import CODES, ORDINAL, SCALE, SMALL
from summarizer.words import STOP_WORDS, stem

_JOINTS = frozenset(
    "of the de del della da di do dos van von der den ter al el bin ibn bint du des la le les y e & for".split()
)
_LOOSE_JOINTS = frozenset("of the for & and".split())
_STARTS_AFTER = frozenset('.?!:"([;-')
# Short forms of words that are no names; the source must have the words.
_SHORT_FORMS = {
    "ceo": "chief executive",
    "cfo": "chief financial",
    "cto": "chief technology",
    "coo": "chief operating",
    "ipo": "initial public offering",
    "gdp": "gross domestic product",
    "ai": "artificial intelligence",
    "vat": "value added tax",
    "pm": "prime minister",
    "mp": "member of parliament",
    "mps": "members of parliament",
    "r&d": "research and development",
    "gps": "global positioning",
    "dna": "dna",
    "it": "information technology",
    "hr": "human resources",
    "pr": "public relations",
    "ngo": "non governmental",
    "tv": "television",
    "pc": "computer",
}
_ENDINGS = (
    "ing",
    "ed",
    "ly",
    "tion",
    "tions",
    "ment",
    "ments",
    "ness",
    "ity",
    "ities",
    "ance",
    "ence",
    "ers",
    "ors",
    "ists",
    "ism",
    "able",
    "ible",
    "ful",
    "less",
    "ous",
    "ive",
    "ical",
    "ships",
    "ship",
    "wise",
    "ward",
    "hood",
    "isation",
    "ization",
)
_INFLECTED = ("s", "ed", "ing", "er", "est", "ly", "ment", "ation")
_PREFIXES = ("pro-", "anti-", "non-", "ex-", "mid-", "pre-", "post-", "co-", "inter", "trans-", "intra-", "sub-")
_NOT_NAMES = frozenset("i o".split()) | WEEKDAYS | frozenset(MONTHS)


@dataclass(frozen=True, slots=True)
class NameSpan:
    """Capitalised words in a row. `keys` leaves joints ("of", "van") out; `initial` begins a sentence."""

    keys: tuple[str, ...]
    words: tuple[Token, ...]
    start: int
    end: int
    initial: bool
    titles: tuple[str, ...] = ()
    loose: frozenset[int] = frozenset()

    def joined(self, one: Token, other: Token) -> bool:
        """Whether "of", "for" or the like stands between two words of the name."""
        return other.start in self.loose


@dataclass(frozen=True, slots=True)
class Entity:
    """A name of the source with all its words; `person` where the source shows it to be one."""

    id: int
    keys: tuple[str, ...]
    person: bool


def is_ordinary(key: str) -> bool:
    """Whether a word at the start of a sentence is no name for all we know of English."""
    if key in STOP_WORDS or key in SMALL or key in SCALE or key in ORDINAL or key in common_words() or key in TITLES:
        return True
    if key in COUNTRY or key in CANONICAL:
        return False
    if "-" in key:
        return all(is_ordinary(part) for part in key.split("-") if part)
    if len(key) > 5 and key.endswith(_ENDINGS):
        return True
    return "'" in key or (key.endswith(_INFLECTED) and stem(key) in common_stems())


def name_spans(text: str, words: Sequence[Token] | None = None) -> list[NameSpan]:
    """The names of a text in order. A possessive ends a name: "Poland's Armament Agency" holds two."""
    words = tokens(text) if words is None else words
    spans: list[NameSpan] = []
    i = 0
    while i < len(words):
        if not _names(words, i):
            i += 1
            continue
        part, j, loose = [words[i]], i + 1, set()
        while j < len(words) and not words[j - 1].text.endswith(("'s", "s'")):
            k = j
            while k < len(words) and k < j + 2 and (words[k].text.lower() in _JOINTS):
                k += 1
            if (
                k > j
                and any(w.key in _LOOSE_JOINTS for w in words[j:k])
                and len(part) > 1
                and not any(w.key in BODIES for w in part)
            ):
                break  # "Hana Krejčová of Moravia Senzor" is two names, "Ministry of Health" one
            if k < len(words) and _names(words, k, inside=True) and words[k].start - words[k - 1].end <= 1:
                part.append(words[k])
                if any(w.key in _LOOSE_JOINTS for w in words[j:k]):
                    loose.add(words[k].start)
                j = k + 1
            elif words[j - 1].text == "." or (words[j].text == "." and len(words[j - 1].text) == 1):
                j += 1  # an initial: "J. Smith"
            else:
                break
        for piece in _pieces(part):
            titles = tuple(w.key for w in piece if w.key in TITLES)
            rest = _strip_titles(piece)
            if rest:
                keys = tuple(_canonical(w) for w in rest)
                initial = piece[0] is part[0] and _initial(words, i)
                spans.append(NameSpan(keys, tuple(rest), piece[0].start, piece[-1].end, initial, titles, frozenset(loose)))
        i = max(j, i + 1)
    return spans


def _pieces(part: list[Token]) -> list[list[Token]]:
    """ "ESA Director General Josef Aschbacher" is a body, and a person with a title; "Ministry of Defence" is one name."""
    for at in range(1, len(part) - 1):
        if part[at].key not in TITLES or part[at - 1].key in TITLES:
            continue
        after = next((n for n in range(at, len(part)) if part[n].key not in TITLES), len(part))
        if 1 <= len(part) - after <= 4 and not any(w.key in BODIES for w in part[after:]):
            return [part[:at], part[at:]]
    return [part]


def _canonical(word: Token) -> str:
    """The key of a country for all its forms. An accent makes another name: Germán is no German."""
    return COUNTRY.get(word.key, word.key) if word.text.isascii() else word.key


def _strip_titles(part: list[Token]) -> list[Token]:
    """Leading titles are no part of a name; a name that is all titles is none."""
    first = next((n for n, w in enumerate(part) if w.key not in TITLES), len(part))
    return part[first:]


def _initial(words: Sequence[Token], i: int) -> bool:
    return i == 0 or (
        words[i - 1].text in _STARTS_AFTER and not (words[i - 1].text == "-" and words[i - 1].end == words[i].start)
    )


def _names(words: Sequence[Token], i: int, *, inside: bool = False) -> bool:
    """Whether word i is, or may be, part of a name."""
    word = words[i]
    if not word.word or not word.capital or word.key in _NOT_NAMES:
        return False
    if word.key in STOP_WORDS and not (word.text.isupper() and len(word.text) > 1):
        return False
    if inside or word.key in TITLES or not _initial(words, i):
        return True
    return not is_ordinary(word.key) and not _plural(words, i)


def _plural(words: Sequence[Token], i: int) -> bool:
    """Whether the word that begins a sentence looks like an ordinary plural: "Flames crossed", "Tenancies that". A
    plural takes no verb in -s and speaks under a name of its own only: "Torres said" isn't one."""
    word = words[i]
    follower = words[i + 1] if i + 1 < len(words) else None
    return (
        len(word.key) > 4
        and word.text[1:].islower()
        and word.text.endswith("s")
        and "'" not in word.text
        and not word.key.endswith(("ss", "us", "is", "as", "os"))
        and follower is not None
        and follower.text[:1].islower()
        and follower.key not in SPEECH
        and (not follower.key.endswith("s") or follower.key in STOP_WORDS)
        and follower.key not in {"has", "is", "was", "does"}
    )


class Names:
    """The names of a source: `texts` are its sentences, `extra` its title and byline."""

    def __init__(self, texts: Sequence[str], extra: Iterable[str] = ()) -> None:
        self.caps: set[str] = set()
        self.lowers: set[str] = set()
        self.pairs: set[tuple[str, str]] = set()
        self.firsts: set[str] = set()
        self.lasts: set[str] = set()
        self.canon: set[str] = set()
        self.initials: set[str] = set()
        self.genders: dict[str, set[str]] = {}
        everything = [*texts, *extra]
        self.squeezed = squeezed("\n".join(everything))
        spans: list[NameSpan] = []
        self.evidence: dict[tuple[str, ...], int] = {}
        for text in everything:
            spans += self._read(text)
        self.entities = self._group(spans)
        self.wholes = {span.keys for span in spans} | {(key,) for key in CANONICAL}
        self.by_key: dict[str, list[Entity]] = {}
        for entity in self.entities:
            for key in entity.keys:
                self.by_key.setdefault(key, []).append(entity)

    def _read(self, text: str) -> list[NameSpan]:
        words = tokens(text)
        for word in words:
            if word.word:
                (self.caps if word.capital else self.lowers).add(word.key)
                for part in word.key.split("-"):
                    (self.caps if word.capital else self.lowers).add(part)
                if word.key in COUNTRY and word.capital:
                    self.canon.add(COUNTRY[word.key])
        for _, __, name in phrases(plain(text)):
            self.canon.add(name)
            if name == "european-union":
                self.canon.add("europe")
        for one, other in zip(words, words[1:], strict=False):
            if one.key in HONORIFICS and other.capital:
                self.genders.setdefault(other.key, set()).add(one.key)
        spans = name_spans(text, words)
        for span in spans:
            keys = span.keys
            for i, key in enumerate(keys):
                self.pairs |= {(key, later) for later in keys[i + 1 : i + (2 if BODIES & set(keys) else 4)]}
            self.firsts.add(keys[0])
            self.lasts.add(keys[-1])
            if len(keys) > 1:
                self.initials.add("".join(key[0] for key in keys))
                self.initials.add("".join(part[0] for key in keys for part in key.split("-") if part))
            self.evidence[keys] = self.evidence.get(keys, 0) + _personal(span, words)
        return spans

    def _group(self, spans: Sequence[NameSpan]) -> list[Entity]:
        """One entity for each longest name; a shorter one that it contains belongs to it."""
        distinct = sorted({span.keys for span in spans}, key=lambda keys: (-len(keys), keys))
        groups: list[tuple[str, ...]] = []
        scores: dict[tuple[str, ...], int] = {}
        for keys in distinct:
            owner = next((g for g in groups if set(keys) <= set(g)), None)
            if owner is None:
                groups.append(keys)
                owner = keys
            scores[owner] = (
                scores.get(owner, 0)
                + self.evidence[keys]
                + (1 if len(keys) == 1 and owner != keys and keys[0] == owner[-1] else 0)
            )
        entities = []
        for keys in groups:
            body = any(key in BODIES or key in CANONICAL for key in keys) or any(
                len(key) > 1 and key.upper() == key for key in keys
            )
            entities.append(Entity(len(entities), keys, not body and len(keys) <= 4 and scores[keys] > 0))
        return entities

    def knows(self, word: Token) -> bool:
        """Whether the source has this word, as a name or as a plain word, in some form."""
        key = word.key
        if key in self.caps or key in self.lowers or (key in self.initials and word.text.isupper()):
            return True
        if COUNTRY.get(key, "") in self.canon:
            return True
        if key in _SHORT_FORMS and _SHORT_FORMS[key] in self.squeezed:
            return True
        for variant in (
            key + "s",
            key.removesuffix("s"),
            key.removesuffix("es"),
            key + "n",
            key.removesuffix("n"),
            key.removesuffix("ers"),
            key.removesuffix("er"),
        ):
            if len(variant) > 2 and variant in self.caps:
                return True
        for prefix in _PREFIXES:
            if key.startswith(prefix) and self._part(key[len(prefix) :].lstrip("-")):
                return True
        parts = [part for part in key.split("-") if part]
        return len(parts) > 1 and all(self._part(part) or part in common_words() for part in parts)

    def _part(self, part: str) -> bool:
        return part in self.caps or part in self.lowers or COUNTRY.get(part, "") in self.canon or part in self.initials

    def unknown(self, text: str) -> list[str]:
        """Names of a statement that the source doesn't have, or has only in pieces of different names."""
        flat = plain(text)
        words = tokens(text)
        problems: list[str] = []
        masked: list[tuple[int, int]] = []
        for start, end, name in phrases(flat):
            if name in self.canon:
                masked.append((start, end))
            elif not (name in {"who"} and flat[start:end] == "WHO" and "who" in self.caps):
                problems.append(flat[start:end])
                masked.append((start, end))
        for span in name_spans(text, words):
            free = [w for w in span.words if not any(s <= w.start < e for s, e in masked)]
            strange = [w.text for w in free if w.key not in CODES and not self._passes(w)]
            problems += strange
            if not strange:
                problems += self._mixed(span, free)
        return problems

    def _passes(self, word: Token) -> bool:
        if self.knows(word):
            return True
        # A title or an ordinary word with a capital in the middle of a sentence ("the Board") names nobody.
        return word.key in TITLES or word.key in STOP_WORDS

    def _mixed(self, span: NameSpan, words: Sequence[Token]) -> list[str]:
        """Neighbours here that stand in no one name of the source: a first name with another's surname, a body that is
        none of the source's."""
        if any(word.key in BODIES for word in words) and len(words) > 2 and not self._whole(words):
            return [" ".join(word.text for word in words)]
        for one, other in pairwise(words):
            a, b = _canonical(one), _canonical(other)
            if (a, b) in self.pairs or (b, a) in self.pairs or a in TITLES or b in TITLES:
                continue
            if other.start - one.end > 1 and span.joined(one, other):
                continue  # "Hana Krejčová of Moravia Senzor" is two names
            if a in CANONICAL or b in CANONICAL:
                continue
            if not (a in self.by_key and b in self.by_key):
                continue
            if a in self.lasts and b in self.firsts and not self._both_persons(a, b):
                continue
            return [f"{one.text} {other.text}"]
        return []

    def _whole(self, words: Sequence[Token]) -> bool:
        """Whether a long name is one of the source's, or a part of one in a row, or several of them one after another
        ("Polish Armament Agency" for Poland's Armament Agency)."""
        keys = tuple(_canonical(word) for word in words if word.key not in TITLES)
        if not keys or any(_part_of(keys, entity.keys) for entity in self.entities):
            return True
        return any(
            keys[:cut] in self.wholes and (keys[cut:] in self.wholes or any(e.keys[: len(keys) - cut] == keys[cut:] for e in self.entities))
            for cut in range(1, len(keys))
        )

    def _both_persons(self, a: str, b: str) -> bool:
        return any(e.person for e in self.by_key[a]) and any(e.person for e in self.by_key[b])

    def entities_of(self, span: NameSpan) -> list[Entity]:
        """The entities that a name can mean, those with the most of its words first."""
        found: dict[int, int] = {}
        for key in span.keys:
            for entity in self.by_key.get(key, ()):
                found[entity.id] = found.get(entity.id, 0) + 1
        most = max(found.values(), default=0)
        return [self.entities[i] for i, count in found.items() if count == most]

    def wrong_honorific(self, text: str) -> list[str]:
        """ "Mr" before a name that the source calls "Ms", or the other way round."""
        from summarizer.grounding.lexicon import FEMALE, MALE

        problems = []
        words = tokens(text)
        for i, (one, other) in enumerate(zip(words, words[1:], strict=False)):
            if other.text == "." and i + 2 < len(words):
                other = words[i + 2]
            used = self.genders.get(other.key, set())
            if (
                one.capital
                and used
                and (
                    (one.key in MALE and used & FEMALE and not used & MALE)
                    or (one.key in FEMALE and used & MALE and not used & FEMALE)
                )
            ):
                problems.append(f"{one.text} {other.text}")
        return problems




def _part_of(keys: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Whether keys stand in a row in a name."""
    return any(whole[i : i + len(keys)] == keys for i in range(len(whole) - len(keys) + 1))


def _personal(span: NameSpan, words: Sequence[Token]) -> int:
    """1 where the words around a name show a person: a title, a role, an age, "who". Bodies speak as well."""
    if any(title in HONORIFICS or title in ROLES for title in span.titles):
        return 1
    first = next(i for i, w in enumerate(words) if w.start == span.words[0].start)
    last = next(i for i, w in enumerate(words) if w.start == span.words[-1].start)
    before = [w.key for w in words[max(0, first - 3) : first]]
    if before and (before[-1] in ROLES or (before[-1] == "," and len(before) > 1 and before[-2] in ROLES)):
        return 1
    after = [w.key for w in words[last + 1 : last + 12]]
    if after[:1] == [","]:
        clause = after[1:]
        stop = next((i for i, key in enumerate(clause) if key in {",", ".", ";"}), len(clause))
        if any(key in ROLES for key in clause[:stop]) or clause[:1] == ["who"] or (stop == 1 and clause[0].isdigit()):
            return 1
    return 0
