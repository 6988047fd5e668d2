"""The schema of a journal in SQLite: numbered files of SQL, each run once, in order."""

import re
import sqlite3
from pathlib import Path

from policies.journal import JournalRefused

APPLICATION = 0x4F726447
"""What tells a journal of ours from another's database: "OrdG"."""
_FOLDER = Path(__file__).with_name("migrations") / "sqlite"


def migrations() -> dict[int, Path]:
    """Return the files by their numbers, in order."""
    return {int(path.name.split("_")[0]): path for path in sorted(_FOLDER.glob("[0-9]*_*.sql"))}


def migrate(connection: sqlite3.Connection, place: str) -> None:
    """Bring a database to the newest schema. Raises JournalRefused for a newer one and for another's database."""
    found = migrations()
    newest = max(found)
    version = _pragma(connection, "user_version")
    if version > newest:
        raise JournalRefused(
            f"{place} has schema {version}, and this release knows schemas up to {newest}: a newer release wrote it."
            " Run that release, or restore a backup from before and start with --restored."
        )
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if (version == 0 and tables) or (version > 0 and _pragma(connection, "application_id") != APPLICATION):
        raise JournalRefused(f"{place} is a database of something else. Name another file.")
    for number in range(version + 1, newest + 1):
        script = _without_comments(found[number].read_text(encoding="utf-8"))
        pragmas = f"PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {number};"
        connection.executescript(f"BEGIN IMMEDIATE; {script} {pragmas} COMMIT;")


def look_at_schema(connection: sqlite3.Connection, place: str) -> None:
    """See that a database has exactly the newest schema, for who cannot change it. Raises JournalRefused."""
    version, newest = _pragma(connection, "user_version"), max(migrations())
    if version != newest or _pragma(connection, "application_id") != APPLICATION:
        raise JournalRefused(
            f"{place} is no journal with schema {newest} (it has {version}): read it with the release that wrote it,"
            " or let this one's gateway open it first"
        )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _without_comments(script: str) -> str:
    """Leave out comments: SQLite stores a table's text as it was written."""
    return re.sub(r"^\s*--.*$", "", script, flags=re.MULTILINE)
