"""The rules that import-linter cannot see, as functions from a syntax tree to what breaks them."""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from architecture.source import docstring_nodes, dotted, imported_modules

_WORLD = (
    "urllib.request",
    "urllib.error",
    "urllib.robotparser",
    "http.client",
    "http.server",
    "http.cookiejar",
    "xmlrpc",
)
_BUILTINS = {"open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint"}
_CLOCKS = {f"{name}.{method}" for name in ("datetime", "date") for method in ("now", "utcnow", "today")}
_CHANCE = {"uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7", "uuid.uuid8", "uuid.getnode"}
# The provider's nouns and the wire's. A policy sees calls, keys, costs, times and traits.
_DOMAIN_WORDS = set(
    "order orders product products catalog catalogue category categories basket baskets shipment shipments invoice"
    " invoices customer customers offer offers price prices currency http https url urls header headers sql select"
    " insert aiohttp webhook webhooks bol gelato rexel reseller reusely".split()
)


def is_of_simulator(path: Path) -> bool:
    """Tell whether a module of an adapter's folder is its simulator's, by a file or folder named `simulator…`."""
    return any(part.startswith("simulator") for part in path.with_suffix("").parts[2:])


def purity_breaches(module: ast.Module, *, chance_allowed: bool = False, coroutines_allowed: bool = False) -> list[str]:
    """Say where a module could do input or output, read a clock, or be different the second time.

    With `chance_allowed` (simulators, policies) it may hold a `random.Random(seed)`, and nothing else of chance; with
    `coroutines_allowed` (policies) it may wait, but not sleep: sleep and clock come in through constructors.
    """
    breaches = [
        f"{line}: imports {name}"
        for line, name in imported_modules(module)
        if any(name == banned or name.startswith(f"{banned}.") for banned in _WORLD)
    ]
    for node in ast.walk(module):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            if not coroutines_allowed:
                breaches.append(f"{node.lineno}: is a coroutine")
        elif isinstance(node, ast.ImportFrom) and node.module in {"random", "secrets", "uuid"}:
            breaches += [
                f"{node.lineno}: imports {node.module}.{alias.name}"
                for alias in node.names
                if _is_chance(f"{node.module}.{alias.name}", chance_allowed)
            ]
        elif isinstance(node, ast.Attribute):
            name = dotted(node)
            if ".".join(name.split(".")[-2:]) in _CLOCKS or name == "asyncio.sleep" or _is_chance(name, chance_allowed):
                breaches.append(f"{node.lineno}: uses {name}")
        elif isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in _BUILTINS or (name in {"random.Random", "Random"} and not (node.args or node.keywords)):
                breaches.append(f"{node.lineno}: calls {name}()")
    return breaches


def _is_chance(name: str, chance_allowed: bool) -> bool:
    if name == "random.Random":
        return not chance_allowed
    if name == "secrets.compare_digest":
        return False
    return name in _CHANCE or name.startswith(("random.", "secrets."))


def foreign_imports(path: Path, module: ast.Module) -> list[str]:
    """Say what a module imports that its place does not allow.

    * a provider's folder: itself and the contract; its simulator: the contract and the simulator's own modules
    * the contract: itself
    * the gateway: the contract and the registry, so that no provider has a place of its own there
    """
    package, folder = path.parts[0], path.parts[1]
    if package == "gateway":
        allowed: Iterable[str] = ("adapters.contract", "adapters.registry")
    elif folder == "registry.py":
        return []
    elif is_of_simulator(path) and folder != "contract":
        allowed = ("adapters.contract", f"adapters.{folder}.simulator")
    else:
        allowed = ("adapters.contract", f"adapters.{folder.removesuffix('.py')}")
    return [
        f"{line}: imports {name}"
        for line, name in imported_modules(module)
        if name.startswith("adapters.")
        and not any(re.match(rf"{re.escape(prefix)}(\.|$|_)", name) for prefix in allowed)
    ]


def domain_words(module: ast.Module) -> list[str]:
    """Say where a policy's names or texts (docstrings apart) speak of an order, HTTP or SQL."""
    docstrings = docstring_nodes(module)
    breaches = []
    for node in ast.walk(module):
        for name in _names(node, docstrings):
            words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
            breaches += [
                f"{getattr(node, 'lineno', 0)}: says {word!r} in {name!r}"
                for word in words
                if word.lower() in _DOMAIN_WORDS
            ]
    return breaches


def _names(node: ast.AST, docstrings: set[ast.Constant]) -> list[str]:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.alias(name=name):
            return [name]
        case ast.keyword(arg=str(name)):
            return [name]
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Constant(value=str(value)) if node not in docstrings:
            return [value]
    return []


def work_at_import(module: ast.Module) -> list[str]:
    """Say what a module does when it is imported, beyond defining names."""
    breaches = []
    for node in module.body:
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            breaches.append(f"{node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.For | ast.While | ast.With | ast.Delete | ast.Assert):
            breaches.append(f"{node.lineno}: {type(node).__name__.lower()} at module level")
    return breaches


def function_lengths(module: ast.Module) -> list[tuple[str, int, int]]:
    """Return (name, first line, number of lines) of each function, its docstring not counted."""
    lengths = []
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        first = node.body[0]
        if ast.get_docstring(node, clean=False) is not None:
            lines -= (first.end_lineno or first.lineno) - first.lineno + 1
        lengths.append((node.name, node.lineno, lines))
    return lengths
