"""Who decodes when: one worker thread owns the engine; requests of any thread go in, finished rows come out.

Prefixes and rows are admitted in the order of their arrival while there is room for them, join the running
batch at its next step and leave it as they end. What doesn't fit waits; only rows that are already running
hold memory that rows wait for, and they end, so nothing waits for ever. A lone request always fits. Knows no
tokenizer."""

from __future__ import annotations

import queue
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from summarizer.errors import BriefError, Cancelled, ModelError
from summarizer.models.engine import Engine
from summarizer.models.rows import PrefixState, RowState, Score, Write
from summarizer.types import Stop

_POLL = 0.02  # seconds between two looks at a caller's stop()


@dataclass(frozen=True, slots=True)
class Limits:
    """Rows decoded at once, tokens of all prefixes that are held, tokens of all rows' own parts."""

    rows: int
    prefix_tokens: int
    row_tokens: int


@dataclass(slots=True, eq=False)
class _Ticket:
    """One call. `events` carries rows (after a token, and when they end), the prefix, or an error."""

    events: queue.SimpleQueue[RowState | PrefixState | BaseException] = field(default_factory=queue.SimpleQueue)
    ids: tuple[int, ...] = ()
    common: int = 0
    prefix: PrefixState | None = None
    waiting: deque[RowState] = field(default_factory=deque)
    running: list[RowState] = field(default_factory=list)
    every_token: bool = False


