"""The workers: threads that claim jobs from the store and write their briefs.

In: a Store, a Core, settings and a clock. Out: rows that become done, failed or queued again, and a bell that
rings when a job has changed. Not here: HTTP.

    opener   opens the model in the background; until then jobs wait in the queue
    workers  claim, write, finish; as many as the settings say
    pulse    renews the leases of running jobs, notices lost claims, deletes what is older than keep_days
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from service.core import Core
from service.problems import NotReady, Unforeseen, problem
from service.settings import Settings
from service.store import Claim, Job, Store
from summarizer import Article, BriefError, Cancelled, Model, Options, Progress

log = logging.getLogger("analyst_brief.jobs")
Clock = Callable[[], float]
POLL_SECONDS = 0.5  # for jobs that another process queued, leases that ran out, retries that have become due
REOPEN_SECONDS = 30.0  # between attempts to open a model that may become available
RETRY_SECONDS = 5.0  # before a job is tried again after an error that may pass, times the tries so far
PROGRESS_SECONDS = 0.25  # between two notes of progress in the database
LOADING = {
    "download": "fetching the model",
    "unpack": "checking the model",
    "convert": "preparing the model (only once)",
    "load": "loading the model",
    "wait": "waiting for another process that prepares the model",
}


@dataclass(frozen=True, slots=True)
class ModelState:
    state: Literal["opening", "open", "failed"]
    detail: str
    retryable: bool = True


class Bell:
    """Lets coroutines wait until something has changed; `ring` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def ring(self) -> None:
        with self._lock:
            for loop, event in self._waiting:
                with suppress(RuntimeError):  # the loop has ended, and nobody waits in it
                    loop.call_soon_threadsafe(event.set)

    async def wait(self, seconds: float) -> bool:
        """Return at the next ring, or after so many seconds; say whether it rang."""
        entry = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._waiting.add(entry)
        try:
            return await asyncio.wait_for(entry[1].wait(), seconds)
        except TimeoutError:
            return False
        finally:
            with self._lock:
                self._waiting.discard(entry)


@dataclass(slots=True, eq=False)
class _Running:
    claim: Claim
    lost: threading.Event = field(default_factory=threading.Event)
    noted: float = 0.0


