"""Proper names: the capitalised spans of a text.

In: any text. Out: NameSpans with their titles apart. Which of them a source has is names.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from summarizer.grounding.countries import CANONICAL, COUNTRY
from summarizer.grounding.lexicon import BODIES, MONTHS, SPEECH, TITLES, WEEKDAYS, common_stems, common_words
from summarizer.grounding.text import Token, tokens
from summarizer.grounding.units import ORDINAL, SCALE, SMALL
from summarizer.words import STOP_WORDS, stem

_JOINTS = frozenset(
    "of the de del della da di do dos van von der den ter al el bin ibn bint du des la le les y e & for".split()
)
_LOOSE_JOINTS = frozenset("of the for & and".split())
_STARTS_AFTER = frozenset('.?!:"([;-')
# Endings that no name has. "-ing", "-ed", "-ly" and "-ers" aren't among them (Boeing, Lockheed, Lilly, Sellers): a word
# with one of these is ordinary only where its stem is known.
_ENDINGS = tuple(
    "tion tions ment ments ness ity ities ance ence ists ism able "
    "ible ful less ous ive ical ships ship wise ward hood isation ization".split()
)
_INFLECTED = ("s", "ed", "ing", "er", "or", "est", "ly", "ment", "ation")
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
                keys = tuple(canonical(w) for w in rest)
                initial = piece[0] is part[0] and _initial(words, i)
                spans.append(
                    NameSpan(keys, tuple(rest), piece[0].start, piece[-1].end, initial, titles, frozenset(loose))
                )
        i = max(j, i + 1)
    return spans


def _pieces(part: list[Token]) -> list[list[Token]]:
    """ "ESA Director General Josef Aschbacher" is a body, and a person with a title; "Ministry of "
    "Defence" is one name."""
    for at in range(1, len(part) - 1):
        if part[at].key not in TITLES or part[at - 1].key in TITLES:
            continue
        after = next((n for n in range(at, len(part)) if part[n].key not in TITLES), len(part))
        if 1 <= len(part) - after <= 4 and not any(w.key in BODIES for w in part[after:]):
            return [part[:at], part[at:]]
    return [part]


def canonical(word: Token) -> str:
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
    return not is_ordinary(word.key) and not _plural(words, i) and not _gerund(words, i)


def _gerund(words: Sequence[Token], i: int) -> bool:
    """Whether the word that begins a sentence is an ordinary verb in -ing: "Splitting pay", "Idling a fifth". "Manning
    said" is a name."""
    key, follower = words[i].key, words[i + 1] if i + 1 < len(words) else None
    if not key.endswith("ing") or follower is None or not follower.text[:1].islower():
        return False
    if follower.key in SPEECH or follower.key in {"has", "is", "was", "does", "will", "had", "did"}:
        return False
    base = key[:-3]
    doubled = base[:-1] if len(base) > 2 and base[-1] == base[-2] else base
    return bool({base, base + "e", doubled} & common_words())


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
