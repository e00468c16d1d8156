"""Small helpers of the models that write text rather than tokens: remote and scripted."""

from __future__ import annotations

from collections.abc import Sequence

from summarizer.models.protocol import Completion


def never() -> bool:
    return False


def ignore(number: int, completion: Completion) -> None:
    pass


def cut(text: str, stops: Sequence[str]) -> str:
    """The text before the first of `stops`."""
    ends = [at for at in (text.find(stop) for stop in stops if stop) if at >= 0]
    return text[: min(ends)] if ends else text
