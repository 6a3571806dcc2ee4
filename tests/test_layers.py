"""The pipeline reads left to right, and so do its imports."""

import ast
from pathlib import Path

import pytest

LAYERS = [
    "errors", "files", "cache", "switches", "registry", "seeding", "processes", "processor",
    "data", "compiled", "model", "training", "evaluation", "tracking", "experiment", "engine",
    "search", "speed", "comparison", "report", "session", "cli", "__main__",
]  # fmt: skip
HOMES = {  # a framework, and the only places that may import it
    "mlflow": "tracking",
    "optuna": "search",
    "sacrebleu": "evaluation/metrics.py",
    "spacy": "data/tokenization.py",
    "fasttext": "data/vectors/",
    "matplotlib": "report/figures/",
    "rich": "cli",
    "click": "cli",
}
PACKAGE = Path(__file__).parents[1] / "bench"
MODULES = sorted(PACKAGE.rglob("*.py"))


def layer(module: str) -> int:
    return LAYERS.index(module.split(".")[1])


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    """No module imports from a later stage than its own."""
    module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    if module == "bench.__init__":
        return

    later = {
        name for name in imports(path) if name.startswith("bench.") and layer(name) > layer(module)
    }

    assert not later


@pytest.mark.parametrize("framework", HOMES)
def test_each_framework_has_one_home(framework: str) -> None:
    """A third-party framework is imported in its own place alone."""
    users = {
        str(path.relative_to(PACKAGE))
        for path in MODULES
        if any(name.split(".")[0] == framework for name in imports(path))
    }

    assert all(user.startswith(HOMES[framework]) for user in users)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is(path: Path) -> None:
    """Each file opens with a docstring."""
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))
