"""The composition root: configuration in, a running gateway out."""

import asyncio
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import version
from typing import NoReturn

import structlog
from uuid_utils import uuid7

from gateway import memory
from gateway.admin import health
from gateway.api import docs, key_sources, server
from gateway.api.callers import Callers, Tokens, callers_of, is_loopback
from gateway.api.context import Context
from gateway.api.inbound import Inbound
from gateway.cache import Cache, lifetimes
from gateway.config.load import Configuration
from gateway.config.load import Provider as Configured
from gateway.listeners import Listener, Sockets
from gateway.operations.engine import Engine
from gateway.operations.quarantine import Quarantine
from gateway.operations.resolver import Resolver
from gateway.operations.twins import Twins
from gateway.operations.worker import Worker
from gateway.preparation import Preparation
from gateway.providers.channel import Channel, channel
from gateway.providers.limits import account_pacer
from gateway.providers.outbound import Outbound
from gateway.providers.provider import Provider
from gateway.providers.publishing import PublishedLimits
from gateway.simulation import SimulatorProcess, start_process
from gateway.stores.opening import open_journal, permits_beside, spool_place
from gateway.stores.sealing import Sealing
from gateway.stores.spool import Spool
from gateway.stores.spooled import SpooledJournal
from gateway.telemetry.assembly import Telemetry, assembled
from policies.journal import Journal
from policies.local_permits import LocalPermits
from policies.permits import Permits

DRAIN_SECONDS = 35.0
"""How long operations under way may take to end when the gateway stops: an order's own time and a little more."""

HORIZON_SECONDS = 6 * 3600.0
"""How long the gateway tries to find out what became of a write before a person has to look."""

log = structlog.get_logger("ordergate")