class Scheduler:
    """The callers' side. Every method may be called from any thread."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._worker = _Worker(engine, limits)
        self._thread = threading.Thread(target=self._worker.loop, name="decode", daemon=True)
        self._thread.start()
        # Ends the thread when this object is forgotten, and before the interpreter goes away under it.
        self._end = weakref.finalize(self, _stop_worker, self._worker.inbox, self._thread)

    def read(self, ids: Sequence[int], stop: Stop, common: int = 0) -> PrefixState:
        """Waits for room, reads the prefix, returns it. `release` gives it back. Its first `common` tokens are kept for
        the next one."""
        ticket = _Ticket(ids=tuple(ids), common=common)
        self._post(lambda: self._worker.reads.append(ticket))
        for event in self._events(ticket, stop):
            assert isinstance(event, PrefixState)
            return event
        raise AssertionError("the queue never ends")

    def run(
        self,
        prefix: PrefixState,
        jobs: Sequence[Write | Score],
        stop: Stop,
        on_end: Callable[[int, RowState], None] | None = None,
        on_token: Callable[[int, RowState], None] | None = None,
    ) -> list[RowState]:
        """Does the jobs. `on_end(i, row)` and `on_token(i, row)` are called in this thread."""
        rows = [RowState(job, prefix) for job in jobs]
        if not rows:
            return rows
        ticket = _Ticket(prefix=prefix, waiting=deque(rows), every_token=on_token is not None)
        number = {id(row): i for i, row in enumerate(rows)}
        ended: set[int] = set()
        self._post(lambda: self._worker.writes.append(ticket))
        try:
            for event in self._events(ticket, stop):
                assert isinstance(event, RowState)
                i = number[id(event)]
                if on_token is not None:
                    on_token(i, event)
                if event.finish is not None and i not in ended:
                    ended.add(i)
                    if on_end is not None:
                        on_end(i, event)
                if len(ended) == len(rows):
                    break
        except BaseException:
            self._post(lambda: self._worker.cancel(ticket))
            raise
        return rows

    def release(self, prefix: PrefixState) -> None:
        self._post(lambda: self._worker.release(prefix), quiet=True)

    def close(self) -> None:
        """Ends what is running with an error, and the thread."""
        self._end()

    def _events(self, ticket: _Ticket, stop: Stop) -> Events:
        return Events(self, ticket, stop)

    def _post(self, command: Callable[[], None], quiet: bool = False) -> None:
        if self._end.alive:
            self._worker.inbox.put(command)
        elif not quiet:
            _closed()


class Events:
    """What the worker tells, one by one; looks at `stop()` in between."""

    def __init__(self, scheduler: Scheduler, ticket: _Ticket, stop: Stop) -> None:
        self._scheduler, self._ticket, self._stop = scheduler, ticket, stop

    def __iter__(self) -> Events:
        return self

    def __next__(self) -> RowState | PrefixState:
        while True:
            if self._stop():
                self._scheduler._post(lambda: self._scheduler._worker.cancel(self._ticket), quiet=True)
                raise Cancelled("The work was stopped before it was done.")
            try:
                event = self._ticket.events.get(timeout=_POLL)
            except queue.Empty:
                if not self._scheduler._thread.is_alive():
                    _closed()
                continue
            if isinstance(event, BriefError):
                raise type(event)(event.message, event.hint)
            if isinstance(event, BaseException):
                raise ModelError(f"The engine failed: {event}", "Try again; a smaller request may fit.") from event
            return event


class _Worker:
    """The thread's side. Its methods run in the worker thread only, as commands out of `inbox`."""

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self.engine, self.limits = engine, limits
        self.inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.reads: deque[_Ticket] = deque()  # waiting for room for their prefix
        self.writes: deque[_Ticket] = deque()  # with rows that wait for room
        self.reading: list[_Ticket] = []
        self.writing: list[_Ticket] = []
        self.held: list[PrefixState] = []
        self.rows = 0
        self.longest = 0  # tokens of the longest own part since the batch was last empty

    def loop(self) -> None:
        while self._obey():
            try:
                self.admit()
                self.engine.step()
                self.report()
            except Exception as problem:
                self.fail(problem)
        self.fail(ModelError("The model was closed while it was at work."))

    def _obey(self) -> bool:
        """Carries out commands; waits for one where nothing can go on without. False when it is time to end."""
        # With no row running, rows that wait can join at once; prefixes wait for a release.
        wait = not self.engine.busy and not self.writes
        while True:
            try:
                command = self.inbox.get(block=wait)
            except queue.Empty:
                return True
            if command is None:
                return False
            command()
            wait = False

    def admit(self) -> None:
        """First come, first served, in two queues: prefixes wait for prefixes, rows for rows."""
        while self.reads:
            ticket = self.reads[0]
            taken = sum(len(prefix.ids) for prefix in self.held)
            if self.held and taken + len(ticket.ids) > self.limits.prefix_tokens:
                break
            ticket.prefix = self.engine.add_prefix(ticket.ids, ticket.common)
            self.held.append(ticket.prefix)
            self.reading.append(self.reads.popleft())
        while self.writes:
            ticket = self.writes[0]
            joining: list[RowState] = []
            while ticket.waiting and self._fits(ticket.waiting[0]):
                row = ticket.waiting.popleft()
                row.on_token = self._teller(ticket)
                joining.append(row)
            if joining:
                ticket.running += joining
                self.engine.add_rows(joining)
                if ticket not in self.writing:
                    self.writing.append(ticket)
            if ticket.waiting:
                break
            self.writes.popleft()

    def _fits(self, row: RowState) -> bool:
        """Counts the row in, if there is room for it. Scores keep nothing and always fit."""
        if isinstance(row.job, Score):
            return True
        shared = len(row.prefix.ids) if self.engine.network.copies_prefix else 0
        longest = max(self.longest, shared + len(row.job.suffix) + row.job.max_tokens)
        too_many = self.rows >= self.limits.rows or (self.rows + 1) * longest > self.limits.row_tokens
        if self.rows and too_many:
            return False
        self.rows += 1
        self.longest = longest
        return True

    def _teller(self, ticket: _Ticket) -> Callable[[RowState], None]:
        def tell(row: RowState) -> None:
            if row.finish is not None:
                self._forget([row])
                ticket.running.remove(row)
            if row.finish is not None or ticket.every_token:
                ticket.events.put(row)

        return tell

    def _forget(self, rows: Sequence[RowState]) -> None:
        self.rows -= sum(isinstance(row.job, Write) for row in rows)
        if self.rows == 0:
            self.longest = 0

    def report(self) -> None:
        for ticket in [ticket for ticket in self.reading if ticket.prefix is not None and ticket.prefix.ready]:
            self.reading.remove(ticket)
            assert ticket.prefix is not None
            ticket.events.put(ticket.prefix)
        self.writing = [ticket for ticket in self.writing if ticket.running or ticket.waiting]

    def cancel(self, ticket: _Ticket) -> None:
        """Rows leave before the next step; a prefix that nobody got is dropped."""
        if ticket in self.reads:
            self.reads.remove(ticket)
        if ticket in self.writes:
            self.writes.remove(ticket)
        if ticket.running:
            self.engine.drop_rows(ticket.running)
            self._forget(ticket.running)
        ticket.running, ticket.waiting = [], deque()
        if ticket.ids and ticket.prefix is not None:
            if ticket in self.reading:
                self.reading.remove(ticket)
            self.release(ticket.prefix)

    def release(self, prefix: PrefixState) -> None:
        if prefix in self.held:
            self.held.remove(prefix)
            self.engine.drop_prefix(prefix)

    def fail(self, problem: BaseException) -> None:
        """Everybody who waits gets the error; the next request starts afresh."""
        tickets = {id(t): t for t in (*self.reads, *self.writes, *self.reading, *self.writing)}
        for ticket in tickets.values():
            ticket.events.put(problem)
            self.cancel(ticket)


def _stop_worker(inbox: queue.SimpleQueue[Callable[[], None] | None], thread: threading.Thread) -> None:
    inbox.put(None)
    if thread is not threading.current_thread():
        thread.join(timeout=30)


def _closed() -> NoReturn:
    raise ModelError("The model is closed.", "Open it again.")
