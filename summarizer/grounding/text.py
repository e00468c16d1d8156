"""Tokens with offsets, and the forms under which words are compared.

In: any text. Out: tokens whose offsets point into `plain(text)`, which has the length of `text`. Knows no article.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from summarizer.words import stem

# One character for one character, so that offsets stay true.
_PLAIN = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "ʼ": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "«": '"',
        "»": '"',
        "–": "-",
        "—": "-",
        "‑": "-",
        "‐": "-",
        "−": "-",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
    }
)
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "þ": "th"})

TOKEN = re.compile(
    r"(?:[^\W\d_]\.){2,}"  # U.S., a.m.
    r"|(?!(?:mid|pre|post|early|late)-\d)[^\W\d_][^\W_]*(?:['-][^\W\d_][^\W_]*)*(?:-\d+)?"  # words, COVID-19, A320
    r"|[^\W\d_]+"
    r"|\d+(?:[.,]\d+)*"
    r"|[^\s\w]|_"
)

_IRREGULAR = {
    form: base
    for base, forms in {
        "say": "said says saying",
        "rise": "rose risen",
        "fall": "fell fallen",
        "buy": "bought purchase purchased",
        "sell": "sold sale sales",
        "pay": "paid payment",
        "hold": "held",
        "grow": "grew grown growth",
        "lose": "lost loss losses",
        "win": "won",
        "choose": "chose chosen choice",
        "begin": "began begun beginning",
        "find": "found",
        "keep": "kept",
        "leave": "left",
        "make": "made",
        "take": "took taken",
        "give": "gave given",
        "get": "got",
        "build": "built",
        "send": "sent",
        "spend": "spent",
        "lend": "lent loan",
        "meet": "met",
        "lead": "led",
        "tell": "told",
        "write": "wrote written",
        "speak": "spoke spoken",
        "break": "broke broken",
        "drive": "drove driven",
        "show": "shown",
        "know": "knew known",
        "think": "thought",
        "teach": "taught",
        "catch": "caught",
        "bring": "brought",
        "seek": "sought",
        "fly": "flew flown flight",
        "cut": "cuts",
        "sign": "signed",
        "decide": "decision decided decisions",
        "man": "men",
        "woman": "women",
        "child": "children",
        "wife": "wives",
        "life": "lives",
        "foot": "feet",
        "approve": "approval approved approvals",
        "refuse": "refusal",
        "propose": "proposal proposals",
        "permit": "permission",
        "die": "died death deaths",
        "able": "ability",
        "produce": "production product products producer producers",
        "reduce": "reduction reductions",
        "store": "storage",
        "strike": "struck",
        "freeze": "froze frozen",
        "withdraw": "withdrew withdrawn withdrawal",
        "sue": "lawsuit",
        "shrink": "shrank shrunk",
        "sink": "sank sunk",
        "swim": "swam",
        "wear": "wore worn",
        "become": "became",
        "come": "came",
        "run": "ran",
        "see": "saw seen",
        "draw": "drew drawn",
        "feed": "fed",
        "fight": "fought",
        "oversee": "oversaw",
        "overtake": "overtook",
        "undertake": "undertook",
        "arise": "arose",
        "shut": "shutdown",
        "expect": "expectation",
        "offer": "offers",
        "argue": "argument",
        "deliver": "delivery deliveries",
        "inspect": "inspection",
        "complain": "complaint complaints",
        "invest": "investment",
        "license": "licence",
    }.items()
    for form in (base, *forms.split())
}


@dataclass(frozen=True, slots=True)
class Token:
    """`key` is the word lower-cased, without accents and possessive: what names are compared by."""

    text: str
    key: str
    start: int
    end: int

    @property
    def word(self) -> bool:
        return self.text[0].isalpha()

    @property
    def capital(self) -> bool:
        return self.text[0].isupper()


def plain(text: str) -> str:
    """Typographic quotes, dashes and spaces as their plain forms; the length stays."""
    return text.translate(_PLAIN)


@lru_cache(maxsize=65536)
def fold(word: str) -> str:
    """Lower case without accents: "Krejčová" and "Krejcova" are one word."""
    if word.isascii():
        return word.lower()
    decomposed = unicodedata.normalize("NFKD", word.lower().translate(_LETTERS))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def key_of(word: str) -> str:
    key = fold(word)
    if key.endswith("'s"):
        key = key[:-2]
    elif key.endswith("s'"):
        key = key[:-1]
    return key.replace(".", "") if "." in key else key


def tokens(text: str) -> list[Token]:
    """The tokens of `plain(text)`: words, numbers, single marks."""
    return [Token(m.group(), key_of(m.group()), m.start(), m.end()) for m in TOKEN.finditer(plain(text))]


@lru_cache(maxsize=65536)
def root(key: str) -> str:
    """What forms of one word share, roughly: an irregular form's base, else a cheap stem."""
    if key in _IRREGULAR:
        return _IRREGULAR[key]
    cut = stem(key)
    return _IRREGULAR.get(cut, cut)
