"""A chat engine behind HTTP, as far as the client can see one: for tests against a real loopback server."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from loopback import Request, Response, serving

from summarizer.models.protocol import Completion, Prefix, Row
from summarizer.models.remote import RemoteModel

Say = Callable[[dict[str, Any]], str]


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps({"error": {"message": message, "type": "invalid_request_error"}}).encode()
    return Response(status, body, {"content-type": "application/json", **(headers or {})})


class FakeEngine:
    """`say` makes the answer from the payload. `first` and `second` are the probabilities of the first two
    tokens, for answers that are asked for with logprobs. `refuse` may answer instead; it gets the payload."""

    def __init__(
        self,
        say: Say = lambda payload: "An answer.",
        *,
        first: Mapping[str, float] | None = None,
        second: Mapping[str, float] | None = None,
        listed: Mapping[str, Any] | None = None,
        refuse: Callable[[dict[str, Any]], Response | None] = lambda payload: None,
        hold: threading.Event | None = None,
    ) -> None:
        self.say, self.first, self.second, self.refuse, self.hold = say, first, second, refuse, hold
        self.listed = listed
        self.payloads: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def __call__(self, request: Request) -> Response:
        if request.path.endswith("/models"):
            data = [] if self.listed is None else [{"id": "m", "object": "model", **self.listed}]
            return self._json({"object": "list", "data": data})
        if not request.path.endswith("/chat/completions"):
            return refusal(404, "no such route")
        payload = json.loads(request.body)
        self.payloads.append(payload)
        self.headers.append(request.headers)
        if self.hold is not None:
            self.hold.wait(30)
        return self.refuse(payload) or self._json(self._completion(payload))

    def _completion(self, payload: dict[str, Any]) -> dict[str, Any]:
        text = self.say(payload)
        for stop in payload.get("stop", []):
            text = text.split(stop)[0]
        words = text.split(" ")
        limit = payload.get("max_tokens", payload.get("max_completion_tokens"))
        reason = "length" if len(words) > limit else "stop"
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": " ".join(words[:limit])},
            "finish_reason": reason,
        }
        if payload.get("logprobs") and self.first is not None:
            places = [self.first] if self.second is None else [self.first, self.second]
            choice["logprobs"] = {"content": [self._place(p) for p in places[: payload["max_tokens"]]]}
        usage = {"prompt_tokens": 50, "completion_tokens": min(len(words), limit)}
        return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage}

    @staticmethod
    def _place(probabilities: Mapping[str, float]) -> dict[str, Any]:
        tops = [{"token": t, "logprob": math.log(p)} for t, p in probabilities.items()]
        return {**max(tops, key=lambda each: each["logprob"]), "top_logprobs": tops}

    @staticmethod
    def _json(body: Any) -> Response:
        return Response(200, json.dumps(body).encode(), {"content-type": "application/json"})


def roles(payload: Mapping[str, Any]) -> Sequence[str]:
    return [message["role"] for message in payload["messages"]]


PREFIX = Prefix("You are an analyst.", "The article.")


@contextmanager
def opened(engine: Any, **options: Any) -> Iterator[RemoteModel]:
    with serving(engine) as server, RemoteModel("m", server.url, backoff=0.01, **options) as model:
        yield model


def write(engine: Any, *rows: Row, **options: Any) -> list[Completion]:
    with opened(engine, **options) as model, model.read(PREFIX) as session:
        return session.write(rows)
