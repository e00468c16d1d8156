"""A real HTTP server on the loopback interface, for tests: a function answers, every request is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    """`torn_after` bytes of the body the connection breaks; `wait` holds it back until the event is set."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    torn_after: int | None = None
    wait: threading.Event | None = None


@dataclass
class Loopback:
    url: str
    requests: list[Request]

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


@contextmanager
def serving(answer: Callable[[Request], Response]) -> Iterator[Loopback]:
    requests: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            size = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, self.path, headers, self.rfile.read(size))
            requests.append(request)
            self._send(answer(request))

        do_GET = do_HEAD = do_POST = _handle

        def _send(self, response: Response) -> None:
            try:
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(response.body)))
                self.end_headers()
                if response.torn_after is None:
                    self.wfile.write(response.body)
                    return
                self.wfile.write(response.body[: response.torn_after])
                self.wfile.flush()
                if response.wait:
                    response.wait.wait(30)
                self.close_connection = True
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Loopback(f"http://127.0.0.1:{server.server_address[1]}", requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
