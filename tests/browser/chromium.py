"""A browser without a window, spoken to over the DevTools protocol: what a page asks for, and what it complains of."""

import asyncio
import base64
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

PROGRAM = os.environ.get("ORDERGATE_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--window-size=1280,1600",
    # A page that asks for another host is seen asking, and gets nothing.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
SECONDS = 30.0


class Page:
    """One tab. `requests` are the addresses it asked for; `complaints` what the browser or its scripts found wrong."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self._line = line
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._listening = asyncio.create_task(self._listen())

    async def open(self, url: str) -> None:
        """Go to a page, from the start of which on everything is noted."""
        for domain in ("Page", "Network", "Log", "Runtime", "Audits"):
            await self._ask(f"{domain}.enable")
        await self._ask("Page.navigate", url=url)

    async def evaluate(self, script: str) -> Any:
        """Return what a script in the page gives."""
        reply = await self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return reply["result"].get("value")

    async def wait(self, script: str) -> None:
        """Return when the script gives something true. Raises TimeoutError."""
        async with asyncio.timeout(SECONDS):
            look = f"const look = () => ({script}) ? done() : requestAnimationFrame(look); look();"
            await self.evaluate(f"new Promise(done => {{ {look} }})")

    async def picture(self, path: Path) -> None:
        """Save what is seen as a PNG file."""
        picture = (await self._ask("Page.captureScreenshot"))["data"]
        await asyncio.to_thread(path.write_bytes, base64.b64decode(picture))

    async def close(self) -> None:
        self._listening.cancel()
        await self._line.close()

    async def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = len(self._replies) + 1
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        await self._line.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(SECONDS):
            answered: dict[str, Any] = await reply
        return answered

    async def _listen(self) -> None:
        async for message in self._line:
            told = message.json()
            if "id" in told:
                self._replies[told["id"]].set_result(told.get("result", {}))
            else:
                self._note(told["method"], told["params"])

    def _note(self, event: str, told: dict[str, Any]) -> None:
        match event:
            case "Network.requestWillBeSent":
                self.requests.append(told["request"]["url"])
            case "Log.entryAdded":
                self.complaints.append(f"{told['entry']['level']}: {told['entry']['text']}")
            case "Runtime.exceptionThrown":
                self.complaints.append(f"exception: {told['exceptionDetails']['text']}")
            case "Runtime.consoleAPICalled" if told["type"] in {"error", "warning", "assert"}:
                self.complaints.append(f"console: {told['args']}")
            case "Audits.issueAdded" if told["issue"]["code"] == "ContentSecurityPolicyIssue":
                self.complaints.append(f"issue: {told['issue']}")


@asynccontextmanager
async def browsing(folder: Path) -> AsyncIterator[Page]:
    """Start a browser with a profile in this folder, and yield its tab."""
    assert PROGRAM is not None
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *OPTIONS, f"--user-data-dir={folder / 'profile'}", "about:blank", stdout=DEVNULL, stderr=PIPE
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(SECONDS):
            while b"DevTools listening on ws://" not in (line := await process.stderr.readline()):
                assert line, "the browser did not start"
        reading = asyncio.create_task(process.stderr.read())
        address = line.decode().split("ws://")[1].split("/")[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{address}/json/list") as response:
                tab = next(one for one in await response.json() if one["type"] == "page")
            page = Page(await session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0))
            try:
                yield page
            finally:
                await page.close()
        reading.cancel()
    finally:
        process.terminate()
        await process.wait()
