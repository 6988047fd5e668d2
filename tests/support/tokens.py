"""Tokens (JWT) as an issuer signs them, and as somebody forges them."""

import base64
import time
from functools import cache
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

ISSUER = "https://login.example.com/"
AUDIENCE = "ordergate"
SECRET = "a secret of the issuer, 32 characters"


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return a key, the same for the same number."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(number: int = 0) -> ec.EllipticCurvePrivateKey:
    """Return a key, the same for the same number."""
    return ec.generate_private_key(ec.SECP256R1())


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """Return the public key as everybody may have it."""
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def jwk(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, key_id: str | None, **members: Any) -> dict[str, Any]:
    """Return the public key as an entry of a key set."""
    if isinstance(key, rsa.RSAPrivateKey):
        written = RSAAlgorithm.to_jwk(key.public_key())
    else:
        written = ECAlgorithm.to_jwk(key.public_key())
    entry: dict[str, Any] = msgspec.json.decode(written)
    entry.pop("key_ops", None)
    return {**entry, **({} if key_id is None else {"kid": key_id}), **members}


def private_jwk(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    """Return a key as nobody should publish it."""
    written = RSAAlgorithm.to_jwk(key) if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm.to_jwk(key)
    entry: dict[str, Any] = msgspec.json.decode(written)
    entry.pop("key_ops", None)
    return {**entry, "kid": "private"}


def key_set(*entries: Any) -> bytes:
    """Return a JWKS."""
    return msgspec.json.encode({"keys": entries})


def claims(**changed: Any) -> dict[str, Any]:
    """Return claims that are right, with these changes; `...` leaves one out."""
    now = int(time.time())
    right = {"iss": ISSUER, "aud": AUDIENCE, "sub": "shop", "iat": now, "nbf": now, "exp": now + 300}
    return {name: value for name, value in {**right, **changed}.items() if value is not ...}


def signed(key: Any, algorithm: str = "RS256", *, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """Return a token that is signed with a key; the header names it `r1` unless told otherwise."""
    named = {"kid": "r1", **(header or {})}
    named = {name: value for name, value in named.items() if value is not ...}
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers=named)


def segment(value: Any) -> str:
    """Return a part of a token."""
    data = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def forged(header: Any, payload: Any, signature: bytes = b"") -> str:
    """Return what looks like a token."""
    return f"{segment(header)}.{segment(payload)}.{segment(signature)}"
