"""The documents about the API: OpenAPI and the page that shows it."""

from aiohttp import web


def add_pages(app: web.Application) -> None:
    """Add the documents' routes."""
