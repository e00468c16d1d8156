"""What a user writes to name a model, as a frozen type.

In: a SPEC string. Out: `ModelSpec`. It opens and fetches nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from summarizer.errors import UnknownName

Kind = Literal["house", "tiny", "hf", "gguf", "openai"]

FORMS = (
    "house",
    "tiny",
    "hf:NAME_OR_PATH (any decoder-only checkpoint that transformers loads)",
    "gguf:PATH",
    "openai:MODEL@BASE_URL (any engine with an OpenAI-compatible API)",
)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """`target` is the name or path after "hf:" and "gguf:", and the engine's model after "openai:"."""

    kind: Kind
    target: str = ""
    base_url: str = ""

    def __str__(self) -> str:
        """The SPEC again, without a password that the address may hold."""
        if self.kind == "openai":
            return f"openai:{self.target}@{without_password(self.base_url)}"
        return f"{self.kind}:{self.target}" if self.target else self.kind


def parse_spec(text: str) -> ModelSpec:
    """Raises UnknownName, with all forms in its hint, for what is none of them."""
    text = text.strip()
    if text == "house":
        return ModelSpec("house")
    if text == "tiny":
        return ModelSpec("tiny")
    kind, _, target = text.partition(":")
    if kind == "hf" and target:
        return ModelSpec("hf", target)
    if kind == "gguf" and target:
        return ModelSpec("gguf", target)
    if kind == "openai":
        # A model's name may hold "@", and so may an address (user:password@host): the first "@http" parts
        # them.
        match = re.fullmatch(r"(.+?)@(https?://.+)", target)
        if match and urlsplit(match[2]).hostname:
            return ModelSpec("openai", match[1], match[2].rstrip("/"))
    raise UnknownName(f"There is no model {without_password(text)!r}.", f"Use {'; '.join(FORMS)}.")


def without_password(text: str) -> str:
    return re.sub(r"(https?://)[^/@\s]*@", r"\1", text)
