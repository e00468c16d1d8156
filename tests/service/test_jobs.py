"""Workers: stop, resume, and the death of a whole process."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from service.jobs import Jobs
from service.store import Store
from summarizer import Article, Options, RemoteError
from tests.service.fakes import WORDS, FakeModel, Writer, core, serving, settings, until

ROOT = Path(__file__).parents[2]
ARTICLE = Article(WORDS, title="A story")


def test_a_graceful_stop_puts_running_jobs_back_and_the_next_start_finishes_them(tmp_path: Path) -> None:
    gate = threading.Event()
    with serving(settings(tmp_path, workers=2), core(Writer(gate=gate))) as client:
        ids = [client.post("/v1/briefs", json={"text": WORDS}).json()["id"] for _ in range(4)]
        until(lambda: len(client.get("/v1/briefs?status=running").json()["briefs"]) == 2)
    store = Store(settings(tmp_path).database_path)
    assert store.counts() == {"queued": 4}
    assert {job.tries for job in store.page(9)} == {0}
    store.close()
    with serving(settings(tmp_path), core()) as client:
        for job in ids:
            until(lambda job=job: client.get(f"/v1/briefs/{job}").json()["status"] == "done")


def test_a_writer_that_heeds_no_stop_is_left_behind_and_cannot_write(tmp_path: Path) -> None:
    release = threading.Event()
    held = Writer()

    def deaf(*args: object, **options: object) -> object:
        release.wait()
        return held(*args, **{**options, "stop": lambda: False, "watch": lambda progress: None})  # type: ignore[arg-type]

    chosen = settings(tmp_path, workers=1, grace_seconds=0.2)
    store = Store(chosen.database_path)
    model = FakeModel()
    jobs = Jobs(store, core(deaf, open_model=lambda spec, progress: model), chosen)
    jobs.start()
    job = jobs.submit(ARTICLE, "space", Options())
    until(lambda: store.counts() == {"running": 1})
    jobs.stop()
    assert store.counts() == {"queued": 1}
    assert not model.closed  # somebody still uses it
    release.set()
    until(lambda: held.seen)
    time.sleep(0.1)
    assert store.counts() == {"queued": 1}
    assert store.brief(job.id) is None
    store.close()


def test_the_model_is_closed_at_the_end(tmp_path: Path) -> None:
    model = FakeModel()
    with serving(settings(tmp_path), core(open_model=lambda spec, progress: model)) as client:
        until(lambda: client.get("/readyz").status_code == 200)
    assert model.closed


def test_an_error_that_may_pass_is_tried_again_until_it_does(tmp_path: Path) -> None:
    now = [1_000.0]
    writer = Writer(errors=[RemoteError("Refused."), RemoteError("Refused again.")])
    chosen = settings(tmp_path, workers=1, lease_seconds=60)
    store = Store(chosen.database_path)
    jobs = Jobs(store, core(writer), chosen, clock=lambda: now[0])
    jobs.start()
    job = jobs.submit(ARTICLE, "space", Options())

    def tries() -> int:
        found = store.get(job.id)
        assert found is not None
        return found.tries if found.status == "queued" else 0

    for attempt in (1, 2):
        until(lambda attempt=attempt: tries() == attempt)
        now[0] += 30  # without this the job isn't due
    until(lambda: store.counts() == {"done": 1})
    assert len(writer.seen) == 3
    jobs.stop()
    store.close()


def test_old_briefs_go_when_the_settings_say_so(tmp_path: Path) -> None:
    chosen = settings(tmp_path, keep_days=2)
    store = Store(chosen.database_path)
    for finished in (0.0, 86_400.0 * 9):
        store.add(ARTICLE, "space", Options(), 0, 9)
        claim = store.claim(0, 10, 3)
        assert claim is not None
        store.finish(claim, {}, finished)
    jobs = Jobs(store, core(), chosen, clock=lambda: 86_400.0 * 10)
    jobs.start()
    until(lambda: store.counts() == {"done": 1})
    jobs.stop()
    store.close()


# --- whole processes -------------------------------------------------------------------------------------


@contextmanager
def process(database: Path, log: Path, seconds: float) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A service of its own process, which notes every brief that it has written in `log`."""
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.service.process", str(database), str(log), str(seconds)],
        cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stderr is not None
    try:
        line = started.stderr.readline()
        assert line.startswith("Analyst Brief answers at http://"), line + started.stderr.read()
        with httpx.Client(base_url=line.split()[4], timeout=20, trust_env=False) as client:
            yield started, client
    finally:
        started.kill()
        started.wait()
        started.stderr.close()


