"""Evidence of how far one request got, and what its failure is called."""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Literal

import aiohttp

WirePhase = Literal["not-sent", "partly-sent", "sent", "answered-partly", "answered"]

FailureKind = Literal[
    "invalid",  # it could not be put on the wire: a bad header, origin or URL
    "dns",
    "connect",
    "tls",
    "proxy",
    "timeout",
    "closed",  # the connection ended too early
    "protocol",  # what came is not HTTP, or not what was promised
    "too-large",
]

SENTENCES: Mapping[FailureKind, str] = {
    "invalid": "The request cannot be written as HTTP.",
    "dns": "The provider's host name cannot be resolved.",
    "connect": "No connection to the provider could be made.",
    "tls": "No trusted connection to the provider could be made.",
    "proxy": "The proxy on the way to the provider let nothing through.",
    "timeout": "No whole answer came in time.",
    "closed": "The connection ended before there was a whole answer.",
    "protocol": "What came is no answer in HTTP, or not the one that its head promised.",
    "too-large": "The answer is larger than the gateway takes.",
}
"""What callers are told of each kind of failure: they are our words, and none of the provider's."""

KINDS: Mapping[type[BaseException], FailureKind] = {
    aiohttp.ClientConnectorDNSError: "dns",
    aiohttp.ClientProxyConnectionError: "proxy",
    aiohttp.ClientHttpProxyError: "proxy",
    aiohttp.ClientConnectorSSLError: "tls",
    aiohttp.ClientConnectorCertificateError: "tls",
    aiohttp.ClientSSLError: "tls",
    aiohttp.ServerFingerprintMismatch: "tls",
    aiohttp.ClientConnectorError: "connect",
    aiohttp.ConnectionTimeoutError: "timeout",
    aiohttp.SocketTimeoutError: "timeout",
    aiohttp.ServerTimeoutError: "timeout",
    aiohttp.ServerDisconnectedError: "closed",
    aiohttp.ServerConnectionError: "closed",
    aiohttp.ClientConnectionResetError: "closed",
    aiohttp.ClientOSError: "closed",
    aiohttp.ClientConnectionError: "closed",
    # Mostly a body that ends before its length; broken chunks and broken gzip come as this too.
    aiohttp.ClientPayloadError: "closed",
    aiohttp.UploadAbortedError: "closed",
    aiohttp.ContentTypeError: "protocol",
    aiohttp.WSServerHandshakeError: "protocol",
    aiohttp.WSMessageTypeError: "protocol",
    aiohttp.ClientResponseError: "protocol",
    # Redirects are not followed, so these three cannot come of one.
    aiohttp.InvalidUrlRedirectClientError: "protocol",
    aiohttp.NonHttpUrlRedirectClientError: "protocol",
    aiohttp.RedirectClientError: "protocol",
    aiohttp.InvalidUrlClientError: "invalid",
    aiohttp.NonHttpUrlClientError: "invalid",
    aiohttp.InvalidURL: "invalid",
    aiohttp.ClientError: "protocol",
    TimeoutError: "timeout",
    ssl.SSLError: "tls",
    OSError: "closed",
    ValueError: "invalid",
    Exception: "protocol",
}
"""What each exception is called: total over `aiohttp.client_exceptions.__all__`. The nearest ancestor counts."""


class SendFailed(Exception):
    """A request got no whole answer. `phase` is how far it got, `kind` what went wrong.

    `status` and `headers` are the response's where its head was read (`answered-partly`), else None and empty: a
    201 whose body broke off is still a 201. The text holds no secret, no address and nothing of what was received.
    """

    def __init__(
        self,
        phase: WirePhase,
        kind: FailureKind,
        reason: str = "",
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{kind}, {phase}" + (f": {reason}" if reason else ""))
        self.phase = phase
        self.kind = kind
        self.status = status
        self.headers = headers or {}


class Evidence:
    """How far one request got: whether its first byte may have left, and its last; what was read of its answer."""

    __slots__ = ("begun", "headers", "status", "uploaded", "whole")

    def __init__(self) -> None:
        self.begun = False
        self.uploaded = False
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.whole = False

    @property
    def phase(self) -> WirePhase:
        """Return how far the request got."""
        if self.status is not None:
            return "answered" if self.whole else "answered-partly"
        if not self.begun:
            return "not-sent"
        return "sent" if self.uploaded else "partly-sent"

    def failed(self, error: Exception) -> SendFailed:
        """Return what an exception out of aiohttp means."""
        return self.failure(kind_of(error), _reason(error))

    def failure(self, kind: FailureKind, reason: str) -> SendFailed:
        """Return a failure in the present phase."""
        return SendFailed(self.phase, kind, reason, status=self.status, headers=self.headers)

    def plain_cause(self, error: Exception) -> BaseException | None:
        """Return the operating system's error below an exception of aiohttp, or None.

        aiohttp's own texts hold URLs with their query, and bytes that were received: they go no further.
        """
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, OSError) and not isinstance(cause, aiohttp.ClientError):
                return cause
            cause = cause.__cause__
        return None


def kind_of(error: BaseException) -> FailureKind:
    """Return what an exception is called."""
    return next(KINDS[ancestor] for ancestor in type(error).__mro__ if ancestor in KINDS)


def _reason(error: BaseException) -> str:
    """Name an exception without its text, which may hold a URL, a password or what was received."""
    name = type(error).__name__
    verdict = getattr(error, "certificate_error", error)
    if isinstance(verdict, ssl.SSLCertVerificationError):
        return f"{name} ({verdict.verify_message})"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, asyncio.TimeoutError):
        return f"{name} (errno {error.errno})"
    return name
