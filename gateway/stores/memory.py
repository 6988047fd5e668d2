"""A journal in memory: for simulated providers. It forgets everything when the process ends."""

from collections import OrderedDict

from policies.journal import JournalFull, Operation
from policies.operation import ENDED, State

MAX_OPERATIONS = 100_000


class MemoryJournal:
    """Keeps at most `limit` operations; the oldest ended ones give way first, live ones never."""

    def __init__(self, limit: int = MAX_OPERATIONS) -> None:
        self._limit = limit
        self._by_id: OrderedDict[str, Operation] = OrderedDict()
        self._by_key: dict[tuple[str, str], str] = {}
        self._by_reference: dict[tuple[str, str, str], str] = {}

    async def claim(self, operation: Operation) -> Operation:
        """Insert the operation, or return the one it loses to. Raises JournalFull."""
        held = self._by_key.get((operation.caller, operation.key))
        if held is not None and self._by_id[held].state != "cancelled":
            return self._by_id[held]
        owner = self._owner(operation)
        if owner is not None and owner.id != held:
            return owner
        if held is not None:
            self._forget(held)
        elif len(self._by_id) >= self._limit:
            self._make_room()
        self._by_id[operation.id] = operation
        self._by_key[operation.caller, operation.key] = operation.id
        if operation.reference is not None:
            self._by_reference[operation.account, operation.kind, operation.reference] = operation.id
        return operation

    async def update(self, operation: Operation) -> bool:
        """Store the next version of an operation; tell whether it was the next."""
        stored = self._by_id.get(operation.id)
        if stored is None or stored.version + 1 != operation.version:
            return False
        self._by_id[operation.id] = operation
        return True

    async def get(self, operation_id: str) -> Operation | None:
        """Return one operation."""
        return self._by_id.get(operation_id)

    async def find(self, caller: str, key: str) -> Operation | None:
        """Return the caller's operation with that key."""
        operation_id = self._by_key.get((caller, key))
        return None if operation_id is None else self._by_id[operation_id]

    async def list(
        self,
        caller: str,
        *,
        state: State | None = None,
        account: str | None = None,
        reference: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Operation]:
        """Return a caller's operations, newest first (ids are ordered by time), after the one with id `before`."""
        found: list[Operation] = []
        for operation in reversed(self._by_id.values()):
            if len(found) == limit:
                break
            if (
                operation.caller == caller
                and (before is None or operation.id < before)
                and (state is None or operation.state == state)
                and (account is None or operation.account == account)
                and (reference is None or operation.reference == reference)
            ):
                found.append(operation)
        return found

    def _owner(self, operation: Operation) -> Operation | None:
        if operation.reference is None:
            return None
        owner = self._by_reference.get((operation.account, operation.kind, operation.reference))
        if owner is None or self._by_id[owner].state in {"failed", "cancelled"}:
            return None
        return self._by_id[owner]

    def _make_room(self) -> None:
        for operation_id, operation in self._by_id.items():
            if operation.state in ENDED:
                self._forget(operation_id)
                return
        raise JournalFull

    def _forget(self, operation_id: str) -> None:
        operation = self._by_id.pop(operation_id)
        if self._by_key.get((operation.caller, operation.key)) == operation_id:
            del self._by_key[operation.caller, operation.key]
        if operation.reference is not None:
            where = (operation.account, operation.kind, operation.reference)
            if self._by_reference.get(where) == operation_id:
                del self._by_reference[where]
