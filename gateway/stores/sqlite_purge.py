"""What retention lets go, a batch at a time: frozen requests, then answers, then what remains.

A batch is a list of numbers in one parameter, `json_each(?)`.
"""

import sqlite3
from datetime import datetime, timedelta

from gateway.stores.rows import ANSWER_DAYS, REQUEST_DAYS, TOMBSTONE_DAYS
from gateway.stores.sqlite_reads import listed
from gateway.stores.sqlite_times import to_micros

_ENDED = """
SELECT number FROM operation WHERE purged = ? AND ended_at IS NOT NULL AND ended_at <= ? ORDER BY ended_at LIMIT ?
"""
_REQUESTS = (
    "DELETE FROM content WHERE operation IN (SELECT value FROM json_each(?))",
    "UPDATE step SET request = NULL WHERE operation IN (SELECT value FROM json_each(?))",
    "UPDATE operation SET purged = 1 WHERE number IN (SELECT value FROM json_each(?))",
)
_ANSWERS = (
    "DELETE FROM answer WHERE operation IN (SELECT value FROM json_each(?))",
    "UPDATE step SET answer = NULL WHERE operation IN (SELECT value FROM json_each(?))",
    "UPDATE operation SET purged = 2, answer_status = NULL WHERE number IN (SELECT value FROM json_each(?))",
)
_EVENTS = """
DELETE FROM event WHERE operation IN (SELECT id FROM operation WHERE number IN (SELECT value FROM json_each(?)))
"""
_EVENTS_OF_REPLACED = """
DELETE FROM event WHERE operation IN (SELECT id FROM replaced WHERE operation IN (SELECT value FROM json_each(?)))
"""
_REST = (
    _EVENTS,
    _EVENTS_OF_REPLACED,
    "DELETE FROM operation WHERE number IN (SELECT value FROM json_each(?))",
)
# Which have been purged how far, after how many days they go on, and what goes; what goes last comes first here, so
# that one call takes one thing from an operation.
_STAGES = ((2, TOMBSTONE_DAYS, _REST), (1, ANSWER_DAYS, _ANSWERS), (0, REQUEST_DAYS, _REQUESTS))


def purge(connection: sqlite3.Connection, now: datetime, limit: int) -> int:
    """Take the next thing from at most `limit` ended operations, the oldest first; return from how many."""
    count = 0
    for purged, days, statements in _STAGES:
        until = to_micros(now - timedelta(days=days))
        numbers = [number for (number,) in connection.execute(_ENDED, (purged, until, limit - count)).fetchall()]
        if numbers:
            count += len(numbers)
            for statement in statements:
                connection.execute(statement, (listed(numbers),))
    return count