class Gateway:
    """A gateway, started and stopped as a whole. `url` and `admin_url` are known after `start`.

    `restored`: its journal comes from a backup, and is reconciled before anything is sent. `sockets` to listen on and
    the URLs of running `simulators` are given to one of several workers.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        pace: float = 1.0,
        seed: int = 0,
        restored: bool = False,
        sockets: Sockets | None = None,
        simulators: Mapping[str, str] | None = None,
    ) -> None:
        self._configuration = configuration
        self._restored = restored
        self._version = version("ordergate")
        self._pace, self._seed = pace, seed
        self._outbound = Outbound()
        self._cache = Cache(0, {})
        self._key_client = key_sources.client()
        self._tokens: Tokens | None = None
        self._telemetry = Telemetry()
        # Those of the store, once it is open: who does not serve needs none.
        self._permits: Permits = LocalPermits(time.monotonic)
        self._published = PublishedLimits()
        self._simulators: SimulatorProcess | None = None
        self._journal: Journal | None = None
        self._engine: Engine | None = None
        self._inbound = Inbound(configuration.shedding.lag, configuration.shedding.sustained)
        self._worker: Worker | None = None
        self._preparation = Preparation()
        self._quarantine: Quarantine | None = None
        self._listeners: list[Listener] = []
        self._readiness = health.Readiness()
        self.url = ""
        self.admin_url = ""
        self._sockets = sockets or Sockets((), ())
        self.simulator_urls: Mapping[str, str] = simulators or {}
        self.providers: dict[str, Provider] = {}

    async def start(self) -> None:
        """Start simulators where they stand in, then serve. Raises OSError, RuntimeError, ValueError, and stops."""
        try:
            await self._start()
        except BaseException:
            await self.stop(grace=0.0)
            raise

    async def open(self) -> None:
        """Start simulators and open the way to the providers, without serving."""
        configured = self._configuration
        # OpenTelemetry, where it is wanted, takes a while to import.
        self._telemetry = await asyncio.to_thread(assembled, configured.telemetry)
        await self._start_simulators()
        await self._outbound.open()
        for name, entry in configured.providers.items():
            # Certificates are read from files.
            self.providers[name] = self._provider(entry, await asyncio.to_thread(self._channel, entry))
        kept = {
            name: lifetimes(entry.common.cache, self.providers[name].adapter.catalog_ttls)
            for name, entry in configured.providers.items()
        }
        self._cache = Cache(configured.cache.max_bytes, kept, metrics=self._telemetry.metrics)

    async def _start(self) -> None:
        configured = self._configuration
        opened = await self._open_store()
        await self.open()
        journal = self._telemetry.journal(opened, list(self.providers))
        twins = Twins(journal, configured.twins.action, configured.twins.window)
        self._engine = Engine(journal, self.providers, lambda: str(uuid7()), worker=str(uuid7()), twins=twins)
        self._worker = Worker(
            self._engine, Resolver(self._engine, horizon=HORIZON_SECONDS), tracing=self._telemetry.tracing
        )
        if self._restored:
            self._quarantine = Quarantine(self._engine)
            await self._quarantine.begin()
            self._quarantine.start()
        self._worker.start()
        context = Context(
            version=self._version,
            providers=self.providers,
            routes=configured.routes,
            callers=await self._callers(),
            journal=journal,
            engine=self._engine,
            cache=self._cache,
            inbound=self._inbound,
            prepared=self._preparation.done,
        )
        self._inbound.start()
        await self._listen(context)
        self._telemetry.start()
        for warning in configured.warnings:
            log.warning("configuration", warning=warning)
        memory.settle()
        # Nobody is served before what a crash left open was seen once.
        await self._worker.scanned.wait()
        self._serve()

    def _serve(self) -> None:
        """Let callers in."""
        self._readiness.ready = True
        self._preparation.start()
        log.info(
            "ready",
            url=self.url,
            admin=self.admin_url,
            providers=list(self.providers),
            simulators=dict(self.simulator_urls) or None,
        )

    async def _open_store(self) -> Journal:
        """Open the journal, and the permits that are kept with it."""
        configured = self._configuration
        store = configured.store
        keys = [bytes.fromhex(key.get_secret_value()) for key in store.keys]
        opened = await open_journal(store.url, ephemeral=store.ephemeral, keys=keys, folder=configured.folder)
        journal = self._journal = opened
        if (place := spool_place(store.url, store.spool, configured.folder)) is not None:
            journal = self._journal = SpooledJournal(opened, Spool(place.absolute(), Sealing(keys)))
            await journal.open()
        # What runs on this machine starts with us: nothing before it can count.
        cold = any(not entry.is_here for entry in configured.providers.values())
        self._permits = permits_beside(opened, store.url, cold=cold)
        await self._permits.open()
        return journal

    async def _listen(self, context: Context) -> None:
        listen, admin = self._configuration.listen, self._configuration.admin
        token = admin.token.get_secret_value() if admin.token is not None else None
        application = server.application(context, docs.add_pages, self._telemetry.handler)
        public = Listener(application, listen.host, listen.port, self._sockets.public)
        scraped = self._telemetry.metrics if self._configuration.telemetry.prometheus else None
        watched = health.application(self._readiness, token, scraped, self._quarantine)
        private = Listener(watched, admin.host, admin.port, self._sockets.admin)
        self._listeners = [private, public]
        for listener in self._listeners:
            await listener.start()
        self.url, self.admin_url = public.url, private.url
        self._published.start(self.providers.values())

    async def stop(self, *, grace: float = DRAIN_SECONDS) -> None:
        """Take nothing new, let operations under way end within `grace` seconds, close everything."""
        self._readiness.ready = False
        if self._listeners:
            # The admin listener goes on: it tells that this is no crash.
            await self._listeners[-1].drain()
        self._inbound.stop()
        if self._quarantine is not None:
            await self._quarantine.stop()
        if self._worker is not None:
            await self._worker.stop()
        if self._engine is not None:
            await self._engine.close(grace)
        for listener in reversed(self._listeners):
            await listener.stop()
        await self._published.stop()
        await self._permits.close()
        await self._cache.close()
        # Before the journal: a last look at what is measured asks it.
        await self._telemetry.close()
        if self._journal is not None:
            await self._journal.close()
        for provider in self.providers.values():
            provider.close()
        if self._tokens is not None:
            await self._tokens.close()
        await self._key_client.close()
        await self._outbound.close()
        if self._simulators is not None:
            await self._simulators.stop()
        await self._preparation.close()
        log.info("stopped")

    async def _start_simulators(self) -> None:
        adapters = {entry.common.adapter for entry in self._configuration.providers.values() if entry.simulated}
        if adapters and not self.simulator_urls:
            self._simulators = await start_process(sorted(adapters), seed=self._seed, pace=self._pace)
            self.simulator_urls = self._simulators.urls

    def _provider(self, entry: Configured, way: Channel) -> Provider:
        adapter = entry.adapter()
        pacer = account_pacer(adapter, entry.common.adapter, entry.common.limits, self._permits)
        self._telemetry.budgets(adapter.name, pacer)
        provider = Provider(
            adapter,
            way,
            self._outbound,
            pacer,
            entry.common.timeouts,
            adapter_name=entry.common.adapter,
            simulated=entry.simulated,
            resilience=entry.common.resilience,
            watch=self._telemetry.watch(adapter.name, self._outbound),
        )
        provider.writes_paused = entry.common.writes == "paused"
        self._telemetry.circuit(provider.name, provider.guard.circuit)
        return provider

    def _channel(self, entry: Configured) -> Channel:
        common = entry.common
        return channel(
            self.simulator_urls[common.adapter] if entry.simulated else entry.base_url,
            simulator=entry.simulated,
            proxy=None if common.proxy is None else common.proxy.get_secret_value(),
            ca_file=common.ca_file,
            client_cert=None if common.client_cert is None else common.client_cert.cert_file,
            client_key=None if common.client_cert is None else common.client_cert.key_file,
            connect_timeout=common.timeouts.connect,
        )

    async def _callers(self) -> Callers:
        configured, listen = self._configuration, self._configuration.listen
        hosts: set[str] = set(listen.hosts)
        if is_loopback(listen.host):
            hosts |= {"localhost", "127.0.0.1", "::1", listen.host}
        elif hosts:
            hosts.add(listen.host)
        if configured.issuers:
            await self._key_client.open()
            self._tokens = await asyncio.to_thread(self._tokens_of_issuers)
        return Callers(callers_of(configured.callers), hosts, listen.origins, self._tokens)

    def _tokens_of_issuers(self) -> Tokens:
        """Return what tells callers by their tokens. Reads files; raises ValueError."""
        configured = self._configuration
        # PyJWT and cryptography take a while to import: only who has issuers waits for them.
        issuers = import_module("gateway.api.issuers")
        tokens: Tokens = issuers.tokens_of(configured.issuers, configured.callers, self._key_client)
        return tokens


async def serve(gateway: Gateway, started: Callable[[], object] = lambda: None) -> NoReturn:
    """Run a gateway until cancelled, then let operations under way end. `started` is called when it serves."""
    await gateway.start()
    try:
        started()
        while True:
            await asyncio.Event().wait()
    finally:
        await gateway.stop()
