"""The documents about the API: OpenAPI, the page that shows it, and a page for each problem type. All are public."""

import asyncio
import hashlib
import html
import re
from functools import lru_cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from aiohttp import web

from adapters.contract import codec
from gateway.api.body import refuse
from gateway.api.caching import has
from gateway.api.problems import TYPES
from gateway.api.router import Request, Router

STATIC = Path(__file__).with_name("static")
SWAGGER = "docs/swagger-ui-5.35.0"
"""Where the vendored files are served; the version in it lets browsers keep them for good."""

FILES = {
    "docs/docs.js": (STATIC / "docs.js", "text/javascript; charset=utf-8", "no-cache"),
    "docs/docs.css": (STATIC / "docs.css", "text/css; charset=utf-8", "no-cache"),
    "docs/pages.css": (STATIC / "pages.css", "text/css; charset=utf-8", "no-cache"),
    f"{SWAGGER}/swagger-ui-bundle.js": (
        STATIC / "vendor/swagger-ui/swagger-ui-bundle.js",
        "text/javascript; charset=utf-8",
        "public, max-age=31536000, immutable",
    ),
    f"{SWAGGER}/swagger-ui.css": (
        STATIC / "vendor/swagger-ui/swagger-ui.css",
        "text/css; charset=utf-8",
        "public, max-age=31536000, immutable",
    ),
}
"""Path → file, media type, Cache-Control."""

_HTML = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
{head}
</head>
<body>
{body}
</body>
</html>
"""
_PROBLEMS = (
    "An answer of 400 and above is `application/problem+json` (RFC 9457). Decide by `type`; for a write `placed` says "
    "whether it was done, and `retry` whether to repeat it with the same key or another."
)


def add_pages(router: Router) -> None:
    """Add the documents' routes."""
    router.add("GET", "/openapi.json", _openapi)
    router.add("GET", "/docs", _docs)
    router.add("GET", "/problems", _problems)
    router.add("GET", "/problems/{type}", _problem)
    for path in FILES:
        router.add("GET", f"/{path}", _file)


@lru_cache(maxsize=1)
def _encoded() -> tuple[bytes, str]:
    """Return the OpenAPI document as JSON, and its tag."""
    # What generates it is large, and imported by the first who asks.
    body = codec.encode(import_module("gateway.api.openapi").document(version("ordergate")))
    return body, _tag(body)


async def _openapi(request: Request) -> web.Response:
    """Answer with the OpenAPI document."""
    body, tag = await asyncio.to_thread(_encoded)
    return _tagged(request, body, tag, "application/json", "no-cache")


async def _docs(request: Request) -> web.Response:
    """Show the OpenAPI document to people."""
    head = (
        f'<link rel="stylesheet" href="{SWAGGER}/swagger-ui.css">\n'
        '<link rel="stylesheet" href="docs/docs.css">\n'
        f'<script src="{SWAGGER}/swagger-ui-bundle.js" defer></script>\n'
        '<script src="docs/docs.js" defer></script>'
    )
    page = _PAGE.format(title="Ordergate API", head=head, body='<div id="swagger-ui"></div>')
    return web.Response(body=page.encode(), headers=_HTML)


async def _problems(request: Request) -> web.Response:
    """List the problem types for people."""
    rows = "\n".join(
        f'<tr><td><a href="problems/{name}"><code>{name}</code></a></td><td>{_status(name)}</td>'
        f"<td>{_prose(kind.title)}</td></tr>"
        for name, kind in TYPES.items()
    )
    body = (
        f"<h1>Problem types</h1>\n<p>{_prose(_PROBLEMS)}</p>\n"
        f"<table>\n<tr><th>type</th><th>status</th><th>title</th></tr>\n{rows}\n</table>\n"
        '<footer><a href="docs">All endpoints</a></footer>'
    )
    head = '<link rel="stylesheet" href="docs/pages.css">'
    page = _PAGE.format(title="Problem types · Ordergate", head=head, body=body)
    return web.Response(body=page.encode(), headers=_HTML)


async def _problem(request: Request) -> web.Response:
    """Explain a problem type to people. Raises ApiError (`not-found`)."""
    name = request.match_info["type"]
    kind = TYPES.get(name)
    if kind is None:
        refuse("not-found", "There is no problem type of that name.")
    body = (
        f"<h1>{_prose(kind.title)}</h1>\n<p>{_prose(kind.meaning)}</p>\n"
        f"<dl><dt>type</dt><dd><code>/problems/{name}</code></dd><dt>status</dt><dd>{_status(name)}</dd></dl>\n"
        '<footer><a href="../problems">All problem types</a> · <a href="../docs">All endpoints</a></footer>'
    )
    head = '<link rel="stylesheet" href="../docs/pages.css">'
    page = _PAGE.format(title=f"{html.escape(kind.title)} · Ordergate", head=head, body=body)
    return web.Response(body=page.encode(), headers=_HTML)


def _status(name: str) -> str:
    """Return the statuses of a problem type; one has two."""
    return f"{TYPES[name].status}, 422" if name == "validation-failed" else str(TYPES[name].status)


def _prose(text: str) -> str:
    """Return HTML for a text in which `code` stands between backquotes."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


async def _file(request: Request) -> web.Response:
    """Answer with one of the files that the pages need."""
    path, media_type, caching = FILES[request.path.lstrip("/")]
    body = await asyncio.to_thread(path.read_bytes)
    return _tagged(request, body, _tag(body), media_type, caching)


def _tagged(request: Request, body: bytes, tag: str, media_type: str, caching: str) -> web.Response:
    """Return the body with its tag, or 304 for a client that has it."""
    headers = {"ETag": f'"{tag}"', "Cache-Control": caching}
    if has(request, tag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers={**headers, "Content-Type": media_type})


def _tag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
