"""Puts the service together: the only place that knows all its parts.

In: settings and a Core. Out: `create_app`, an ASGI application, and `run`, which serves it until a signal.
"""

from __future__ import annotations

import logging
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.staticfiles import StaticFiles

import summarizer
from service import negotiate
from service.answers import Answers
from service.api import Api
from service.core import Core
from service.docs import docs_page
from service.guard import Guard
from service.jobs import Clock, Jobs
from service.openapi import describe
from service.pages import STATIC, Pages
from service.problems import (
    InvalidField,
    MalformedBody,
    NoSuchPage,
    Unforeseen,
    WrongMethod,
    problem_response,
)
from service.settings import Settings, load_settings
from service.store import Store
from service.web import Web
from summarizer import BadRequest, BriefError, Config, ConfigError

log = logging.getLogger("analyst_brief")
# Articles that are parsed or fetched at the same time. Fewer than the threads there are, so that slow web
# servers can't keep everybody else from the database.
READERS = 8


class Application(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if not self.openapi_schema:
            self.openapi_schema = describe(super().openapi())
        return self.openapi_schema


def create_app(settings: Settings, core: Core, *, clock: Clock = time.time) -> FastAPI:
    """The application. Opens the database at once, or raises ConfigError; workers start with the lifespan."""
    jobs = Jobs(Store(settings.database_path, archive=settings.archive), core, settings, clock)
    pages = Pages()
    readers = CapacityLimiter(READERS)
    web = Web(jobs, pages, readers)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        jobs.start()
        yield
        await run_sync(jobs.stop)
        jobs.store.close()

    app = Application(
        title="Analyst Brief",
        description="An article goes in, an analyst brief comes out; no sentence leaves without a source.",
        version=_version(),
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.jobs = jobs
    app.include_router(Api(jobs, Answers(jobs, web.html), readers).router())
    app.include_router(web.router())
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(pages.render(docs_page(app.openapi())))

    _handle_errors(app, web)
    app.add_middleware(Guard, max_body_bytes=settings.max_body_bytes, too_large=partial(_too_large, settings, core))
    return app


def _handle_errors(app: FastAPI, web: Web) -> None:
    """Every error becomes a problem document, or a page where a person is reading."""

    def answer(request: Request, error: BriefError, headers: dict[str, str] | None = None) -> Response:
        api = request.url.path.startswith("/v1/")
        if not api and negotiate.choose(request.headers.get("accept"), ("json", "html")) == "html":
            return web.error(error)
        return problem_response(error, request.url.path, headers)

    @app.exception_handler(BriefError)
    async def on_brief_error(request: Request, error: BriefError) -> Response:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def on_wrong_parameter(request: Request, error: RequestValidationError) -> Response:
        found = [(".".join(map(str, row["loc"][1:])), row["msg"]) for row in error.errors()]
        return answer(request, InvalidField(found, "GET /openapi.json describes every parameter."))

    @app.exception_handler(HTTPException)
    async def on_http_exception(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            allow = ", ".join(_methods(request))
            message = f"{request.method} is not possible here."
            return answer(request, WrongMethod(message, f"Use {allow}."), {**headers, "Allow": allow})
        if error.status_code == 404:
            return answer(request, NoSuchPage("There is nothing at this address.", "GET /docs lists all addresses."))
        return answer(request, MalformedBody(f"The request can't be read: {error.detail}.".replace("..", ".")))

    @app.exception_handler(ClientDisconnect)
    async def on_disconnect(request: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=400)  # nobody is there to read it

    @app.exception_handler(Exception)
    async def on_unforeseen(request: Request, error: Exception) -> Response:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(request, Unforeseen())


def _methods(request: Request) -> list[str]:
    """The methods that this address takes; the framework names those of one route only."""
    return [
        method
        for method in ("GET", "POST", "DELETE")
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in request.app.routes)
    ]


def real_core(config: Config, settings: Settings) -> Core:
    """The summarizer itself as a Core."""
    return Core(
        panels=config.panels,
        ingest_text=summarizer.ingest_text,
        ingest_bytes=summarizer.ingest_bytes,
        ingest_url=partial(summarizer.ingest_url, allow_private=settings.allow_private_urls),
        open_model=lambda spec, progress: summarizer.open_model(spec, progress=progress),
        list_models=summarizer.list_models,
        write=partial(summarizer.write_brief, config=config),
        to_dict=summarizer.brief_to_dict,
        from_dict=summarizer.brief_from_dict,
        render=summarizer.render,
    )


def run(
    host: str | None = None,
    port: int | None = None,
    config_file: Path | str | None = None,
    config_dir: Path | str | None = None,
    model: str | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. Raises ConfigError for wrong settings, BadRequest for a busy port."""
    config = summarizer.load_config(config_dir)
    settings = load_settings(config_file or config.service_file)
    if model is not None:
        settings = replace(settings, model=model)
    if settings.panel not in config.panels:
        raise ConfigError(
            [f"service.toml: panel {settings.panel!r} is not one of {', '.join(sorted(config.panels))}"],
            "Correct the file and start again.",
        )
    serve(create_app(settings, real_core(config, settings)), host or "127.0.0.1", 8000 if port is None else port)


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve an application of `create_app`; port 0 takes any free one. The address is printed to stderr."""
    listener = _listen(host, port)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    shown = f"[{host}]" if ":" in host else host
    print(
        f"Analyst Brief answers at http://{shown}:{listener.getsockname()[1]} (Ctrl+C stops it)",
        file=sys.stderr,
        flush=True,
    )
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
        lifespan="on",
    )
    _Server(config, app.state.jobs.begin_stop).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends quietly at the first signal, and tells the workers at once, so that nobody is kept waiting."""

    def __init__(self, config: uvicorn.Config, on_signal: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_signal = on_signal

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
        # In a thread, since the signal may have interrupted code that holds the same locks.
        threading.Thread(target=self._on_signal).start()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise BadRequest(f"The address {host} can't be listened on: {error.strerror}.", "Use --host.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise BadRequest(
            f"Port {port} on {host} can't be used: {error.strerror}.", "Choose another one with --port."
        ) from error
    return listener


def _too_large(settings: Settings, core: Core) -> BriefError:
    """The refusal of a large body, in the words of ingest where they are true."""
    if settings.max_body_bytes >= summarizer.MAX_BYTES:
        try:
            core.ingest_bytes(bytes(summarizer.MAX_BYTES + 1), kind="text")
        except BriefError as error:
            return error
    return summarizer.TooLarge(
        f"The request is larger than {settings.max_body_bytes:,} bytes.", "Send the article's text alone."
    )


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("analyst-brief")
    except PackageNotFoundError:
        return "0"
