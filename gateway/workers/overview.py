"""The admin listener of several workers: what each of them says, as one answer.

Each worker has an admin listener of its own on the loopback, which only this process has the token of.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from gateway.admin.health import guarded
from gateway.config.model import Admin
from gateway.listeners import Listener, Sockets
from gateway.telemetry.catalogue import WORKER_READY
from gateway.telemetry.exposition import MEDIA_TYPE, exposition
from gateway.telemetry.metrics import READ_SECONDS, Metrics, Points
from gateway.workers.merging import merged

HEALTH_SECONDS = 0.9
"""How long a worker may take to say how it is: probes wait a second by default."""
SCRAPE_SECONDS = READ_SECONDS + 1.0


@dataclass(frozen=True, slots=True)
class Workers:
    """Where the workers' own admin listeners are, and the token that they ask for."""

    urls: Sequence[str]
    token: SecretStr


async def serve(admin: Admin, sockets: Sockets, workers: Workers, *, prometheus: bool, report: int) -> None:
    """Serve until cancelled; a line on `report` says that it does."""
    token = None if admin.token is None else admin.token.get_secret_value()
    listener = Listener(application(workers, token, prometheus=prometheus), admin.host, admin.port, sockets.admin)
    await listener.start()
    os.write(report, b"ready\n")
    try:
        await asyncio.Event().wait()
    finally:
        await listener.stop()


def application(workers: Workers, token: str | None, *, prometheus: bool) -> web.Application:
    """Return the admin application of the whole; with a token, everything but health needs it as a bearer token."""
    app = web.Application(middlewares=[guarded(token)])
    asking = _Asking(workers)
    app.cleanup_ctx.append(asking.open)

    async def livez(request: web.Request) -> web.Response:
        alive = await asking.health("/livez")
        return _told(alive, "ok", "does not answer")

    async def readyz(request: web.Request) -> web.Response:
        return _told(await asking.health("/readyz"), "ready", "is not ready")

    async def scraped(request: web.Request) -> web.Response:
        return web.Response(body=await asking.scrape(), headers={"Content-Type": MEDIA_TYPE})

    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    if prometheus:
        app.router.add_get("/metrics", scraped)
    return app


def _told(well: Mapping[str, bool], word: str, otherwise: str) -> web.Response:
    """Say `word` when all workers are well, and which one is not when one is not."""
    ill = [f"worker {name} {otherwise}\n" for name, is_well in well.items() if not is_well]
    return web.Response(text="".join(ill), status=503) if ill else web.Response(text=f"{word}\n")


class _Asking:
    """Asks every worker at once; one that does not answer in time says no."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        # There while the application runs, and nobody asks before.
        self._session: aiohttp.ClientSession
        self._metrics = Metrics()
        self._metrics.watch(WORKER_READY, self._readiness)

    async def open(self, app: web.Application) -> AsyncIterator[None]:
        """Hold a session open while the application runs."""
        headers = {"Authorization": f"Bearer {self._workers.token.get_secret_value()}"}
        async with aiohttp.ClientSession(headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as self._session:
            yield

    async def health(self, path: str) -> dict[str, bool]:
        """Return of which workers the answer was 200."""
        return {name: found is not None for name, found in (await self._all(path, HEALTH_SECONDS)).items()}

    async def scrape(self) -> bytes:
        """Return what all have measured, and which are ready."""
        own, found = await asyncio.gather(self._metrics.collect(), self._all("/metrics", SCRAPE_SECONDS))
        told = {name: text.decode() for name, text in found.items() if text is not None}
        return (exposition(own) + merged(told)).encode()

    async def _readiness(self) -> Points:
        return [((name,), float(ready)) for name, ready in (await self.health("/readyz")).items()]

    async def _all(self, path: str, seconds: float) -> dict[str, bytes | None]:
        answers = await asyncio.gather(*(self._one(url + path, seconds) for url in self._workers.urls))
        return {str(number): answer for number, answer in enumerate(answers)}

    async def _one(self, url: str, seconds: float) -> bytes | None:
        try:
            async with self._session.get(url, timeout=aiohttp.ClientTimeout(total=seconds)) as response:
                return await response.read() if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None
