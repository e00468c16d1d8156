"""The shape of the code: imports go one way, the core starts light, the README's tree is the tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import summarizer

ROOT = Path(__file__).parent.parent
STAGES = {"ingest", "segment", "evidence", "background", "past", "score", "write", "verify", "render"}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names that a module imports, wherever in its text, without those for type checking only."""
    names: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module or "")
    return names


def test_the_core_never_imports_the_service() -> None:
    for path in modules("summarizer"):
        names = imported(path)
        if path.name == "cli.py":
            names -= {"service"}  # `analyst-brief serve` starts it
        assert not any(name.split(".")[0] == "service" for name in names), path


def test_the_service_imports_the_core_through_its_front_door() -> None:
    for path in modules("service"):
        for name in imported(path):
            assert not name.startswith("summarizer."), f"{path}: {name}"
            assert name.split(".")[0] not in {"torch", "transformers"}, path


def test_stages_do_not_import_each_other() -> None:
    for stage in STAGES:
        paths = [ROOT / f"summarizer/{stage}.py", *(ROOT / f"summarizer/{stage}").rglob("*.py")]
        others = {f"summarizer.{other}" for other in STAGES - {stage}} | {"summarizer.pipeline", "summarizer.cli"}
        for path in filter(Path.exists, paths):
            assert not imported(path) & others, path


def test_models_know_only_types_errors_and_config() -> None:
    allowed = {"summarizer.types", "summarizer.errors", "summarizer.config"}
    for path in modules("summarizer/models"):
        for name in imported(path):
            if name.startswith("summarizer."):
                assert name in allowed or name.startswith("summarizer.models"), f"{path}: {name}"


def test_everything_exported_exists_and_nothing_private_is() -> None:
    for name in summarizer.__all__:
        assert not name.startswith("_")
        assert getattr(summarizer, name) is not None
    assert summarizer.__all__ == sorted(summarizer.__all__, key=lambda n: (not n.isupper(), n.islower(), n))


@pytest.mark.parametrize("statement", ["import summarizer", "import service", "import summarizer.cli"])
def test_starting_loads_neither_torch_nor_transformers(statement: str) -> None:
    script = f"{statement}\nimport sys\nprint(sorted({{'torch', 'transformers', 'numpy'}} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"


def test_the_tree_of_the_readme_is_the_tree() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```text\n(summarizer/.*?)```", readme, re.DOTALL)
    assert block is not None
    named: set[str] = set()
    folder = ""
    for line in block.group(1).splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            folder = name
        named.add(folder if name == folder else folder + name)
    for name in named:
        assert (ROOT / name).exists(), f"the README names {name}, which isn't there"
    for package in ("summarizer", "service"):
        for path in (ROOT / package).iterdir():
            relative = path.relative_to(ROOT).as_posix() + ("/" if path.is_dir() else "")
            if path.name not in {"__init__.py", "__pycache__", "_data", "py.typed", "static", "templates"}:
                assert relative in named, f"the README's tree leaves out {relative}"


def test_files_stay_short() -> None:
    """A reader holds no more than this in mind; a longer file is cut into two."""
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for package in ("summarizer", "service")
        for path in modules(package)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 350
    }
    assert not long
