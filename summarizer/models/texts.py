"""From a row's tokens to its text: stop strings, half characters, finished sentences. Knows no engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from summarizer.models.protocol import Completion, Finish

Decode = Callable[..., str]  # (ids, before) to text

_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*(?=\s)|\n+")


class Written(Protocol):
    """What is read of a row."""

    @property
    def tokens(self) -> Sequence[int]: ...
    @property
    def logprobs(self) -> Sequence[float]: ...
    @property
    def finish(self) -> Finish | None: ...


def halt_at(stops: Sequence[str], decode: Decode) -> Callable[[Sequence[int]], bool]:
    """A test on the tokens so far: has a stop string just been completed? Looks at the last tokens only; a
    token is at least a byte, so the longest stop string in UTF-8 and one token more are enough."""
    window = max(len(stop.encode()) for stop in stops) + 8

    def halt(tokens: Sequence[int]) -> bool:
        tail = decode(tokens[-window:])
        return any(stop in tail for stop in stops)

    return halt


def answer(row: Written, stops: Sequence[str], opening: Sequence[int], decode: Decode) -> str:
    """The text before the first stop string, without a character whose last bytes are missing."""
    text = decode(row.tokens, opening)
    found = [at for at in (text.find(stop) for stop in stops) if at >= 0]
    return text[: min(found)] if found else text.rstrip("\ufffd")


def completion(row: Written, stops: Sequence[str], opening: Sequence[int], decode: Decode) -> Completion:
    assert row.finish is not None
    return Completion(
        text=answer(row, stops, opening, decode),
        tokens=len(row.tokens),
        finish=row.finish,
        logprob=sum(row.logprobs) / len(row.logprobs) if row.logprobs else None,
    )


class SentenceStream:
    """Cuts a growing text into finished sentences; what hasn't ended yet waits for more."""

    def __init__(self) -> None:
        self._given = 0

    def push(self, text: str, *, final: bool) -> list[str]:
        out = []
        for match in _SENTENCE_END.finditer(text, self._given):
            sentence = text[self._given : match.end()].strip()
            if sentence:
                out.append(sentence)
            self._given = match.end()
        if final and text[self._given :].strip():
            out.append(text[self._given :].strip())
            self._given = len(text)
        return out
