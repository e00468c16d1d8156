"""The engines of `engine.py`, one a process: work as JSON on standard input, seconds as JSON on standard output.

Needs nothing of the package for engines other than ours, so it runs in any environment that holds the engine.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Runs = list[dict[str, float]]
Work = dict[str, Any]


def main() -> None:
    work: Work = json.load(sys.stdin)
    name = work["engine"]
    try:
        answer = next(run for start, run in WORKERS.items() if name == start)(work)
    except ImportError as missing:
        answer = {"skipped": f"not installed here ({missing.name})"}
    if "skipped" not in answer:
        answer["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(answer))


def clock() -> float:
    return time.perf_counter()


# --- ours ---


def ours(work: Work) -> dict[str, Any]:
    torch, engine = _open_ours(work)
    from summarizer.models.rows import Write

    one_by_one = work["engine"].endswith("one after another")
    runs: Runs = []
    for ids in work["prefixes"]:
        start = clock()
        prefix = engine.prefill(ids)
        read = clock()
        jobs = [Write(tuple(suffix), work["tokens"]) for suffix in work["suffixes"]]
        for batch in [[job] for job in jobs] if one_by_one else [jobs]:
            engine.run(prefix, batch)
        end = clock()
        engine.drop_prefix(prefix)
        runs.append({"read": read - start, "write": end - read, "whole": end - start})
    return {"version": f"torch {torch.__version__}, {work['kind']}", "rows": {"": runs}}


def sixteen(work: Work) -> dict[str, Any]:
    """One after another, then all together through the scheduler, each from a thread of its own."""
    torch, engine = _open_ours(work)
    from concurrent.futures import ThreadPoolExecutor

    from summarizer.models.rows import Write
    from summarizer.models.scheduler import Limits, Scheduler

    scheduler = Scheduler(engine, Limits(64, 1 << 20, 1 << 20))
    jobs = [Write(tuple(suffix), work["tokens"]) for suffix in work["suffixes"]]

    def brief(ids: list[int]) -> None:
        prefix = scheduler.read(ids, lambda: False)
        scheduler.run(prefix, jobs, lambda: False)
        scheduler.release(prefix)

    rows = {}
    for label, workers in (("one after another", 1), ("together", 16)):
        start = clock()
        with ThreadPoolExecutor(workers) as pool:
            list(pool.map(brief, work["prefixes"]))
        rows[label] = [{"whole": clock() - start}]
    scheduler.close()
    return {"version": torch.__version__, "rows": rows}


def _open_ours(work: Work) -> tuple[Any, Any]:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import torch

    from summarizer.models.engine import Engine
    from summarizer.models.load import open_network
    from summarizer.models.weights import cache_directory

    torch.set_num_threads(work["threads"])
    prepared = cache_directory() / "prepared"  # as the model is opened in use
    network, _, work["kind"] = open_network(Path(work["directory"]), dtype=work["dtype"], prepared=prepared)
    return torch, Engine(network, work["threads"])


# --- transformers ---


def transformers_generate(work: Work) -> dict[str, Any]:
    """Its own `generate`, in float32 (bfloat16 where the processor has it), all rows as one padded batch or one
    after another."""
    import torch
    import transformers

    torch.set_num_threads(work["threads"])
    flags = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    dtype = torch.bfloat16 if "avx512_bf16" in flags or "amx_bf16" in flags else torch.float32
    model = transformers.AutoModelForCausalLM.from_pretrained(work["directory"], dtype=dtype).eval()
    one_by_one = work["engine"].endswith("one after another")
    runs: Runs = []
    for prefix in work["prefixes"]:
        wholes = [prefix + suffix for suffix in work["suffixes"]]
        start = clock()
        for batch in [[whole] for whole in wholes] if one_by_one else [wholes]:
            longest = max(map(len, batch))
            padded = [[0] * (longest - len(ids)) + ids for ids in batch]
            mask = [[0] * (longest - len(ids)) + [1] * len(ids) for ids in batch]
            model.generate(
                torch.tensor(padded),
                attention_mask=torch.tensor(mask),
                max_new_tokens=work["tokens"],
                min_new_tokens=work["tokens"],
                do_sample=False,
                pad_token_id=0,
            )
        runs.append({"whole": clock() - start})
    return {"version": f"{transformers.__version__}, {str(dtype).removeprefix('torch.')}", "rows": {"": runs}}


# --- llama.cpp ---


class _Llama:
    """A context of llama.cpp with one sequence a row; keys and values of the prefix are shared, not copied."""

    def __init__(self, work: Work) -> None:
        import llama_cpp

        self.lib = llama_cpp
        llama_cpp.llama_log_set(_SILENT(llama_cpp), None)
        rows = len(work["suffixes"])
        longest = max(map(len, work["prefixes"])) + rows * (max(map(len, work["suffixes"])) + work["tokens"])
        model = llama_cpp.llama_model_load_from_file(work["gguf"].encode(), llama_cpp.llama_model_default_params())
        if not model:
            raise SystemExit("llama.cpp could not load the file")
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = longest + 64
        params.n_batch = params.n_ubatch = 512
        params.n_seq_max = rows + 1
        params.n_threads = params.n_threads_batch = work["threads"]
        params.kv_unified = True
        params.no_perf = True
        self.context = llama_cpp.llama_init_from_model(model, params)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
        self.memory = llama_cpp.llama_get_memory(self.context)
        self.batch = llama_cpp.llama_batch_init(512, 0, 1)

    def decode(self, tokens: list[tuple[int, int, int, bool]]) -> Iterator[int]:
        """(token, position, sequence, wanted) a token; the greedy next tokens of those that are wanted."""
        for at in range(0, len(tokens), 512):
            part = tokens[at : at + 512]
            self.batch.n_tokens = len(part)
            for i, (token, position, sequence, wanted) in enumerate(part):
                self.batch.token[i], self.batch.pos[i], self.batch.logits[i] = token, position, wanted
                self.batch.n_seq_id[i] = 1
                self.batch.seq_id[i][0] = sequence
            if self.lib.llama_decode(self.context, self.batch):
                raise SystemExit("llama.cpp could not decode")
            for i, (_, _, _, wanted) in enumerate(part):
                if wanted:
                    yield self._best(i)

    def _best(self, place: int) -> int:
        import numpy as np

        logits = self.lib.llama_get_logits_ith(self.context, place)
        return int(np.ctypeslib.as_array(logits, shape=(self.vocabulary,)).argmax())

    def read(self, ids: list[int]) -> None:
        self.lib.llama_memory_clear(self.memory, True)
        list(self.decode([(token, place, 0, False) for place, token in enumerate(ids)]))

    def write(self, start: int, suffixes: list[list[int]], count: int) -> None:
        for row in range(1, len(suffixes) + 1):
            self.lib.llama_memory_seq_cp(self.memory, 0, row, -1, -1)
        pack = [
            (token, start + place, row, place == len(suffix) - 1)
            for row, suffix in enumerate(suffixes, 1)
            for place, token in enumerate(suffix)
        ]
        last = list(self.decode(pack))
        for step in range(count - 1):
            pack = [(token, start + len(suffixes[i]) + step, i + 1, True) for i, token in enumerate(last)]
            last = list(self.decode(pack))
        for row in range(1, len(suffixes) + 1):
            self.lib.llama_memory_seq_rm(self.memory, row, -1, -1)


def _SILENT(lib: Any) -> Any:
    global _keep  # the callback must outlive the call
    _keep = lib.llama_log_callback(lambda level, text, data: None)
    return _keep


def llama(work: Work) -> dict[str, Any]:
    if not work["gguf"]:
        return {"skipped": "no GGUF file given"}
    runner = _Llama(work)
    one_by_one = work["engine"].endswith("one after another")
    runs: Runs = []
    for ids in work["prefixes"]:
        start = clock()
        runner.read(ids)
        read = clock()
        suffixes = work["suffixes"]
        for batch in [[suffix] for suffix in suffixes] if one_by_one else [suffixes]:
            runner.write(len(ids), batch, work["tokens"])
        end = clock()
        runs.append({"read": read - start, "write": end - read, "whole": end - start})
    return {"version": f"llama-cpp-python {runner.lib.__version__}, {Path(work['gguf']).name}", "rows": {"": runs}}


# --- OpenVINO ---


def openvino(work: Work) -> dict[str, Any]:
    """Continuous batching with prefix caching: all rows at once, first with an unknown article, then again."""
    import openvino_genai

    if not work["gguf"]:
        return {"skipped": "no GGUF file given"}
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.enable_prefix_caching = True
    scheduler.cache_size = 2
    scheduler.max_num_seqs = len(work["suffixes"])
    pipe = openvino_genai.LLMPipeline(
        work["gguf"], "CPU", scheduler_config=scheduler, INFERENCE_NUM_THREADS=work["threads"]
    )
    config = openvino_genai.GenerationConfig()
    config.max_new_tokens = work["tokens"]
    config.ignore_eos = True
    config.do_sample = False
    config.apply_chat_template = False
    rows: dict[str, Runs] = {", cold": [], ", article cached": []}
    for texts in work["texts"]:
        for label in rows:
            start = clock()
            pipe.generate(texts, config)
            rows[label].append({"whole": clock() - start})
    return {"version": f"genai {openvino_genai.__version__}", "rows": rows}


WORKERS: dict[str, Callable[[Work], dict[str, Any]]] = {
    "ours": ours,
    "ours, one after another": ours,
    "ours, sixteen": sixteen,
    "llama.cpp, one after another": llama,
    "llama.cpp, parallel": llama,
    "openvino": openvino,
    "transformers, batch": transformers_generate,
    "transformers, one after another": transformers_generate,
}

if __name__ == "__main__":
    main()
