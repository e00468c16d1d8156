"""The pages for people: form, report, history, reference. They work without JavaScript.

In: form posts and page requests. Out: HTML. What a page shows is decided in pages.py and the templates.
Not here: the API, and anything about how a brief is written.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from markupsafe import Markup
from python_multipart.exceptions import FormParserError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from service import requests
from service.api import known_panel
from service.intake import from_bytes, from_request, only_one, scrub
from service.jobs import Jobs
from service.pages import Choice, ErrorPage, FormPage, HistoryPage, Line, Pages, ReportPage, WaitingPage
from service.problems import MalformedBody, NoSuchBrief, problem, status_of
from service.store import Job
from summarizer import Article, BadRequest, BriefError, Options

HISTORY_LINES = 30
NO_STORE = {"Cache-Control": "no-store"}
STAGES = {
    "read": "The article is being read",
    "score": "Its relevance is being scored",
    "write": "The sections are being written",
    "verify": "Every sentence is being checked against its sources",
}


class Web:
    def __init__(self, jobs: Jobs, pages: Pages, readers: CapacityLimiter) -> None:
        self._jobs, self._pages, self._readers = jobs, pages, readers

    def router(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)
        router.get("/")(self.form)
        router.post("/")(self.send)
        router.get("/briefs")(self.history)
        router.get("/briefs/{brief_id}")(self.report)
        router.post("/briefs/{brief_id}/cancel")(self.cancel)
        router.post("/briefs/{brief_id}/delete")(self.delete)
        return router

    # --- the form -------------------------------------------------------------------------------------------

    async def form(self) -> Response:
        return HTMLResponse(self._form({}, ""), headers=NO_STORE)

    async def send(self, request: Request) -> Response:
        values: dict[str, str] = {}
        try:
            fields = await self._fields(request)
            async with _closing(fields):
                values = {name: scrub(text) for name, text in fields.items() if isinstance(text, str)}
                file = fields.get("file")
                data = await file.read() if isinstance(file, UploadFile) and file.filename else None
            name = file.filename or "" if isinstance(file, UploadFile) else ""
            declared = file.content_type or "" if isinstance(file, UploadFile) else ""
            panel = known_panel(self._jobs, values.get("panel"))
            article = await run_sync(self._article, values, data, name, declared, limiter=self._readers)
            job = await run_sync(self._jobs.submit, article, panel, Options())
        except BriefError as error:
            return HTMLResponse(self._form(values, str(error)), status_of(error), NO_STORE)
        return RedirectResponse(f"/briefs/{job.id}", 303)

    async def _fields(self, request: Request) -> FormData:
        limit = self._jobs.settings.max_body_bytes
        try:
            return await request.form(max_files=1, max_fields=20, max_part_size=limit)
        except FormParserError as error:
            raise MalformedBody("The form can't be read.", "Send it again.") from error

    def _article(self, values: dict[str, str], data: bytes | None, name: str, declared: str) -> Article:
        text, url, title = (values.get(key, "") for key in ("text", "url", "title"))
        only_one(text, url.strip(), data is not None)
        if len(title) > 1_000:
            raise BadRequest("The title is longer than 1,000 characters.", "Shorten it.")
        if data is not None:
            return from_bytes(self._jobs.core, data, declared, title, name)
        if url.strip():
            if not requests.is_web_address(url.strip()) or len(url) > 4_000:
                raise BadRequest("That is not an http or https address.", "Copy it from the browser's address bar.")
            return from_request(self._jobs.core, requests.BriefRequest(url=url.strip(), title=title or None))
        # A browser sends line ends as CR LF.
        return from_request(
            self._jobs.core, requests.BriefRequest(text=text.replace("\r\n", "\n"), title=title or None)
        )

    def _form(self, values: dict[str, str], error: str) -> str:
        panels = [
            Choice(panel.id, panel.name, ", ".join(analyst.sector for analyst in panel.analysts))
            for _, panel in sorted(self._jobs.core.panels.items())
        ]
        kept = {key: values.get(key, "") for key in ("text", "url", "title")}
        kept["panel"] = values.get("panel") or self._jobs.settings.panel
        state = self._jobs.model_state
        return self._pages.render(FormPage(panels, kept, error, state.detail, state.state == "open"))

    # --- reports --------------------------------------------------------------------------------------------

    async def report(self, brief_id: str) -> Response:
        job = await run_sync(self._jobs.store.get, brief_id)
        if job is None:
            raise NoSuchBrief("There is no such brief.", "It may have been deleted; the history lists all.")
        return HTMLResponse(await run_sync(self.html, job), headers=NO_STORE)

    def html(self, job: Job) -> str:
        """The report page of a job, as it stands."""
        data = self._jobs.store.brief(job.id) if job.status == "done" else None
        if data is None:
            progress = job.progress
            done, total = (progress.done, progress.total) if progress else (0, 0)
            return self._pages.render(
                WaitingPage(job.id, job.title or "Article", job.status, self.note(job), done, total)
            )
        core = self._jobs.core
        article: dict[str, Any] = data["article"]
        return self._pages.render(
            ReportPage(
                id=job.id,
                title=article["title"] or "Untitled article",
                byline=article["byline"],
                published=article["published"],
                # Only an address of the web becomes a link.
                url=article["url"] if requests.is_web_address(article["url"]) else "",
                panel=data["panel"]["name"],
                created=minute(job.created_at),
                characters=article["characters"],
                characters_used=article["characters_used"],
                fragment=Markup(core.render(core.from_dict(data), "html")),
                checks=data["checks"],
                provenance=data["provenance"],
                seconds=data["timing"]["seconds"],
            )
        )

    def note(self, job: Job) -> str:
        """One sentence on where a job without a brief stands."""
        state = self._jobs.model_state
        if job.error is not None:
            return str(job.error["detail"])
        if job.status == "running":
            return STAGES.get(job.progress.stage if job.progress else "read", "It is being written") + "."
        if job.status == "queued":
            position = self._jobs.store.position(job)
            place = "It is next in the queue" if position == 1 else f"It is number {position} in the queue"
            return f"{place}." if state.state == "open" else f"{place}; {state.detail.rstrip('.')}."
        return "It was cancelled."

    async def cancel(self, brief_id: str) -> Response:
        await run_sync(self._jobs.cancel, brief_id)
        return RedirectResponse(f"/briefs/{brief_id}", 303)

    async def delete(self, brief_id: str) -> Response:
        await run_sync(self._jobs.delete, brief_id)
        return RedirectResponse("/briefs", 303)

    # --- history --------------------------------------------------------------------------------------------

    async def history(self, request: Request) -> Response:
        asked = request.query_params
        q, status, cursor = asked.get("q", "")[:200], asked.get("status", ""), asked.get("cursor", "")
        before = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 19 else None
        found = await run_sync(self._jobs.store.page, HISTORY_LINES + 1, before, q, status)
        following = ""
        if len(found) > HISTORY_LINES:
            following = "/briefs?" + urlencode({"q": q, "status": status, "cursor": found[HISTORY_LINES - 1].seq})
        panels = self._jobs.core.panels
        lines = [
            Line(
                job.id,
                job.title or "Untitled article",
                panels[job.panel].name if job.panel in panels else job.panel,
                job.status,
                minute(job.created_at),
            )
            for job in found[:HISTORY_LINES]
        ]
        return HTMLResponse(self._pages.render(HistoryPage(lines, q, status, following)), headers=NO_STORE)

    def error(self, error: BriefError) -> Response:
        """An error as a page, for people."""
        told = problem(error)
        page = ErrorPage(told["status"], told["title"], told["detail"])
        return HTMLResponse(self._pages.render(page), told["status"], NO_STORE)


class _closing:
    """Closes a form's spooled files at the end of the block."""

    def __init__(self, fields: FormData) -> None:
        self._fields = fields

    async def __aenter__(self) -> FormData:
        return self._fields

    async def __aexit__(self, *_: object) -> None:
        await self._fields.close()


def minute(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%d %B %Y, %H:%M UTC").lstrip("0")
