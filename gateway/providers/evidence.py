"""Evidence of how far one request got, by aiohttp's own account, and what its failure is called."""

import asyncio
import ssl
from collections.abc import Coroutine, Mapping
from typing import Any, Literal, cast

import aiohttp
from aiohttp.connector import Connection
from typing_extensions import override

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
    "resend-refused",
]

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


class ResendRefused(Exception):
    """aiohttp wanted to send the request a second time. Not a ClientError or OSError: those it would try again."""


class Interrupted(Exception):
    """Carries the first try's failure past aiohttp, which sends again after some. Its cause is the failure."""


class Evidence:
    """How far one request got.

    Facts come from three hooks of aiohttp: the request, which is sent when there is a connection and no byte of it was
    written; the upload tracker, complete when the last byte was handed over; and the middleware, which sees each try.
    """

    __slots__ = ("_begun", "_tries", "headers", "status", "upload", "whole")

    def __init__(self) -> None:
        self._begun = False
        self._tries = 0
        self.upload = aiohttp.UploadTracker()
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.whole = False

    @property
    def uploaded(self) -> bool:
        """Tell whether the whole request was handed to the connection. False while that is still going on."""
        complete = self.upload.upload_complete
        return complete.done() and complete.exception() is None

    @property
    def phase(self) -> WirePhase:
        """Return how far the request got."""
        if self.status is not None:
            return "answered" if self.whole else "answered-partly"
        if not self._begun:
            return "not-sent"
        return "sent" if self.uploaded else "partly-sent"

    def begin(self) -> None:
        """Note that from now on bytes may leave."""
        self._begun = True

    async def only_once(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Let one try through, and hide its failure from aiohttp, which silently repeats GET, HEAD, PUT and DELETE."""
        self._tries += 1
        if self._tries > 1:
            raise ResendRefused
        cast("WitnessedRequest", request).evidence = self
        try:
            return await handler(request)
        except (aiohttp.ClientError, OSError) as error:
            raise Interrupted from error

    def failed(self, error: Exception) -> SendFailed:
        """Return what an exception out of aiohttp means."""
        if isinstance(error, ResendRefused):
            return self.failure("resend-refused", "")
        cause = _interruption(error)
        return self.failure(kind_of(cause), _reason(cause))

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


class WitnessedRequest(aiohttp.ClientRequest):
    """A request that tells its evidence when its first byte may leave.

    aiohttp's trace hooks say the same, and cost a seventh of a request: each event is a signal of its own.
    """

    evidence: Evidence

    @override
    def send(self, conn: Connection) -> Coroutine[Any, Any, aiohttp.ClientResponse]:
        self.evidence.begin()
        return super().send(conn)


def kind_of(error: BaseException) -> FailureKind:
    """Return what an exception is called."""
    return next(KINDS[ancestor] for ancestor in type(error).__mro__ if ancestor in KINDS)


def _interruption(error: Exception) -> BaseException:
    return error.__cause__ if isinstance(error, Interrupted) and error.__cause__ is not None else error


def _reason(error: BaseException) -> str:
    """Name an exception without its text, which may hold a URL, a password or what was received."""
    name = type(error).__name__
    verdict = getattr(error, "certificate_error", error)
    if isinstance(verdict, ssl.SSLCertVerificationError):
        return f"{name} ({verdict.verify_message})"
    if isinstance(error, OSError) and error.strerror and not isinstance(error, asyncio.TimeoutError):
        return f"{name} (errno {error.errno})"
    return name
