"""RemoteModel when its engine is busy, slow, wrong or gone, and when nobody waits for it any more."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from engines import PREFIX, FakeEngine, opened, refusal, write
from loopback import Request, Response, serving

from summarizer.errors import Cancelled, ContextTooSmall, RemoteError
from summarizer.models.protocol import Row
from summarizer.models.remote import RemoteModel
from summarizer.models.remote_http import retry_after


def failing(times: int, response: Response) -> FakeEngine:
    left = [response] * times
    return FakeEngine(refuse=lambda payload: left.pop() if left else None)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_failures_are_tried_again(status: int) -> None:
    engine = failing(3, refusal(status, "busy"))
    assert write(engine, Row("x"))[0].text == "An answer."
    engine = failing(4, refusal(status, "busy\nnow"))
    with pytest.raises(RemoteError) as caught:
        write(engine, Row("x"))
    assert f"{status}: busy now" in caught.value.message
    assert caught.value.retryable
    assert len(engine.payloads) == 4


def test_retry_after_is_obeyed() -> None:
    began = time.monotonic()
    write(failing(1, refusal(429, "slow down", {"retry-after": "0.4"})), Row("x"))
    assert time.monotonic() - began >= 0.4
    assert retry_after("7") == 7
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("soon") is None


def test_engines_that_are_not_there_or_talk_nonsense() -> None:
    with serving(FakeEngine()) as server:
        pass
    gone = RemoteModel("m", server.url, backoff=0.01)
    with gone, gone.read(PREFIX) as session, pytest.raises(RemoteError, match="doesn't answer"):
        session.write([Row("x")])
    for body in (
        b"<html>hello</html>",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{"message": {"content": 5}}]}',
    ):

        def nonsense(request: Request, body: bytes = body) -> Response:
            return Response(200, body)

        with pytest.raises(RemoteError, match="no chat completion"):
            write(nonsense, Row("x"))
    with pytest.raises(RemoteError, match="404") as caught:
        write(FakeEngine(refuse=lambda payload: refusal(404, "model 'm' not found")), Row("x"))
    assert "model's name" in caught.value.hint


def test_a_slow_engine_ends_in_an_error() -> None:
    hold = threading.Event()
    engine = FakeEngine(hold=hold)
    with opened(engine, timeout=0.2, attempts=2) as model, model.read(PREFIX) as session:
        with pytest.raises(RemoteError, match="Timeout"):
            session.write([Row("x")])
        hold.set()
    assert len(engine.payloads) == 2


def test_stop_abandons_what_is_on_its_way() -> None:
    hold = threading.Event()
    engine = FakeEngine(hold=hold)
    with serving(engine) as server, RemoteModel("m", server.url, parallel=2) as model:
        with model.read(PREFIX) as session:
            began = time.monotonic()
            with pytest.raises(Cancelled):
                session.write([Row("x")] * 6, stop=lambda: time.monotonic() - began > 0.3)
            assert time.monotonic() - began < 2
            hold.set()
            time.sleep(0.3)
            assert len(engine.payloads) == 2  # the other four were never sent
            with pytest.raises(Cancelled):
                session.write([Row("x")], stop=lambda: True)
        assert len(engine.payloads) == 2


def test_only_a_few_requests_are_on_their_way_at_once() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def say(payload: dict[str, Any]) -> str:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return "done"

    write(FakeEngine(say), *[Row("x")] * 9, parallel=3)
    assert most == 3


def test_an_engine_that_finds_the_request_too_long_says_so() -> None:
    said = "This model's maximum context length is 4096 tokens. However, you requested 5000."
    with pytest.raises(ContextTooSmall, match="4096"):
        write(FakeEngine(refuse=lambda payload: refusal(400, said)), Row("x"))
