"""Bodies at rest: sealed with AES-GCM where a key is configured, else stored as they are.

    0x00 | body                                          as it is
    0x01 | key id (8) | nonce (12) | ciphertext and tag  sealed; what it was sealed for is authenticated with it

Every stored body says itself how it is kept, so a key can be configured later and changed: the first
key seals, all open.
"""

import hashlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from policies.journal import JournalUnavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
PLAIN = b"\x00"
SEALED = b"\x01"
ID_BYTES = 8
NONCE_BYTES = 12


class Sealing:
    """Seals with the first of `keys` (32 bytes each) and opens with any of them. Without keys it stores as it is."""

    def __init__(self, keys: Sequence[bytes] = ()) -> None:
        """Take the keys. Raises ValueError for one that is not 32 bytes long."""
        if any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"a key of the journal has {KEY_BYTES} bytes")
        self._by_id = {key_id(key): _cipher(key) for key in keys}
        self._first = next(iter(self._by_id.items()), None)

    def __repr__(self) -> str:
        return f"Sealing({[known.hex() for known in self._by_id]})"

    @property
    def key_ids(self) -> tuple[bytes, ...]:
        """Return the names of the keys, first the one that seals."""
        return tuple(self._by_id)

    def seal(self, body: bytes, place: str) -> bytes:
        """Return what to store of a body; `place` says whose it is and which, and opens nothing else."""
        if self._first is None:
            return PLAIN + body
        name, cipher = self._first
        nonce = os.urandom(NONCE_BYTES)
        return b"".join((SEALED, name, nonce, cipher.encrypt(nonce, body, place.encode())))

    def open(self, stored: bytes, place: str) -> bytes:
        """Return the body. Raises JournalUnavailable when its key is not configured or it was tampered with."""
        if stored[:1] == PLAIN:
            return stored[1:]
        name, rest = stored[1 : 1 + ID_BYTES], stored[1 + ID_BYTES :]
        cipher = self._by_id.get(name)
        if stored[:1] != SEALED or cipher is None:
            raise JournalUnavailable(missing_key(name))
        from cryptography.exceptions import InvalidTag

        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], place.encode())
        except InvalidTag:
            raise JournalUnavailable(f"a body sealed with key {name.hex()} was changed, or is not {place}") from None


def _cipher(key: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def key_id(key: bytes) -> bytes:
    """Return what names a key without telling it."""
    return hashlib.sha256(b"ordergate journal key\0" + key).digest()[:ID_BYTES]


def missing_key(name: bytes) -> str:
    """Return the sentence for bodies whose key is not configured."""
    return f"bodies are sealed with key {name.hex()}, which is not configured: add that key after the first"
