"""The simulated tenant's tokens: JWTs signed with a key of its own, expiring by its clock."""

from datetime import datetime, timedelta
from typing import Literal

import jwt

from adapters.reseller.simulator_orders import Refused

CUSTOMER = 4711
_TENANT = "simulated-tenant"


class Tokens:
    """Issues tokens and accepts its own."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, email: str, now: datetime, seconds: int) -> tuple[str, datetime]:
        """Return a token and when it expires."""
        expires = now.replace(microsecond=0) + timedelta(seconds=seconds)
        claims = {
            "LoginType": "Customer",
            "CustomerID": str(CUSTOMER),
            "Email": email,
            "IsReseller": "True",
            "IsAPI": "True",
            "exp": int(expires.timestamp()),
            "iss": _TENANT,
            "aud": _TENANT,
        }
        return jwt.encode(claims, self._key, algorithm="HS256"), expires

    def check(self, header: str, style: Literal["bearer", "raw"], now: datetime) -> None:
        """Accept a token in exactly one style. Raises Refused with 401."""
        prefix = "Bearer " if style == "bearer" else ""
        token = header.removeprefix(prefix) if header.startswith(prefix) else ""
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=["HS256"],
                audience=_TENANT,
                issuer=_TENANT,
                # By the simulator's clock, below.
                options={"verify_exp": False, "require": ["exp"]},
            )
        except jwt.InvalidTokenError as error:
            raise Refused("INVALID_CREDENTIALS", "No valid API customer.", status=401) from error
        if claims["exp"] <= now.timestamp():
            raise Refused("TOKEN_EXPIRED", "The token has expired.", status=401)