class Jobs:
    def __init__(self, store: Store, core: Core, settings: Settings, clock: Clock = time.time) -> None:
        self.store = store
        self.bell = Bell()
        self.core, self.settings, self.clock = core, settings, clock
        self._stopping = threading.Event()
        self._wake = threading.Condition()
        self._running: set[_Running] = set()
        self._model: Model | None = None
        self._state = ModelState("opening", "opening the model")
        self._threads: list[threading.Thread] = []

    # --- for the service ------------------------------------------------------------------------------------

    @property
    def model_state(self) -> ModelState:
        return self._state

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def start(self) -> None:
        names = ["opener", "pulse", *(f"worker-{i}" for i in range(self.settings.workers))]
        bodies = {"opener": self._open, "pulse": self._pulse}
        for name in names:
            # Daemons: a download or a step that doesn't end must not keep the process from ending.
            thread = threading.Thread(target=bodies.get(name, self._work), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def begin_stop(self) -> None:
        """Ask running jobs to stop at their next check, and wake everybody who waits."""
        self._stopping.set()
        with self._wake:
            self._wake.notify_all()
        self.bell.ring()

    def stop(self) -> None:
        """Stop, wait at most grace_seconds, and put back into the queue what is still running."""
        self.begin_stop()
        deadline = time.monotonic() + self.settings.grace_seconds
        workers = [thread for thread in self._threads if thread.name != "opener"]
        for thread in workers:
            thread.join(max(0.0, deadline - time.monotonic()))
        for running in list(self._running):
            running.lost.set()
            self.store.release(running.claim, self.clock(), counts=False)
        if self._model is not None and not any(thread.is_alive() for thread in workers):
            self._model.close()

    def submit(self, article: Article, panel: str, options: Options) -> Job:
        """Queue a job. Raises NotReady if no model will ever open, QueueFull if too many wait."""
        state = self._state
        if state.state == "failed" and not state.retryable:
            raise NotReady(f"The model can't be opened: {state.detail}", "Tell whoever runs this service.")
        job = self.store.add(article, panel, options, self.clock(), self.settings.max_queue)
        with self._wake:
            self._wake.notify()
        return job

    def cancel(self, job_id: str) -> bool:
        return self._dropped(job_id, self.store.cancel(job_id, self.clock()))

    def delete(self, job_id: str) -> bool:
        """Delete a job with its brief, and stop the work on it."""
        return self._dropped(job_id, self.store.delete(job_id))

    def _dropped(self, job_id: str, changed: bool) -> bool:
        if changed:
            for running in list(self._running):
                if running.claim.job.id == job_id:
                    running.lost.set()
            self.bell.ring()
        return changed

    # --- threads --------------------------------------------------------------------------------------------

    def _open(self) -> None:
        spec = self.settings.model
        while not self._stopping.is_set():
            try:
                self._model = self.core.open_model(spec, self._loading)
                self._state = ModelState("open", self._model.info.name)
                with self._wake:
                    self._wake.notify_all()
                return
            except BriefError as error:
                log.error("the model %s can't be opened: %s", spec, error)
                self._state = ModelState("failed", str(error), error.retryable)
                if not error.retryable:
                    return
            except Exception:
                log.exception("the model %s can't be opened", spec)
                self._state = ModelState("failed", str(Unforeseen()), retryable=False)
                return
            self._stopping.wait(REOPEN_SECONDS)

    def _loading(self, stage: str, done: int, total: int) -> None:
        label = LOADING.get(stage, stage)
        share = f", {100 * done // total}%" if total > 0 and done else ""
        self._state = ModelState("opening", label + share)

    def _work(self) -> None:
        while not self._stopping.is_set():
            claim = None
            try:
                if self._model is not None:
                    claim = self.store.claim(self.clock(), self.settings.lease_seconds, self.settings.max_attempts)
                if claim is not None:
                    self._run(claim, self._model)  # type: ignore[arg-type]
                    self.bell.ring()
                    continue
            except sqlite3.Error:
                # A full or locked disk: the lease brings the job back once the database can be written again.
                log.exception("the database can't be used")
            with self._wake:
                if not self._stopping.is_set():
                    self._wake.wait(POLL_SECONDS)

    def _run(self, claim: Claim, model: Model) -> None:
        running = _Running(claim)
        self._running.add(running)
        self.bell.ring()
        job = claim.job
        try:
            panel = self.core.panels.get(job.panel)
            if panel is None:
                raise NotReady(f"The panel {job.panel!r} is not configured any more.", "Send the article again.")
            brief = self.core.write(
                claim.article,
                panel,
                model,
                options=job.options,
                watch=lambda progress: self._note(running, progress),
                stop=lambda: self._stopping.is_set() or running.lost.is_set(),
                past=lambda article: self.store.older(article, job.owner),
            )
            self.store.finish(claim, self.core.to_dict(brief), self.clock())
        except Cancelled:
            if self._stopping.is_set():
                self.store.release(claim, self.clock(), counts=False)
            elif not running.lost.is_set():
                self.store.cancel(job.id, self.clock())
        except BriefError as error:
            self._failed(claim, error)
        except sqlite3.Error:
            raise
        except Exception:
            log.exception("job %s failed", job.id)
            self._failed(claim, Unforeseen())
        finally:
            self._running.discard(running)

    def _failed(self, claim: Claim, error: BriefError) -> None:
        job, now = claim.job, self.clock()
        if error.retryable and job.tries < self.settings.max_attempts:
            log.warning("job %s is tried again: %s", job.id, error)
            self.store.release(claim, now + RETRY_SECONDS * job.tries, counts=True)
        else:
            log.warning("job %s failed: %s", job.id, error)
            self.store.fail(claim, problem(error, f"/v1/briefs/{job.id}"), now)

    def _note(self, running: _Running, progress: Progress) -> None:
        now = self.clock()
        if now - running.noted < PROGRESS_SECONDS and progress.done < progress.total:
            return
        running.noted = now
        if self.store.beat(running.claim, now + self.settings.lease_seconds, progress):
            self.bell.ring()
        else:
            running.lost.set()

    def _pulse(self) -> None:
        next_purge = 0.0
        while not self._stopping.is_set():
            try:
                now = self.clock()
                for running in list(self._running):
                    if not self.store.beat(running.claim, now + self.settings.lease_seconds):
                        running.lost.set()
                if self.settings.keep_days and now >= next_purge:
                    self.store.purge(now - self.settings.keep_days * 86_400)
                    next_purge = now + 3_600
            except sqlite3.Error:
                log.exception("the database can't be used")
            self._stopping.wait(self.settings.lease_seconds / 3)
