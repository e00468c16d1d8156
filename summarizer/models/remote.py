"""A model behind an OpenAI-compatible API: vLLM, llama.cpp's server, Ollama, or a hosted one.

In: the protocol's prefix and rows. Out: completions and ratings, from POST BASE/chat/completions. It knows no
tokens: counts are upper estimates and likelihoods are unknown. HTTP itself is in remote_http.py.

Each row is a request of its own (system message; user message = document, an empty line, the instruction),
and a few are on their way at once; engines that keep prefixes read the document once all the same.

`Row.opening`: engines that are known to go on with an unfinished answer (vLLM, llama.cpp's server) are given
it as one. All others would answer it like a message, so they are asked to begin with it; where the answer
does, it is taken off.

Engines turn a control token inside a message ("<|im_end|>") into the real one. So a space is put into
whatever looks like one before it is sent.
"""

from __future__ import annotations

import math
import queue
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, TypeVar

from summarizer.errors import Cancelled, ContextTooSmall, ModelError
from summarizer.models._shared import cut, ignore, never
from summarizer.models.protocol import Completion, ModelInfo, Prefix, Row, Sampling, Usage
from summarizer.models.remote_http import Engine, NotContinued
from summarizer.models.remote_rating import point, positions, share, weigh
from summarizer.types import Stop

T = TypeVar("T")

DEFAULT_CONTEXT = 8192
RATE_TOKENS = 4  # room for a line break and a number of two digits
_CONTROL = re.compile(r"<(?=\||/?s>|start_of_turn>|end_of_turn>|<SYS>)|\[(?=/?INST\])")
_THOUGHT = re.compile(r"\A\s*<think>.*?(</think>\s*|\Z)", re.DOTALL)


