"""From texts to token ids: a checkpoint's tokenizer and chat template with contents that stay data.

The template is rendered once around marks that stand for the contents; its own parts are tokenised with
control tokens, the contents without, so text such as "<|im_end|>" inside an article is plain text. The user
message is the document, an empty line and the instruction; the prefix ends with the document and is tokenised
apart, so its ids never depend on the instruction. Knows no tensors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from summarizer.errors import UnsupportedModel
from summarizer.models.protocol import Prefix

_SYSTEM, _USER = "@@system-5c1e@@", "@@user-9b27@@"  # words that no template changes or holds
_ENDS = (
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<end_of_turn>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "</s>",
)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A rendered template, cut at the contents: head SYSTEM middle USER tail. Without a system role the
    system text goes in front of the user message, and `head` is empty."""

    head: str
    middle: str
    tail: str
    system_role: bool


class ChatFormat:
    """The tokenizer of a checkpoint directory. Safe for use from several threads."""

    def __init__(self, directory: Path, end_ids: set[int]) -> None:
        self._tokenizer = _open_tokenizer(directory)
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise UnsupportedModel(
                f"The tokenizer in {directory} has no fast form.",
                "A tokenizer.json is needed beside the weights.",
            )
        self._full = backend
        self._plain, self._control = _without_control_tokens(backend)
        known = {token: i for token, i in self._full.get_vocab(with_added_tokens=True).items() if token in _ENDS}
        # What a model's turn ends with, for training; texts end at any of `end_ids`.
        self.turn_end: int | None = self._tokenizer.eos_token_id
        eos = self.turn_end
        named = {i for token, i in known.items() if i in self._control}
        self.end_ids = frozenset(end_ids | named | (set() if eos is None else {int(eos)}))
        self._parts = {with_system: self._render(with_system) for with_system in (True, False)}

    # --- encoding ---

    def content(self, text: str) -> list[int]:
        """Ids of text that is data: no control token can come of it."""
        encoding = self._plain.encode(text, add_special_tokens=False)
        ids: list[int] = encoding.ids
        if self._control.isdisjoint(ids):
            return ids
        # A vocabulary can hold a control token as a word: cut such words behind their first character.
        cuts = [start + 1 for i, (start, _) in zip(ids, encoding.offsets, strict=True) if i in self._control]
        edges = [0, *cuts, len(text)]
        pieces = [text[a:b] for a, b in pairwise(edges)]
        out = [i for piece in pieces for i in self._plain.encode(piece, add_special_tokens=False).ids]
        return [i for i in out if i not in self._control]

    def prefix(self, prefix: Prefix) -> list[int]:
        """Everything up to and including the document."""
        parts = self._parts[bool(prefix.system)]
        if parts is None:  # a checkpoint without a template
            bos = self._tokenizer.bos_token_id
            start = [] if bos is None or not self._adds_bos() else [int(bos)]
            return start + self.content(f"{prefix.system}\n\n{prefix.document}" if prefix.system else prefix.document)
        if parts.system_role:
            return self.common(prefix.system) + self.content(prefix.document)
        user = f"{prefix.system}\n\n{prefix.document}" if prefix.system else prefix.document
        return self._template(parts.middle) + self.content(user)

    def common(self, system: str) -> list[int]:
        """What the prefixes of all documents begin with, where the template keeps the system text apart."""
        parts = self._parts[bool(system)]
        if parts is None or not parts.system_role:
            return []
        return self._template(parts.head) + self.content(system) + self._template(parts.middle)

    def suffix(self, instruction: str, opening: str, with_system: bool) -> list[int]:
        """The instruction, the turn to the model, and the beginning of its answer."""
        parts = self._parts[with_system]
        ids = self.content("\n\n" + instruction)
        ids += self.content("\n\n") if parts is None else self._template(parts.tail)
        return ids + (self.content(opening) if opening else [])

    def decode(self, ids: Sequence[int], before: Sequence[int] = ()) -> str:
        """The text of `ids` where they stand behind `before`, without control tokens."""
        known = self._full.decode(list(before), skip_special_tokens=True) if before else ""
        text: str = self._full.decode([*before, *ids], skip_special_tokens=True)
        return text[len(known) :]

    def _template(self, text: str) -> list[int]:
        ids: list[int] = self._full.encode(text, add_special_tokens=False).ids
        return ids

    def _adds_bos(self) -> bool:
        ids = self._full.encode("a").ids
        return bool(ids) and ids[0] == self._tokenizer.bos_token_id

    # --- the template ---

    def _render(self, with_system: bool) -> _Parts | None:
        if not self._tokenizer.chat_template:
            return None
        user = {"role": "user", "content": _USER}
        if with_system:
            text = self._apply([{"role": "system", "content": _SYSTEM}, user])
            if text is not None and text.count(_SYSTEM) == 1 and text.index(_SYSTEM) < text.index(_USER):
                head, rest = text.split(_SYSTEM)
                middle, tail = rest.split(_USER)
                return _Parts(head, middle, tail, True)
        text = self._apply([user])
        if text is None:
            raise UnsupportedModel(
                "The checkpoint's chat template can't be rendered around one user message.",
                "Its template may ask for fields that a plain chat doesn't have.",
            )
        middle, tail = text.split(_USER)
        return _Parts("", middle, tail, False)

    def _apply(self, messages: list[dict[str, str]]) -> str | None:
        """The rendered text, if the template accepts these roles and repeats the user message once."""
        from jinja2 import TemplateError

        try:
            text = self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
            )
        except (TemplateError, ValueError, TypeError, KeyError):
            return None
        return text if isinstance(text, str) and text.count(_USER) == 1 else None


def _open_tokenizer(directory: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(directory, local_files_only=True)
    except (ValueError, KeyError, OSError, ImportError) as problem:
        raise UnsupportedModel(
            f"The tokenizer in {directory} can't be opened: {problem}",
            "A tokenizer.json is needed beside the weights.",
        ) from problem


def _without_control_tokens(full: Any) -> tuple[Any, frozenset[int]]:
    """The same tokenizer, but one that reads its control tokens as text, and the ids of those tokens.

    All added tokens count as control tokens, marked as special or not ("<tool_call>" often isn't), except
    runs of white space, which some vocabularies add for ordinary text."""
    from tokenizers import Tokenizer

    description = json.loads(full.to_str())
    control = set()
    for token in description.get("added_tokens", []):
        if token["special"] or token["content"].strip():
            token["special"] = True
            control.add(token["id"])
    description["truncation"] = description["padding"] = None
    plain = Tokenizer.from_str(json.dumps(description))
    plain.encode_special_tokens = True  # "encode as text", in this library's words
    return plain, frozenset(control)
