"""The way of an article, from text to brief. Only this module knows the order of the stages.

Article -> segment -> Reading -> choose evidence, find records, earlier articles among them
        -> read (the model) -> score -> write -> verify -> assemble -> Brief
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from summarizer.assemble import assemble
from summarizer.background import bearing
from summarizer.config import Config
from summarizer.errors import ContextTooSmall
from summarizer.evidence import choose
from summarizer.models.protocol import Model, Prefix, Session
from summarizer.past import quoted
from summarizer.prompting import Prompts
from summarizer.render import template_version
from summarizer.score import score
from summarizer.segment import fit, segment
from summarizer.types import (
    Article,
    Brief,
    Draft,
    Options,
    Panel,
    Past,
    Progress,
    Provenance,
    Reading,
    SectionTime,
    Stop,
    Timing,
    Watch,
)
from summarizer.verify import verify
from summarizer.write import rewriter, write

DEFAULTS = Options()
QUESTIONS = 5
# Two anchors more than questions are tried, with two candidates each, since some questions fail their checks.
ANCHORS = 7
# Room for the longest instruction with its evidence, and for the answer, in tokens.
SECTION_TOKENS = 1_100
# On two cores a model of 1.5 billion parameters reads about a hundred tokens a second; beyond this length an
# article would take minutes to read, and its news is at the top.
MAX_DOCUMENT_TOKENS = 6_000
LABEL = "Written by a machine from the article and dated records; every sentence was checked against its sources."
# https://cv.iptc.org/newscodes/digitalsourcetype/
DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def write_brief(
    article: Article,
    panel: Panel,
    model: Model,
    *,
    config: Config,
    options: Options = DEFAULTS,
    watch: Watch = lambda progress: None,
    stop: Stop = lambda: False,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    inspect: Callable[[Draft], None] = lambda draft: None,
    past: Past = lambda article: (),
) -> Brief:
    """The brief of an article. The same article, panel, model, configuration and options give the same text.

    `inspect` is given the draft before its check: for measuring a model, never for publishing. `past` gives
    earlier articles of the newsroom that the article may be compared with (`Archive.older`).

    Raises ContextTooSmall where the model can't hold the prompts and one sentence, Cancelled soon after
    `stop()` becomes true, and whatever the model raises.
    """
    clock = _Clock()
    traits = config.traits_of(model.info.spec)
    prompts = Prompts(config.prompt_dirs)
    reading = _fitted(segment(article), model, prompts)
    records = bearing(reading, panel, config.records, quoted(reading, past(article), sentences_of))

    watch(Progress("read", 0, 1))
    with clock.measure("read"):
        opened = model.read(Prefix(prompts.system(), prompts.document(reading)), stop=stop)
        session = opened.__enter__()
    try:
        watch(Progress("read", 1, 1))
        with clock.measure("score"):
            ratings = score(session, prompts, reading, panel, traits.calibration)
        watch(Progress("score", 1, 1))
        evidence = choose(reading, panel, ANCHORS, [rating.score for rating in ratings])
        with clock.measure("write"):
            told = clock.noting(watch)
            draft = write(
                session,
                prompts,
                reading,
                panel,
                evidence,
                records,
                options,
                watch=told,
                stop=stop,
                concludes=traits.concludes,
            )
        inspect(draft)
        with clock.measure("verify"):
            verdict = verify(
                draft,
                reading,
                records,
                split=sentences_of,
                rewrite=rewriter(session, prompts, reading, options, stop),
                n_questions=QUESTIONS,
            )
        watch(Progress("verify", 1, 1))
        provenance = Provenance(
            model=model.info.name,
            adapter=model.info.adapter,
            prompts=prompts.version,
            template=template_version(),
            seed=options.seed,
            generated_at=now().isoformat(timespec="seconds"),
            label=LABEL,
            digital_source_type=DIGITAL_SOURCE_TYPE,
        )
        return assemble(reading, panel, ratings, records, verdict, provenance, clock.timing(session))
    finally:
        opened.__exit__(None, None, None)


def _fitted(reading: Reading, model: Model, prompts: Prompts) -> Reading:
    """The reading, cut at the last sentence end that leaves room for the prompts in the model's window."""
    room = min(MAX_DOCUMENT_TOKENS, model.info.context_tokens - SECTION_TOKENS - model.count_tokens(prompts.system()))
    if model.count_tokens(prompts.document(reading)) <= room:
        return reading
    # The number of tokens grows with the characters, so halving finds the longest prefix that fits.
    low, high = 0, reading.characters_used
    while high - low > 1:
        middle = (low + high) // 2
        if model.count_tokens(prompts.document(fit(reading, middle))) <= room:
            low = middle
        else:
            high = middle
    cut = fit(reading, low)
    if model.count_tokens(prompts.document(cut)) > room:
        raise ContextTooSmall(
            f"The model {model.info.name} reads {model.info.context_tokens} tokens at once, "
            "which can't hold the prompts and one sentence of this article.",
            "Choose a model with a larger context window.",
        )
    return cut


def sentences_of(text: str) -> list[str]:
    """The sentences of a written text, by the rules that hold for articles."""
    reading = segment(Article(text))
    return [reading.text_of(sentence.n) for sentence in reading.sentences]


class _Clock:
    """Seconds by stage, and by section within the writing."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._stages: dict[str, float] = {}
        self._sections: dict[str, SectionTime] = {}

    def noting(self, watch: Watch) -> Watch:
        """`watch`, which from now on also tells the clock when texts are finished."""
        began = time.perf_counter()

        def told(progress: Progress) -> None:
            before = self._sections.get(progress.section, SectionTime(0.0, 0))
            seconds = round(time.perf_counter() - began, 3)
            self._sections[progress.section] = SectionTime(seconds, before.tokens + progress.tokens)
            watch(progress)

        return told

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._stages[stage] = self._stages.get(stage, 0.0) + time.perf_counter() - began

    def timing(self, session: Session) -> Timing:
        seconds = time.perf_counter() - self._began
        usage = session.usage
        writing = self._stages.get("write", 0.0) or seconds
        return Timing(
            seconds=round(seconds, 3),
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            tokens_per_second=round(usage.completion_tokens / writing, 1) if writing else 0.0,
            stages=tuple((stage, round(spent, 3)) for stage, spent in self._stages.items()),
            sections=tuple(self._sections.items()),
        )