class RemoteModel:
    """`base_url` with or without /v1. The key comes from `key`, else ANALYST_BRIEF_API_KEY, else
    OPENAI_API_KEY. `context_tokens` is asked from the engine where it isn't given; 8,192 if it doesn't tell.
    `parallel` bounds the requests on their way at once; `timeout` is in seconds, for one answer."""

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        spec: str = "",
        key: str | None = None,
        context_tokens: int | None = None,
        parallel: int = 4,
        timeout: float = 120.0,
        attempts: int = 4,
        backoff: float = 0.5,
    ) -> None:
        self.engine = Engine(model, base_url, key=key, timeout=timeout, attempts=attempts, backoff=backoff)
        self.parallel = parallel
        self._spec = spec or f"openai:{model}@{self.engine.shown_url}"
        self._context = context_tokens
        self._closed = False

    @property
    def info(self) -> ModelInfo:
        """Asks the engine for its context window, the first time that it answers."""
        window = self._context or self.engine.context_tokens() or DEFAULT_CONTEXT
        return ModelInfo(spec=self._spec, name=self.engine.model, context_tokens=window, device="remote")

    def count_tokens(self, text: str) -> int:
        return estimate(text)

    @contextmanager
    def read(self, prefix: Prefix, *, stop: Stop = never) -> Iterator[RemoteSession]:
        if self._closed:
            raise ModelError("The model is closed.", "Open it again.")
        if stop():
            raise Cancelled("Reading was stopped.")
        session = RemoteSession(self, prefix)
        session.require(0)
        try:
            yield session
        finally:
            session.closed = True

    def close(self) -> None:
        self._closed = True
        self.engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class RemoteSession:
    """Rows over one prefix; made by RemoteModel.read."""

    def __init__(self, model: RemoteModel, prefix: Prefix) -> None:
        self._model = model
        self._engine = model.engine
        self._prefix = prefix
        self._tokens = estimate(prefix.system) + estimate(prefix.document)
        self._window = model.info.context_tokens
        self._usage = Usage(0, 0)
        self._lock = threading.Lock()
        self.closed = False

    @property
    def usage(self) -> Usage:
        """As the engine counts it: it is told the prefix with every row."""
        return self._usage

    def require(self, tokens: int) -> None:
        if self._tokens + tokens > self._window:
            raise ContextTooSmall(
                f"About {self._tokens + tokens} tokens don't fit into the engine's {self._window}.",
                "Shorten the document, or use a model with a longer context.",
            )

    def write(
        self,
        rows: Sequence[Row],
        *,
        stop: Stop = never,
        on_done: Callable[[int, Completion], None] = ignore,
    ) -> list[Completion]:
        for row in rows:
            self.require(estimate(row.instruction) + estimate(row.opening) + row.max_tokens)
        done: dict[int, Completion] = {}
        calls = [partial(self._write, row) for row in rows]
        for number, completion in self._side_by_side(calls, stop):
            done[number] = completion
            on_done(number, completion)
        return [done[number] for number in range(len(rows))]

    def rate(self, instructions: Sequence[str], choices: Sequence[str]) -> list[list[float]]:
        for instruction in instructions:
            self.require(estimate(instruction) + RATE_TOKENS)
        calls = [partial(self._rate, instruction, choices) for instruction in instructions]
        rated = dict(self._side_by_side(calls, never))
        return [rated[number] for number in range(len(instructions))]

    def probe(self, instructions: Sequence[str]) -> list[float] | None:
        return None

    def likelihood(self, rows: Sequence[tuple[str, str]]) -> list[float | None]:
        return [None] * len(rows)

    # --- one request ---

    def _write(self, row: Row, gone: threading.Event) -> Completion:
        continuing = bool(row.opening) and self._engine.continues()
        payload = self._payload(row.instruction, row.opening, continuing, row.max_tokens, row.sampling)
        if row.stop:
            payload["stop"] = list(row.stop[:4])  # more than four are refused by some; the rest is cut here
        try:
            choice = self._ask(payload, gone)
        except NotContinued:
            return self._write(row, gone)
        whole = without_opening(_THOUGHT.sub("", _text(choice)), row.opening)
        text = cut(whole, row.stop)
        full = choice.get("finish_reason") == "length" and len(text) == len(whole)
        return Completion(text, min(int(choice["tokens"]), row.max_tokens), "length" if full else "stop")

    def _rate(self, instruction: str, choices: Sequence[str], gone: threading.Event) -> list[float]:
        """Read from the first token; where that begins several choices ("1" and "10"), from the one behind
        it: if the engine wrote it, it is told already; if not, engines that go on with an answer are
        asked."""
        answer = self._ask(self._rating_payload(instruction, "", RATE_TOKENS), gone)
        places = positions(answer)
        if not places:
            return point(_THOUGHT.sub("", _text(answer)), choices)
        masses, shared = weigh(places[0], choices)
        told = tuple(masses)
        for token, mass in shared.items():
            after: Mapping[str, float] | None = None
            if places[0].written.strip() == token:
                after = places[1].probabilities if len(places) > 1 else {}
            elif self._engine.continues():
                after = self._after(instruction, token, gone)
            for number, part in share(token, choices, after, told).items():
                masses[number] += mass * part
        total = sum(masses)
        return [mass / total for mass in masses] if total > 0 else point(_text(answer), choices)

    def _after(self, instruction: str, token: str, gone: threading.Event) -> Mapping[str, float] | None:
        try:
            places = positions(self._ask(self._rating_payload(instruction, token, 1), gone))
        except NotContinued:
            return None
        return places[0].probabilities if places else None

    def _rating_payload(self, instruction: str, opening: str, max_tokens: int) -> dict[str, Any]:
        payload = self._payload(instruction, opening, bool(opening), max_tokens, Sampling())
        return {**payload, "logprobs": True, "top_logprobs": 20}

    def _payload(
        self, instruction: str, opening: str, continuing: bool, max_tokens: int, sampling: Sampling
    ) -> dict[str, Any]:
        user = f"{self._prefix.document}\n\n{instruction}"
        if opening and not continuing:
            user += f"\n\nBegin your answer with exactly these words: {opening}"
        messages = [{"role": "system", "content": defuse(self._prefix.system)}] if self._prefix.system else []
        messages.append({"role": "user", "content": defuse(user)})
        payload: dict[str, Any] = {
            "messages": messages,
            "max_tokens": max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
        }
        if sampling.repetition_penalty != 1.0:
            payload["repetition_penalty"] = sampling.repetition_penalty  # vLLM's name for it
            payload["repeat_penalty"] = sampling.repetition_penalty  # llama.cpp's and Ollama's
        if opening and continuing:
            messages.append({"role": "assistant", "content": defuse(opening)})
            payload |= self._engine.continuation()
        return payload

    def _ask(self, payload: dict[str, Any], gone: threading.Event) -> dict[str, Any]:
        """The first choice of the answer, with the number of its tokens under "tokens"."""
        body = self._engine.complete(payload, gone)
        choice: dict[str, Any] = body["choices"][0]
        usage = body.get("usage") or {}
        asked = sum(estimate(str(message["content"])) for message in payload["messages"])
        prompt = usage.get("prompt_tokens")
        written = usage.get("completion_tokens")
        written = estimate(_text(choice)) if written is None else int(written)
        with self._lock:
            before = self._usage
            prompt = asked if prompt is None else int(prompt)
            self._usage = Usage(before.prompt_tokens + prompt, before.completion_tokens + written)
        return {**choice, "tokens": written}

    def _side_by_side(self, calls: Sequence[Callable[[threading.Event], T]], stop: Stop) -> Iterator[tuple[int, T]]:
        """Numbered results as they come, from a few threads. After a stop or an error nobody waits for an
        answer that is still on its way: threads are daemons, and `gone` ends their waiting and trying
        again."""
        if self.closed:
            raise ModelError("The session is closed.", "Use it inside its `with` statement.")
        if stop():
            raise Cancelled("Writing was stopped.")
        gone = threading.Event()
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[int, T | BaseException]] = queue.SimpleQueue()

        def work() -> None:
            while not gone.is_set():
                try:
                    number = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    done.put((number, calls[number](gone)))
                except BaseException as exc:
                    done.put((number, exc))

        for number in range(len(calls)):
            todo.put(number)
        for _ in range(min(self._model.parallel, len(calls))):
            threading.Thread(target=work, name="remote-model", daemon=True).start()
        try:
            left = len(calls)
            while left:
                if stop():
                    raise Cancelled("Writing was stopped.")
                try:
                    number, result = done.get(timeout=0.1)
                except queue.Empty:
                    continue
                if isinstance(result, BaseException):
                    raise result
                left -= 1
                yield number, result
        finally:
            gone.set()


def estimate(text: str) -> int:
    """No fewer tokens than today's tokenizers make of it: one a digit, one for three other bytes."""
    digits = sum(character.isdigit() for character in text)
    return digits + math.ceil((len(text.encode("utf-8", "replace")) - digits) / 3)


def defuse(text: str) -> str:
    """The text with a space inside whatever an engine could take for a control token."""
    return _CONTROL.sub(lambda match: match[0] + " ", text)


def without_opening(text: str, opening: str) -> str:
    """The answer behind the opening that it was asked to begin with, if it did; blanks don't count."""
    words = opening.split()
    match = re.match(r"\s*" + r"\s+".join(map(re.escape, words)), text, re.IGNORECASE) if words else None
    return text[match.end() :] if match else text


def _text(choice: Mapping[str, Any]) -> str:
    return choice["message"].get("content") or ""