def test_killed_with_work_at_hand_it_loses_nothing_and_writes_nothing_twice(tmp_path: Path) -> None:
    database, log = tmp_path / "jobs.sqlite3", tmp_path / "log"
    with process(database, log, 0.15) as (first, client):
        ids = [client.post("/v1/briefs", json={"text": WORDS, "title": f"Story {n}"}).json()["id"] for n in range(8)]
        until(lambda: len(client.get("/v1/briefs?status=done").json()["briefs"]) >= 2)
        first.send_signal(signal.SIGKILL)
        first.wait()
    db = sqlite3.connect(database)
    left = dict(db.execute("SELECT status, count(*) FROM jobs GROUP BY status"))
    done_before = {row[0] for row in db.execute("SELECT title FROM jobs WHERE status = 'done'")}
    db.close()
    assert left.get("done", 0) >= 2
    assert left.get("running", 0) + left.get("queued", 0) >= 1
    log.unlink()
    with process(database, log, 0.01) as (_, client):
        until(lambda: len(client.get("/v1/briefs?status=done").json()["briefs"]) == len(ids))
        for n, job in enumerate(ids):
            assert client.get(f"/v1/briefs/{job}").json()["article"]["title"] == f"Story {n}"
        written = log.read_text().splitlines()
        assert sorted(written) == sorted({f"Story {n}" for n in range(8)} - done_before)


def stop_between_writes(running: subprocess.Popen[str], database: Path) -> None:
    """Stop a process, but not while it holds the database: nobody else could write then until it is woken."""
    while True:
        running.send_signal(signal.SIGSTOP)
        try:
            with closing(sqlite3.connect(database, timeout=0.5, isolation_level=None)) as db:
                db.execute("BEGIN IMMEDIATE")
                db.execute("ROLLBACK")
                return
        except sqlite3.OperationalError:
            running.send_signal(signal.SIGCONT)
            time.sleep(0.05)


def test_a_process_that_was_asleep_cannot_overwrite_what_another_has_done(tmp_path: Path) -> None:
    database = tmp_path / "jobs.sqlite3"
    with process(database, tmp_path / "a", 0.5) as (asleep, client):
        job = client.post("/v1/briefs", json={"text": WORDS}).json()["id"]
        until(lambda: client.get(f"/v1/briefs/{job}").json()["status"] == "running")
        stop_between_writes(asleep, database)
        with process(database, tmp_path / "b", 0.01) as (_, other):
            until(lambda: other.get(f"/v1/briefs/{job}").json()["status"] == "done")
            done = other.get(f"/v1/briefs/{job}")
            asleep.send_signal(signal.SIGCONT)
            until(lambda: client.get("/livez").status_code == 200)
            time.sleep(1.2)
            assert other.get(f"/v1/briefs/{job}").headers["etag"] == done.headers["etag"]
            assert client.get("/v1/briefs").json()["briefs"][0]["finished_at"] == done.json()["finished_at"]


def test_a_signal_ends_it_quietly_and_lets_nobody_wait(tmp_path: Path) -> None:
    with process(tmp_path / "jobs.sqlite3", tmp_path / "log", 30) as (running, client):
        answers: list[httpx.Response] = []
        waiting = threading.Thread(
            target=lambda: answers.append(
                client.post("/v1/briefs", json={"text": WORDS}, headers={"Prefer": "wait=60"})
            )
        )
        waiting.start()
        with httpx.Client(base_url=client.base_url, trust_env=False) as second:
            until(lambda: second.get("/v1/briefs?status=running").json()["briefs"])
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        waiting.join(10)
        assert answers[0].status_code == 202
        assert running.wait(15) == 0
        assert time.monotonic() - began < 14
        assert running.stderr is not None
        assert "Traceback" not in running.stderr.read()


def test_a_busy_port_is_one_clear_error(tmp_path: Path) -> None:
    import socket

    from service import create_app, serve
    from summarizer import BadRequest

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        app = create_app(settings(tmp_path), core())
        with pytest.raises(BadRequest, match=f"Port {port} on 127.0.0.1 can't be used"):
            serve(app, "127.0.0.1", port)
        with pytest.raises(BadRequest, match="can't be listened on"):
            serve(app, "no.such.host.invalid", 0)
        app.state.jobs.store.close()


def test_a_brief_is_compared_with_what_was_briefed_before_until_that_is_deleted(tmp_path: Path) -> None:
    writer = Writer()
    with serving(settings(tmp_path), core(writer)) as client:

        def brief(title: str, published: str) -> str:
            document = {"title": title, "published": published, "body": WORDS}
            answer = client.post("/v1/briefs", json={"article": document}, headers={"Prefer": "wait=30"})
            assert answer.status_code == 201
            return str(answer.json()["id"])

        first = brief("The harbour is dredged", "2020-01-02")
        brief("The harbour is closed", "2021-01-02")
        assert client.delete(f"/v1/briefs/{first}").status_code == 204
        brief("The harbour is sold", "2022-01-02")
    assert writer.past == [[], ["The harbour is dredged"], ["The harbour is closed"]]
