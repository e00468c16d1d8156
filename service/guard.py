"""What stands before every request: limits, same-origin check, headers. Plain ASGI, no framework.

HEAD is answered as GET (the server leaves the body away)
a request that changes something and comes from another site's page is refused
a body beyond the limit is refused while it arrives, without being kept
every answer carries strict security headers
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.problems import CrossSite, problem_response
from summarizer import BriefError

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A client that still sends can't read an answer; so much of a refused body is read and thrown away.
DRAIN_FACTOR = 16
DRAIN_SECONDS = 10.0


class Guard:
    def __init__(self, app: ASGIApp, *, max_body_bytes: int, too_large: Callable[[], BriefError]) -> None:
        self.app, self.limit, self.too_large = app, max_body_bytes, too_large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answer.setdefault(name, value)
            await send(message)

        if scope["method"] not in ("GET", "OPTIONS") and not same_origin(headers):
            error = CrossSite(
                "This request comes from a page of another site.", "Use the form of this service, or its API."
            )
            await problem_response(error, scope["path"])(scope, receive, send_guarded)
            return
        await self.app(scope, self._limited(receive, headers), send_guarded)

    def _limited(self, receive: Receive, headers: Headers) -> Receive:
        told = headers.get("content-length", "")
        declared = int(told) if told.isdecimal() and len(told) < 16 else 0
        received = 0

        async def limited() -> Message:
            nonlocal received
            if declared > self.limit and headers.get("expect", "").lower() == "100-continue":
                raise self.too_large()  # the client waits to be told to send, and isn't
            message = await receive()
            received += len(message.get("body", b""))
            if max(received, declared) > self.limit:
                if message.get("more_body"):
                    await self._drain(receive)
                raise self.too_large()
            return message

        return limited

    async def _drain(self, receive: Receive) -> None:
        left = self.limit * DRAIN_FACTOR
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body"):
                        return
        except TimeoutError:
            return


def same_origin(headers: Headers) -> bool:
    """Whether a request comes from this service's own pages, or from no page at all (a program)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        return False
