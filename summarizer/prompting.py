"""Renders the prompts: Jinja2 files in `prompts/`, one a section, strict about names that aren't given.

In: the values that a prompt names. Out: text. `system` and `article` make the prefix that all rows of a brief share,
and say what each task is; every other prompt is the end of the same user message, and only names its task. This module
knows no model: which tokens a text becomes, and that none of them is a control token, is the model layer's affair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from summarizer.errors import ConfigError
from summarizer.types import Reading

SUFFIX = ".txt.j2"
# The answer that the prompts ask for where nothing sound can be said.
NOTHING = "None."


class Prompts:
    """The prompts of a list of directories; an earlier directory's file replaces a later one's.

    `version` is a hash of all their contents, so that a brief says which prompts wrote it.
    """

    def __init__(self, directories: Sequence[Path]) -> None:
        # Prompts are plain text: nothing in them is escaped, and a line that holds only a tag leaves no gap.
        self._environment = Environment(
            loader=FileSystemLoader(directories),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )

    @cached_property
    def version(self) -> str:
        digest = hashlib.sha256()
        for name in sorted(self._environment.list_templates(filter_func=_is_prompt)):
            source, _, _ = self._environment.loader.get_source(self._environment, name)  # type: ignore[union-attr]
            digest.update(f"{name}\0{source}\0".encode())
        return digest.hexdigest()[:12]

    def render(self, name: str, /, **values: Any) -> str:
        """The prompt `name` with `values`. Raises ConfigError where the file is faulty or names something
        that isn't given."""
        try:
            return self._environment.get_template(name + SUFFIX).render(values).strip()
        except TemplateError as error:
            raise ConfigError([f"prompts/{name}{SUFFIX}: {error}"], "Correct the prompt and try again.") from error

    def system(self) -> str:
        return self.render("system")

    def document(self, reading: Reading) -> str:
        """The article as all rows see it: up to `characters_used`, with its title, byline and date."""
        article = reading.article
        return self.render("article", article=article, text=article.text[: reading.characters_used].strip())


def shortening(prompts: Prompts, reading: Reading, number: int, before: Sequence[int]) -> str:
    """The prompt that has one sentence made shorter; `before` are the sentences that it leans on."""
    (sentence,) = lines(reading, [number])
    return prompts.render("condense", sentence=sentence, before=" ".join(lines(reading, before)))


def _is_prompt(name: str) -> bool:
    return name.endswith(SUFFIX) and "/" not in name


def lines(reading: Reading, numbers: Sequence[int]) -> list[str]:
    """The given sentences, each on one line: the form in which prompts repeat evidence."""
    return [" ".join(reading.text_of(n).split()) for n in numbers]
