"""The JSON routes under /v1, and the probes.

In: requests. Out: jobs, briefs in four formats, problem documents. Blocking work (parsing, fetching, the
database, rendering) runs in threads. Not here: pages, the form of answers, the writing of briefs.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from service import negotiate, requests, schema
from service.answers import FINISHED, RETRY_AFTER, Answers, no_such
from service.intake import RAW_TYPES, from_bytes, from_request
from service.jobs import Jobs
from service.openapi import CREATE, EVENTS, GET_BRIEF, METRICS, problems
from service.problems import InvalidField, NotReady, UnsupportedType, problem_response
from summarizer import Article, Options, UnknownName

BriefId = Annotated[str, Path(alias="id", description="As POST /v1/briefs gave it.")]


class Api:
    """The handlers; `router` says where each one answers."""

    def __init__(self, jobs: Jobs, answers: Answers, readers: CapacityLimiter) -> None:
        self._jobs, self._answers, self._readers = jobs, answers, readers
        self._store, self._settings = jobs.store, jobs.settings

    def router(self) -> APIRouter:
        router = APIRouter()
        briefs = APIRouter(prefix="/v1/briefs", tags=["briefs"])
        briefs.post("", summary="Send an article", **CREATE)(self.create_brief)
        briefs.get("", summary="List, newest first", response_model=schema.BriefList, responses=problems(422))(
            self.list_briefs
        )
        briefs.get("/{id}", summary="The state of a job, or its brief", **GET_BRIEF)(self.get_brief)
        briefs.delete("/{id}", summary="Stop and delete", status_code=204, responses=problems(404))(self.delete_brief)
        briefs.get("/{id}/events", summary="State and progress as they change", **EVENTS)(self.events)
        about = APIRouter(tags=["about"])
        about.get("/v1/panels", summary="The panels of analysts", response_model=schema.PanelList)(self.panels)
        about.get("/v1/models", summary="The model in use, and known ones", response_model=schema.ModelList)(
            self.models
        )
        about.get("/livez", summary="Whether the process answers", response_model=schema.Health)(self.livez)
        about.get(
            "/readyz",
            summary="Whether briefs are written",
            response_model=schema.Health,
            responses=problems(503),
        )(self.readyz)
        about.get("/metrics", summary="Counts in Prometheus text format", **METRICS)(self.metrics)
        router.include_router(briefs)
        router.include_router(about)
        return router

    # --- briefs ---------------------------------------------------------------------------------------------

    async def create_brief(self, request: Request) -> Response:
        # 1. Say no before any work if the answer could not be given.
        kind = self._answers.format_of(request)
        wait = negotiate.wait_seconds(request.headers.get("prefer"), self._settings.max_wait_seconds)
        # 2. Read and ingest, so that bad input is an answer and not a failed job.
        article, panel, options = await self._article(request)
        job = await run_sync(self._jobs.submit, article, panel, options)
        # 3. Wait if asked to.
        headers = {"Location": f"/v1/briefs/{job.id}", "Vary": "Accept, Prefer"}
        if wait is not None:
            headers["Preference-Applied"] = f"wait={wait}"
            job = await self._answers.wait(job, wait) or job
        if job.status == "done":
            return await self._answers.brief(job, kind, 201, headers)
        if job.status == "failed" and job.error is not None:
            return JSONResponse(dict(job.error), job.error["status"], headers, "application/problem+json")
        state = await run_sync(self._answers.state, job)
        return JSONResponse(state, 202, {**headers, "Retry-After": RETRY_AFTER})

    async def list_briefs(
        self,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[str, Query(pattern=r"^[0-9]{0,18}$", description="From the Link header.")] = "",
        q: Annotated[str, Query(max_length=200, description="Words of the title or address.")] = "",
        status: Annotated[schema.JobStatus | None, Query()] = None,
    ) -> Response:
        before = int(cursor) if cursor else None
        found = await run_sync(self._store.page, limit + 1, before, q, status or "")
        following = None
        if len(found) > limit:
            query = {"limit": limit, "cursor": found[limit - 1].seq, "q": q, "status": status or ""}
            following = "/v1/briefs?" + urlencode({key: value for key, value in query.items() if value != ""})
        rows = await run_sync(lambda: [self._answers.state(job) for job in found[:limit]])
        headers = {"Link": f'<{following}>; rel="next"'} if following else {}
        return JSONResponse({"briefs": rows, "next": following}, headers={**headers, "Cache-Control": "no-store"})

    async def get_brief(self, brief_id: BriefId, request: Request) -> Response:
        job = await self._answers.find(brief_id)
        kind = self._answers.format_of(request)
        if job.status != "done":
            return await self._answers.unfinished(job, kind)
        known = request.headers.get("if-none-match")
        return await self._answers.brief(job, kind, 200, {"Vary": "Accept"}, known)

    async def delete_brief(self, brief_id: BriefId) -> Response:
        if not await run_sync(self._jobs.delete, brief_id):
            raise no_such(brief_id)
        return Response(status_code=204)

    async def events(self, brief_id: BriefId, request: Request) -> Response:
        job = await self._answers.find(brief_id)
        last = request.headers.get("last-event-id", "")
        seen = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else 0
        return StreamingResponse(
            self._answers.events(job, seen),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _article(self, request: Request) -> tuple[Article, str, Options]:
        """Article, panel and options from a JSON body, or from a bare text with the rest in the query."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        core = self._jobs.core
        if media_type == "application/json":
            body = requests.parse_request(await request.body())
            panel = known_panel(self._jobs, body.panel)
            return (
                await run_sync(from_request, core, body, limiter=self._readers),
                panel,
                body.options.options(),
            )
        if media_type in RAW_TYPES:
            query = dict(request.query_params)
            unknown = sorted(set(query) - {"panel", "title", "seed", "candidates", "format"})
            if unknown:
                raise InvalidField([(name[:60], "is not a parameter of this route") for name in unknown[:5]])
            values: dict[str, Any] = {key: _number(query[key]) for key in ("seed", "candidates") if key in query}
            options = requests.parse_options(values).options()
            panel = known_panel(self._jobs, query.get("panel"))
            declared = request.headers.get("content-type", "")
            data = await request.body()
            title = query.get("title", "")
            article = await run_sync(from_bytes, core, data, declared, title, limiter=self._readers)
            return article, panel, options
        given = f"The content type {media_type[:80]!r} is not read here." if media_type else "There is no content type."
        raise UnsupportedType(given, f"Send application/json, or a bare text as {', '.join(RAW_TYPES)}.")

    # --- about ----------------------------------------------------------------------------------------------

    async def panels(self) -> Response:
        rows = [
            {
                "id": panel.id,
                "name": panel.name,
                "analysts": [
                    {"title": a.title, "sector": a.sector, "lens": a.lens, "beat": a.beat} for a in panel.analysts
                ],
            }
            for _, panel in sorted(self._jobs.core.panels.items())
        ]
        return JSONResponse({"default": self._settings.panel, "panels": rows})

    async def models(self) -> Response:
        state = self._jobs.model_state
        known = [
            {
                "spec": m.spec,
                "name": m.name,
                "bytes": m.size,
                "licence": m.licence,
                "cached": m.cached,
            }
            for m in await run_sync(self._jobs.core.list_models)
        ]
        current = {"spec": self._settings.model, "state": state.state, "detail": state.detail}
        return JSONResponse({"current": current, "models": known})

    async def livez(self) -> Response:
        return JSONResponse({"status": "ok", "detail": ""})

    async def readyz(self) -> Response:
        state = self._jobs.model_state
        if state.state != "open" or self._jobs.stopping:
            reason = "the service is shutting down" if self._jobs.stopping else state.detail
            return problem_response(NotReady(f"No brief can be written yet: {reason.rstrip('.')}."), "/readyz")
        await run_sync(self._store.counts)
        return JSONResponse({"status": "ok", "detail": state.detail})

    async def metrics(self) -> Response:
        counts = await run_sync(self._store.counts)
        jobs = [
            f'analyst_brief_jobs{{status="{name}"}} {counts.get(name, 0)}' for name in ("queued", "running", *FINISHED)
        ]
        lines = [
            "# HELP analyst_brief_jobs Jobs in the database by state.",
            "# TYPE analyst_brief_jobs gauge",
            *jobs,
            "# HELP analyst_brief_ready Whether the model is open.",
            "# TYPE analyst_brief_ready gauge",
            f"analyst_brief_ready {int(self._jobs.model_state.state == 'open')}",
        ]
        return Response("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4; charset=utf-8")


def known_panel(jobs: Jobs, name: str | None) -> str:
    """The panel's id. Raises UnknownName, which lists those that exist."""
    name = name or jobs.settings.panel
    if name not in jobs.core.panels:
        choices = ", ".join(sorted(jobs.core.panels))
        raise UnknownName(f"There is no panel called {name!r}.", f"Choose one of: {choices}.")
    return name


def _number(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text
