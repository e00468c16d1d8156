"""A checkpoint on this machine as a `protocol.Model`: directory in, texts and probabilities out.

Texts become token ids here (`chat.py`), ids become ids in the engine, and back. Sessions of several threads
are decoded together. Opening this module imports torch; import it only where a local model is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import torch
from torch import Tensor

from summarizer.errors import BadRequest, ContextTooSmall
from summarizer.models import texts
from summarizer.models.chat import ChatFormat
from summarizer.models.cores import physical_cores
from summarizer.models.engine import Engine
from summarizer.models.load import config_tokens, default_kv_bytes, open_network, torch_threads
from summarizer.models.probe import Probe, read_probe
from summarizer.models.protocol import Completion, ModelInfo, Prefix, Row, Usage
from summarizer.models.rows import PrefixState, RowState, Score, Write
from summarizer.models.scheduler import Limits, Scheduler
from summarizer.models.trie import ChoiceTree, Walk
from summarizer.types import Stop


def _never() -> bool:
    return False


def _ignore(_index: int, _completion: Completion) -> None:
    return None


class LocalModel:
    """Opens a checkpoint in Hugging Face layout.

    `device` "cpu", "cuda", "cuda:N"; `dtype` "int8", "float32", "bfloat16"; `threads` for products on the
    CPU; `adapter` a LoRA directory, merged at load. `max_rows` texts are decoded at once, of all sessions
    together; `kv_bytes` bounds what keys and values take (a lone request may exceed it). `context_tokens`
    narrows the checkpoint's own context window. The defaults suit the machine."""

    def __init__(
        self,
        directory: Path | str,
        *,
        spec: str = "",
        name: str = "",
        device: str | None = None,
        dtype: str | None = None,
        threads: int | None = None,
        adapter: Path | str | None = None,
        prepared: Path | None = None,
        max_rows: int = 64,
        kv_bytes: int | None = None,
        context_tokens: int | None = None,
    ) -> None:
        _check_numbers(threads=threads, max_rows=max_rows, kv_bytes=kv_bytes, context_tokens=context_tokens)
        directory = Path(directory)
        started = time.perf_counter()
        self._probe = None if adapter is None else read_probe(Path(adapter))
        threads = threads or physical_cores()

        def open_tokenizer() -> None:
            self._chat = ChatFormat(directory, config_tokens(directory))

        with torch_threads(threads):
            network, where, kind = open_network(
                directory,
                device=device,
                dtype=dtype,
                adapter=None if adapter is None else Path(adapter),
                prepared=prepared,
                meanwhile=open_tokenizer,
            )
        self.engine_path = network.path
        self._info = ModelInfo(
            spec=spec or f"hf:{directory}",
            name=name or directory.name,
            context_tokens=min(network.context, context_tokens or network.context),
            adapter="" if adapter is None else Path(adapter).name,
            device=where,
            dtype=kind,
        )
        tokens = (kv_bytes or default_kv_bytes(directory, where)) // network.kv_bytes
        # Rows get the larger part: a brief has many of them, each with evidence of its own.
        limits = Limits(rows=max_rows, prefix_tokens=tokens * 3 // 10, row_tokens=tokens * 7 // 10)
        self._scheduler = Scheduler(Engine(network, threads if where == "cpu" else None), limits)
        self.load_seconds = time.perf_counter() - started

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count_tokens(self, text: str) -> int:
        return len(self._chat.content(text))

    @contextmanager
    def read(self, prefix: Prefix, *, stop: Stop = _never) -> Iterator[LocalSession]:
        started = time.perf_counter()
        ids = self._chat.prefix(prefix)
        if len(ids) >= self._info.context_tokens:
            raise ContextTooSmall(
                f"The article takes {len(ids)} tokens; {self._info.name} holds {self._info.context_tokens}.",
                "Shorten the article, or use a model with a longer context.",
            )
        state = self._scheduler.read(ids, stop, len(self._chat.common(prefix.system)))
        session = LocalSession(self._info, self._chat, self._scheduler, state, bool(prefix.system), self._probe)
        session.seconds["read"] = time.perf_counter() - started
        try:
            yield session
        finally:
            self._scheduler.release(state)

    def close(self) -> None:
        self._scheduler.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class LocalSession:
    """See `protocol.Session`. `seconds` says where the time went: "read", "write", "rate", "probe", "likelihood"."""

    def __init__(
        self,
        info: ModelInfo,
        chat: ChatFormat,
        scheduler: Scheduler,
        prefix: PrefixState,
        with_system: bool,
        probe: Probe | None,
    ) -> None:
        self._info, self._chat, self._scheduler = info, chat, scheduler
        self._prefix, self._with_system, self._probe = prefix, with_system, probe
        self._prompt, self._written = len(prefix.ids), 0
        self.seconds: dict[str, float] = {}

    @property
    def usage(self) -> Usage:
        return Usage(self._prompt, self._written)

    def write(
        self,
        rows: Sequence[Row],
        *,
        stop: Stop = _never,
        on_done: Callable[[int, Completion], None] = _ignore,
        on_sentence: Callable[[int, str], None] | None = None,
    ) -> list[Completion]:
        """As the protocol says; `on_sentence(i, text)` gets each sentence as it is finished."""
        started = time.perf_counter()
        jobs, openings = [], []
        for row in rows:
            _check_row(row)
            suffix = self._chat.suffix(row.instruction, row.opening, self._with_system)
            self._check_room(len(suffix) + row.max_tokens)
            openings.append(self._chat.content(row.opening) if row.opening else [])
            jobs.append(
                Write(
                    suffix=tuple(suffix),
                    max_tokens=row.max_tokens,
                    sampling=row.sampling,
                    end=self._chat.end_ids,
                    halt=texts.halt_at(row.stop, self._chat.decode) if row.stop else None,
                )
            )
        self._prompt += sum(len(suffix) for suffix in {job.suffix for job in jobs})
        completions: dict[int, Completion] = {}
        streams = [texts.SentenceStream() for _ in rows]

        def ended(i: int, state: RowState) -> None:
            completions[i] = texts.completion(state, rows[i].stop, openings[i], self._chat.decode)
            self._written += completions[i].tokens
            on_done(i, completions[i])

        def token(i: int, state: RowState) -> None:
            assert on_sentence is not None
            text = texts.answer(state, rows[i].stop, openings[i], self._chat.decode)
            for sentence in streams[i].push(text, final=state.finish is not None):
                on_sentence(i, sentence)

        self._scheduler.run(self._prefix, jobs, stop, ended, None if on_sentence is None else token)
        self._spent("write", started)
        return [completions[i] for i in range(len(rows))]

    def rate(self, instructions: Sequence[str], choices: Sequence[str]) -> list[list[float]]:
        if not choices or "" in choices or len(set(choices)) != len(choices):
            raise BadRequest("The choices to rate must be different and not empty.")
        return self.rate_with_states(instructions, choices)[0]

    def rate_with_states(
        self, instructions: Sequence[str], choices: Sequence[str]
    ) -> tuple[list[list[float]], Tensor | None]:
        """What `rate` tells, and the model's states [instructions, hidden] where its answers would begin; None on the
        general path."""
        started = time.perf_counter()
        tree = ChoiceTree([tuple(self._chat.content(choice)) for choice in choices])
        asked = self._asked(instructions, tree.walks)
        self._spent("rate", started)
        return [tree.probabilities([state.scores for state in states]) for states in asked], _states(asked)

    def probe(self, instructions: Sequence[str]) -> list[float] | None:
        if self._probe is None:
            return None
        started = time.perf_counter()
        states = _states(self._asked(instructions, [((), [(0, ())])]))
        self._spent("probe", started)
        return None if states is None else self._probe(states)

    def _asked(self, instructions: Sequence[str], walks: Sequence[Walk]) -> list[list[RowState]]:
        """For each instruction the rows of the walks behind it (see `ChoiceTree`), with states."""
        jobs: list[Write | Score] = []
        for instruction in instructions:
            suffix = tuple(self._chat.suffix(instruction, "", self._with_system))
            for path, asks in walks:
                asked = tuple((len(suffix) - 1 + depth, tokens) for depth, tokens in asks)
                jobs.append(Score((*suffix, *path), asked, states=True))
                self._check_room(len(suffix) + len(path))
        rows = self._scheduler.run(self._prefix, jobs, _never)
        self._prompt += sum(len(row.beginning) for row in rows)
        return [rows[at : at + len(walks)] for at in range(0, len(rows), len(walks))]

    def likelihood(self, rows: Sequence[tuple[str, str]]) -> list[float | None]:
        started = time.perf_counter()
        jobs: list[Write | Score] = []
        places: list[int | None] = []
        for instruction, answer in rows:
            target = self._chat.content(answer)
            if not target:
                places.append(None)
                continue
            suffix = self._chat.suffix(instruction, "", self._with_system)
            self._check_room(len(suffix) + len(target))
            places.append(len(jobs))
            ask = tuple((len(suffix) - 1 + i, (token,)) for i, token in enumerate(target))
            jobs.append(Score((*suffix, *target[:-1]), ask))
        states = self._scheduler.run(self._prefix, jobs, _never)
        self._prompt += sum(len(job.ids) for job in jobs if isinstance(job, Score))
        self._spent("likelihood", started)
        return [None if place is None else _mean([line[0] for line in states[place].scores]) for place in places]

    def _check_room(self, tokens: int) -> None:
        have, limit = len(self._prefix.ids), self._info.context_tokens
        if have + tokens > limit:
            raise ContextTooSmall(
                f"The article takes {have} tokens and a section {tokens}; {self._info.name} holds {limit}.",
                "Shorten the article, ask for less text, or use a model with a longer context.",
            )

    def _spent(self, stage: str, started: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - started


def _states(asked: Sequence[Sequence[RowState]]) -> Tensor | None:
    """The states behind the prompts: the first place that the first walk of each asks for."""
    firsts = [rows[0].states for rows in asked]
    if not firsts or any(states is None for states in firsts):
        return None
    return torch.stack([states[0] for states in firsts])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _check_numbers(**settings: int | None) -> None:
    for name, value in settings.items():
        if value is not None and value < 1:
            raise BadRequest(f"{name} must be at least 1, not {value}.")


def _check_row(row: Row) -> None:
    s = row.sampling
    wrong: Mapping[str, bool] = {
        "max_tokens must be at least 1": row.max_tokens < 1,
        "stop must not hold an empty text": "" in row.stop,
        "temperature must not be negative": not s.temperature >= 0,
        "top_p must be above 0 and at most 1": not 0 < s.top_p <= 1,
        "repetition_penalty must be above 0": not s.repetition_penalty > 0,
    }
    for problem, is_so in wrong.items():
        if is_so:
            raise BadRequest(f"A row makes no sense: {problem}.")
