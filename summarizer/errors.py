"""Every error that the package raises on purpose.

    BriefError                  base: a sentence for the user, a hint, whether trying again can help
    ├── InputError              the article or the request is at fault; nothing was written
    │   ├── EmptyInput          nothing to read
    │   ├── TooShort            fewer words than an article has
    │   ├── TooLarge            more bytes than are read
    │   ├── NotText             binary data, or an encoding that can't be read
    │   ├── NotEnglish          another language
    │   ├── NotFound            a file or page that isn't there or can't be fetched
    │   └── BadRequest          an option or a field that makes no sense
    ├── UnknownName             a panel, model or format that doesn't exist
    ├── ConfigError             configuration files; names all their problems at once
    ├── ModelError              a model can't be opened or used
    │   ├── WeightsUnavailable  the weights can't be fetched from anywhere
    │   ├── WeightsCorrupt      what was fetched isn't what was promised
    │   ├── NoSpace             the disk is too full for the model
    │   ├── UnsupportedModel    a checkpoint that the engine would run wrongly, or not at all
    │   ├── ContextTooSmall     the context window can't hold the prompts and a piece of article
    │   └── RemoteError         an engine behind HTTP failed or refused
    └── Cancelled               somebody asked to stop

The command line ends with status 2 for InputError, UnknownName and ConfigError and with 1 for the rest; the
service has its own table from class to HTTP status. Foreign exceptions become ours where they are first met,
with `raise ... from exc`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class BriefError(Exception):
    """One plain sentence on what is wrong (`message`), and one on what to do (`hint`, may be empty).

    `slug` is stable: clients may rely on it. `retryable` says whether the same call can succeed later.
    """

    slug: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(BriefError):
    slug = "bad-input"


class EmptyInput(InputError):
    slug = "empty-input"


class TooShort(InputError):
    slug = "article-too-short"


class TooLarge(InputError):
    slug = "article-too-large"


class NotText(InputError):
    slug = "not-text"


class NotEnglish(InputError):
    slug = "not-english"


class NotFound(InputError):
    slug = "not-found"


class BadRequest(InputError):
    slug = "bad-request"


class UnknownName(BriefError):
    slug = "unknown-name"


class ConfigError(BriefError):
    """All problems of a configuration together; each one names its file and key."""

    slug = "bad-configuration"

    def __init__(self, problems: Sequence[str], hint: str = "") -> None:
        super().__init__("; ".join(problems) + ".", hint)
        self.problems = tuple(problems)


class ModelError(BriefError):
    slug = "model-error"


class WeightsUnavailable(ModelError):
    slug = "weights-unavailable"
    retryable = True


class WeightsCorrupt(ModelError):
    slug = "weights-corrupt"
    retryable = True


class NoSpace(ModelError):
    slug = "no-space"


class UnsupportedModel(ModelError):
    slug = "unsupported-model"


class ContextTooSmall(ModelError):
    slug = "context-too-small"


class RemoteError(ModelError):
    slug = "remote-engine"
    retryable = True


class Cancelled(BriefError):
    slug = "cancelled"
