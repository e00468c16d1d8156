"""HTTP with an OpenAI-compatible engine: addresses, key, retries, and what an engine doesn't accept.

In: the payload of a chat completion. Out: the body of its answer, held against the shape that is needed.
Every failure leaves as RemoteError (or ContextTooSmall), in one line and without the key. It knows no rows and
no articles.
"""

from __future__ import annotations

import os
import random
import re
import threading
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from summarizer.errors import ContextTooSmall, ModelError, RemoteError
from summarizer.models.spec import without_password

RETRIED = {408, 425, 429, 500, 502, 503, 504, 529}
OPTIONAL = ("repetition_penalty", "repeat_penalty", "seed", "top_p", "stop", "temperature")
LONGEST_WAIT = 60.0  # seconds between two attempts, whatever the engine asks for


class Abandoned(Exception):
    """Nobody waits for this answer any more."""


class NotContinued(Exception):
    """The engine refuses to go on with an unfinished answer."""


class Engine:
    """One model of one engine. For use from several threads at once."""

    def __init__(
        self, model: str, base_url: str, *, key: str | None, timeout: float, attempts: int, backoff: float
    ) -> None:
        self.model = model
        self.base = api_base(base_url)
        self.shown_url = without_password(base_url)
        self._key = key or os.environ.get("ANALYST_BRIEF_API_KEY") or os.environ.get("OPENAI_API_KEY") or ""
        headers = {"User-Agent": "analyst-brief"}
        if self._key and not urlsplit(base_url).username:
            headers["Authorization"] = f"Bearer {self._key}"
        self._client = httpx.Client(headers=headers, timeout=httpx.Timeout(timeout, connect=10), follow_redirects=True)
        self._attempts, self._backoff = attempts, backoff
        self._lock = threading.Lock()
        self._listed: dict[str, Any] | None = None
        # What this engine was found not to accept.
        self._dropped: set[str] = set()
        self._top_logprobs = 20
        self._length_field = "max_tokens"
        self._continues = True

    def close(self) -> None:
        self._client.close()

    # --- what the engine tells of itself ---

    def context_tokens(self) -> int | None:
        """The window that its list of models tells, under one of the usual names."""
        entry = self._entry()
        meta = entry.get("meta")
        places = [entry, meta] if isinstance(meta, dict) else [entry]
        for place in places:
            for name in ("max_model_len", "n_ctx", "context_length", "context_window"):
                value = place.get(name)
                if isinstance(value, int) and value > 0:
                    return value
        return None

    def continues(self) -> bool:
        """Whether the engine is known to go on with an answer that is begun in the last message."""
        return self._continues and self._entry().get("owned_by") in ("vllm", "llamacpp")

    def continuation(self) -> dict[str, Any]:
        """What it has to be told for that."""
        if self._entry().get("owned_by") == "vllm":
            return {"continue_final_message": True, "add_generation_prompt": False}
        return {}

    def _entry(self) -> dict[str, Any]:
        """The model's entry in GET /models; {} where there is none. Asked until an answer has come."""
        with self._lock:
            if self._listed is None:
                try:
                    response = self._client.get(f"{self.base}/models", timeout=5)
                    data = response.json()["data"] if response.status_code == 200 else []
                    named = [each for each in data if each.get("id") == self.model] or data[:1]
                    self._listed = dict(named[0]) if named else {}
                except httpx.HTTPError:
                    return {}
                except (ValueError, KeyError, TypeError, AttributeError):
                    self._listed = {}
            return self._listed

    # --- completions ---

    def complete(self, payload: dict[str, Any], gone: threading.Event) -> dict[str, Any]:
        """One chat completion. Tries again where that can help, and without what the engine doesn't
        accept."""
        attempt = 0
        while not gone.is_set():
            body = self._accepted(payload)
            wait: float | None = None
            failure: ModelError
            try:
                response = self._client.post(f"{self.base}/chat/completions", json=body)
            except httpx.TransportError as exc:
                failure = RemoteError(
                    f"The engine at {self.shown_url} doesn't answer ({type(exc).__name__}).",
                    "Check that it runs and that the address is right.",
                )
                failure.__cause__ = exc
            except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as exc:
                raise RemoteError(f"The engine can't be asked ({type(exc).__name__}).", "Check its address.") from exc
            else:
                if response.status_code == 200:
                    return self._parsed(response)
                message = self._message(response)
                if self._learn(response.status_code, message, body):
                    continue
                failure = self._failure(response.status_code, message)
                if response.status_code not in RETRIED:
                    raise failure
                wait = retry_after(response.headers.get("retry-after", ""))
            attempt += 1
            if attempt >= self._attempts:
                raise failure
            if wait is None:
                wait = self._backoff * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)
            gone.wait(min(wait, LONGEST_WAIT))
        raise Abandoned

    def _accepted(self, payload: dict[str, Any]) -> dict[str, Any]:
        body = {
            "model": self.model,
            **{key: value for key, value in payload.items() if key not in self._dropped},
        }
        body[self._length_field] = body.pop("max_tokens")
        if "top_logprobs" in body:
            body["top_logprobs"] = min(body["top_logprobs"], self._top_logprobs)
        return body

    def _learn(self, status: int, message: str, body: dict[str, Any]) -> bool:
        """Whether the refusal names something that can be left out; if so, it is, from now on."""
        if status not in (400, 404, 415, 422, 500, 501):
            return False
        text = message.lower()
        if body["messages"][-1]["role"] == "assistant" and status < 500 and not self._named(text, body):
            self._continues = False
            raise NotContinued
        if "max_completion_tokens" in text and self._length_field == "max_tokens":
            self._length_field = "max_completion_tokens"
            return True
        if "logprobs" in text and "logprobs" in body:
            if "top_logprobs" in text and self._top_logprobs > 5:
                self._top_logprobs = 5
            else:
                self._dropped |= {"logprobs", "top_logprobs"}
            return True
        named = self._named(text, body)
        if not named and status in (400, 422):
            # Some say no more than "bad request": what isn't part of the API itself goes first.
            named = {"repetition_penalty", "repeat_penalty"} & body.keys()
        self._dropped |= named
        return bool(named)

    @staticmethod
    def _named(text: str, body: dict[str, Any]) -> set[str]:
        return {name for name in OPTIONAL if name in body and re.search(rf"\b{name}\b", text)}

    def _parsed(self, response: httpx.Response) -> dict[str, Any]:
        try:
            body: dict[str, Any] = response.json()
            content = body["choices"][0]["message"].get("content")
            if content is None or isinstance(content, str):
                return body
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            pass
        start = self._line(response.text)[:80]
        raise RemoteError(
            f"The engine at {self.shown_url} answered something that is no chat completion: {start!r}.",
            "Check that the address is the one of an OpenAI-compatible API.",
        )

    def _failure(self, status: int, message: str) -> ModelError:
        if status in (400, 413, 422) and re.search(r"context (length|size|window)", message.lower()):
            return ContextTooSmall(
                f"The engine's context can't hold the request: {message}.",
                "Shorten the document, or use a model with a longer context.",
            )
        said = f"The engine at {self.shown_url} answered {status}" + (f": {message}." if message else ".")
        if status in (401, 403):
            return RemoteError(said, "Set ANALYST_BRIEF_API_KEY (or OPENAI_API_KEY) to a key for this engine.")
        if status == 404:
            return RemoteError(said, f"Check the model's name ({self.model}) and the address.")
        if status in RETRIED:
            return RemoteError(said, "Try again later.")
        return RemoteError(said, "The engine's own message says what it doesn't accept.")

    def _message(self, response: httpx.Response) -> str:
        """The engine's own words, in one line."""
        try:
            body = response.json()
            error = body.get("error") or body.get("message") or body.get("detail") or ""
            text = error.get("message") or error if isinstance(error, dict) else error
        except (ValueError, AttributeError):
            text = re.sub(r"<[^>]*>", " ", response.text)
        return self._line(str(text))[:300].rstrip(".")

    def _line(self, text: str) -> str:
        text = " ".join(text.split())
        return text.replace(self._key, "***") if self._key else text


def api_base(url: str) -> str:
    """The address under which /chat/completions lies: with /v1, unless a version is already in it."""
    url = url.strip().rstrip("/").removesuffix("/chat/completions").removesuffix("/completions")
    return url if re.search(r"/v\d", urlsplit(url).path) else f"{url}/v1"


def retry_after(value: str) -> float | None:
    """Seconds from a Retry-After header, which holds seconds or a date; None for anything else."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
