"""What is wrong with a configuration file: every mistake with its place, and never a secret."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

Path = tuple[str | int, ...]
"""Where something stands in the document: keys and positions in lists."""
Place = tuple[int, int]
"""Line and column in the file, both counted from 1; (0, 0) for the file as a whole."""

CREDENTIALS = "credentials"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KEY_LENGTH = 40


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake. Its text is `file:line:col: path: message`, without what does not apply."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ConfigError(Exception):
    """The configuration cannot be used. `problems` holds every mistake, in the order of the file."""

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """Collects mistakes while a file is read. With `places` those at all others are left out."""

    def __init__(
        self,
        file: str,
        places: Container[Place] | None = None,
        found: dict[tuple[Place, Path, str], None] | None = None,
        named: set[Path] | None = None,
    ) -> None:
        self.file = file
        self._places = places
        self._found = {} if found is None else found
        self._named = set() if named is None else named

    def add(self, place: Place, path: Path, message: str) -> None:
        """Note a mistake; the same one twice counts once."""
        printable = "".join(character if character.isprintable() else "?" for character in message)
        if self._places is None or place in self._places:
            self._found[place, path, printable] = None

    def at(self, places: Container[Place]) -> "Problems":
        """Return what collects for us the mistakes at these places alone."""
        return Problems(self.file, places, self._found, self._named)

    def name(self, paths: Iterable[Path]) -> None:
        """Tell of mistakes at these paths, below `credentials`, by name: they are keys that an adapter declares."""
        self._named.update(paths)

    def raise_any(self) -> None:
        """Raise ConfigError when there is at least one mistake."""
        if self._found:
            raise self.error()

    def error(self) -> ConfigError:
        """Return an error of every mistake, in the order of the file."""
        told = {self._told(*one): None for one in self._found}
        return ConfigError(sorted(told, key=lambda problem: (problem.line, problem.column)))

    def _told(self, place: Place, path: Path, message: str) -> ConfigProblem:
        return ConfigProblem(self.file, *place, path_text(self._public(path)), message)

    def _public(self, path: Path) -> Path:
        """Cut a path off below `credentials`: a secret put where a key belongs is not to be shown as one."""
        if CREDENTIALS not in path:
            return path
        end = path.index(CREDENTIALS) + 1
        return path[: end + 1] if path[: end + 1] in self._named else path[:end]


def path_text(path: Path) -> str:
    """Write a path as people read it: `providers.bol.credentials.client_id`, `routes[0].provider`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{part[:_KEY_LENGTH]!r}]"
    return text


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?`, or the words to choose from, or nothing when there are none."""
    words = list(known)
    lowered = {candidate.lower(): candidate for candidate in words}
    close = get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {lowered[close[0]]}?"
    return f"; known: {', '.join(words)}" if words else ""
