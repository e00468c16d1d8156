"""How a job is told of: its state as JSON, its brief in four formats, its changes as events.

In: a Job. Out: responses. Reading the database and rendering run in threads.
Not here: routes, and the reading of requests.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Request
from starlette.responses import JSONResponse, Response

from service import negotiate
from service.jobs import Jobs
from service.problems import NoSuchBrief, NotAcceptable, Unfinished, problem_response
from service.store import Job
from summarizer import UnknownName

FINISHED = ("done", "failed", "cancelled")
RETRY_AFTER = "5"
KEEP_ALIVE_SECONDS = 15.0
Html = Callable[[Job], str]


class Answers:
    """How a job is told of, in each format."""

    def __init__(self, jobs: Jobs, html: Html) -> None:
        self._jobs, self._html = jobs, html

    async def find(self, brief_id: str) -> Job:
        job = await run_sync(self._jobs.store.get, brief_id)
        if job is None:
            raise no_such(brief_id)
        return job

    def format_of(self, request: Request) -> str:
        """The format asked for: `?format=` goes before the Accept header."""
        asked = request.query_params.get("format")
        if asked is not None:
            if asked not in negotiate.MEDIA:
                raise UnknownName(
                    f"There is no format called {asked[:80]!r}.",
                    f"Choose one of: {', '.join(negotiate.MEDIA)}.",
                )
            return asked
        chosen = negotiate.choose(", ".join(request.headers.getlist("accept")))
        if chosen is None:
            raise NotAcceptable(
                "The Accept header allows none of the formats.",
                f"There are {', '.join(negotiate.MEDIA.values())}.",
            )
        return chosen

    def state(self, job: Job) -> dict[str, Any]:
        """A job as schema.JobState."""
        panel = self._jobs.core.panels.get(job.panel)
        progress = job.progress if job.status == "running" else None
        return {
            "id": job.id,
            "status": job.status,
            "created_at": timestamp(job.created_at),
            "finished_at": timestamp(job.finished_at) if job.finished_at is not None else None,
            "title": job.title,
            "url": job.url,
            "panel": {"id": job.panel, "name": panel.name if panel else job.panel},
            "position": self._jobs.store.position(job),
            "progress": {"stage": progress.stage, "done": progress.done, "total": progress.total} if progress else None,
            "error": dict(job.error) if job.error else None,
        }

    async def wait(self, job: Job, seconds: float) -> Job | None:
        """The job when it is finished, or as it is after so many seconds; None if it was deleted."""
        loop_time = asyncio.get_running_loop().time
        deadline = loop_time() + seconds
        current: Job | None = job
        while current is not None and current.status not in FINISHED and not self._jobs.stopping:
            left = deadline - loop_time()
            if left <= 0:
                break
            # At most a second, since another process may do the work, and its bell isn't heard here.
            await self._jobs.bell.wait(min(left, 1.0))
            current = await run_sync(self._jobs.store.get, job.id)
        return current

    async def brief(
        self, job: Job, kind: str, status: int, headers: dict[str, str], if_none_match: str | None = None
    ) -> Response:
        body = await run_sync(self._body, job, kind)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {**headers, "ETag": etag, "Cache-Control": "private, no-cache"}
        if negotiate.matches_etag(if_none_match, etag):
            return Response(status_code=304, headers=headers)
        return Response(body, status, headers, media_type(kind))

    def _body(self, job: Job, kind: str) -> bytes:
        if kind == "html":
            return self._html(job).encode()
        data = self._jobs.store.brief(job.id)
        if data is None:
            raise no_such(job.id)
        if kind != "json":
            return self._jobs.core.render(self._jobs.core.from_dict(data), kind).encode()
        data |= {
            "id": job.id,
            "status": "done",
            "created_at": timestamp(job.created_at),
            "finished_at": timestamp(job.finished_at or job.created_at),
        }
        return json.dumps(data, ensure_ascii=False).encode()

    async def unfinished(self, job: Job, kind: str) -> Response:
        """JSON tells the state; a text is 202 with a sentence, or 409 where no brief will come."""
        headers = {"Vary": "Accept", "Cache-Control": "no-store"}
        if kind == "html":
            return Response(await run_sync(self._html, job), 200, headers, media_type(kind))
        if kind == "json":
            if job.status not in FINISHED:
                headers["Retry-After"] = RETRY_AFTER
            return JSONResponse(await run_sync(self.state, job), 200, headers)
        if job.status in FINISHED:
            reason = job.error["detail"] if job.error else "It was cancelled."
            return problem_response(Unfinished(f"There is no brief of this article. {reason}"), f"/v1/briefs/{job.id}")
        position = await run_sync(self._jobs.store.position, job)
        sentence = f"This brief is number {position} in the queue." if position else "This brief is being written."
        return Response(sentence + "\n", 202, {**headers, "Retry-After": RETRY_AFTER}, media_type("text"))

    async def events(self, job: Job, seen: int) -> AsyncIterator[str]:
        """Snapshots of the job, each with its revision as the event's id, until it is finished."""
        current: Job | None = job
        while current is not None:
            if current.revision > seen:
                seen = current.revision
                name = "done" if current.status in FINISHED else "progress" if current.progress else "state"
                data = json.dumps(await run_sync(self.state, current))
                yield f"id: {seen}\nevent: {name}\ndata: {data}\n\n"
            if current.status in FINISHED or self._jobs.stopping:
                return
            if not await self._jobs.bell.wait(KEEP_ALIVE_SECONDS):
                yield ": still here\n\n"
            current = await run_sync(self._jobs.store.get, job.id)
        yield "event: deleted\ndata: {}\n\n"


def media_type(kind: str) -> str:
    return negotiate.MEDIA[kind] + ("" if kind == "json" else "; charset=utf-8")


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC, in milliseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def no_such(brief_id: str) -> NoSuchBrief:
    return NoSuchBrief(f"There is no brief {brief_id[:64]!r}.", "It may have been deleted; GET /v1/briefs lists all.")
