"""The project's own files, as the architecture tests read them."""

import ast
import functools
import gc
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("adapters", "policies", "gateway")
# Made by tools, never part of the product: skipped where there is no git to ask.
_MADE = {".git", ".venv", ".tools", ".image", "__pycache__", "build", "dist", "htmlcov", ".hypothesis"}


@functools.cache
def project_files() -> tuple[Path, ...]:
    """Return every file of the project, committed or about to be, relative to its root."""
    git = shutil.which("git")
    if git and (ROOT / ".git").exists():
        command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
        paths = [Path(name) for name in listed.split("\0") if name]
    else:  # an unpacked archive
        paths = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        paths = [path for path in paths if not _MADE.intersection(path.parts) and not path.name.endswith("_cache")]
    return tuple(sorted(path for path in paths if (ROOT / path).is_file()))


def python_files(*folders: str) -> list[Path]:
    """Return the Python files below `folders`, relative to the root."""
    return [path for path in project_files() if path.suffix == ".py" and path.parts[0] in folders]


def text(path: Path) -> str:
    """Return the content of a project file, or nothing where it is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@functools.cache
def tree(path: Path) -> ast.Module:
    """Return the syntax tree of a Python file of the project."""
    # What is collected meanwhile may log a traceback, which parses as well: CPython 3.11 bears no parse in a parse.
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(text(path), filename=str(path))
    finally:
        if collects:
            gc.enable()


@functools.cache
def pyproject() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads(text(Path("pyproject.toml")))


def imported_modules(module: ast.Module) -> list[tuple[int, str]]:
    """Return (line, dotted name) for each import.

    `from a.b import c` gives `a.b.c`, whether that is a module or a member of one.
    """
    names: list[tuple[int, str]] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return names


def dotted(node: ast.expr) -> str:
    """Return `a.b.c` for such an expression, and the last name alone where it hangs on something else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return ""


def docstring_nodes(module: ast.Module) -> set[ast.Constant]:
    """Return the constants that are docstrings."""
    found: set[ast.Constant] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(first.value)
    return found
