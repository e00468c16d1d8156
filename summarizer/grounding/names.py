"""The names of a source, and whether it has those of a statement.

In: the sentences of a source. Out: Entities, and the names of a statement that the source doesn't have. Roles,
speakers and what a name is said to do are checked in people.py and slots.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from summarizer.grounding.countries import CANONICAL, COUNTRY, phrases
from summarizer.grounding.lexicon import BODIES, FEMALE, HONORIFICS, MALE, ROLES, TITLES, common_words
from summarizer.grounding.namespans import NameSpan, canonical, name_spans
from summarizer.grounding.quotes import squeezed
from summarizer.grounding.text import Token, plain, tokens
from summarizer.grounding.units import CODES
from summarizer.words import STOP_WORDS

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
_PREFIXES = ("pro-", "anti-", "non-", "ex-", "mid-", "pre-", "post-", "co-", "inter", "trans-", "intra-", "sub-")


@dataclass(frozen=True, slots=True)
class Entity:
    """A name of the source with all its words; `person` where the source shows it to be one."""

    id: int
    keys: tuple[str, ...]
    person: bool


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
        # Countries that stand for themselves somewhere: "Europe" does not in "European Space Agency".
        self.standing = {key for s in spans if len(s.keys) == 1 or not BODIES & set(s.keys) for key in s.keys}
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
        spans = name_spans(text, words)
        for span in spans:
            keys = span.keys
            for key in keys:
                self.genders.setdefault(key, set()).update(HONORIFICS & set(span.titles))
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
        entities: list[Entity] = []
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
        return problems + [w.text for w in words if w.capital and w.key in ROLES and not self._has_role(w.key)]

    def _has_role(self, role: str) -> bool:
        """Whether the source has the office, or a word of its family ("ministry" for "Minister")."""
        return any(word.startswith(role[:5]) for word in self.caps | self.lowers)

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
            a, b = canonical(one), canonical(other)
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
        keys = tuple(canonical(word) for word in words if word.key not in TITLES)
        if not keys or any(_part_of(keys, entity.keys) for entity in self.entities):
            return True
        return any(
            keys[:cut] in self.wholes
            and (keys[cut:] in self.wholes or any(e.keys[: len(keys) - cut] == keys[cut:] for e in self.entities))
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

    def only_inside(self, text: str) -> list[str]:
        """Countries and regions of a statement that the source has only in the names of bodies."""
        return [
            span.words[0].text
            for span in name_spans(text)
            if len(span.keys) == 1 and span.keys[0] in self.canon and span.keys[0] not in self.standing
        ]

    def wrong_honorific(self, text: str) -> list[str]:
        """ "Mr" before a name that the source calls "Ms", or the other way round."""
        problems = []
        for span in name_spans(text):
            used = set().union(*(self.genders.get(key, set()) for key in span.keys))
            for title in span.titles:
                mine, theirs = (MALE, FEMALE) if title in MALE else (FEMALE, MALE)
                if title in mine and used & theirs and not used & mine:
                    problems.append(f"{title.capitalize()} {span.words[-1].text}")
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
