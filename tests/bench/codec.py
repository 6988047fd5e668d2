"""What JSON codec, and what to hold canonical values in: measured on what the benchmark's provider answers.

    PYTHONPATH=tests .venv/bin/python -m bench.codec

Microseconds of CPU, the least of several repetitions, all ways in turns; what counts are the ratios. orjson is left
out where it is not installed: the product does not need it.
"""

import importlib.util
import json
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from adapters.contract import codec
from bench import answers
from bench.representations import DICTS, MODELS, STRUCTS, Listing

REPETITIONS = 40
Work = Callable[[], object]


def least(ways: dict[str, Work], calls: int) -> dict[str, float]:
    """Return the microseconds that one call of each takes, without what disturbs now and then."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(REPETITIONS):
        for name, work in ways.items():
            started = time.process_time()
            for _ in range(calls):
                work()
            best[name] = min(best[name], (time.process_time() - started) / calls * 1e6)
    return best


def codecs(body: bytes) -> dict[str, Work]:
    """Return ways to decode a body and encode it again."""

    def stdlib() -> object:
        return json.dumps(json.loads(body, parse_float=Decimal), default=str, separators=(",", ":"))

    ways: dict[str, Work] = {
        "msgspec, fractions as text": lambda: codec.encode(codec.decode(body)),
        "msgspec, fractions as floats": lambda: msgspec.json.encode(msgspec.json.decode(body)),
        "json, fractions as Decimal": stdlib,
    }
    if importlib.util.find_spec("orjson"):
        orjson: Any = importlib.import_module("orjson")
        ways["orjson, fractions as floats"] = lambda: orjson.dumps(orjson.loads(body))
    return ways


def pages(body: bytes) -> dict[str, Work]:
    """Return ways to decode, translate and encode a page of products."""

    def rows() -> list[Any]:
        found: list[Any] = codec.decode(body)["data"]
        return found

    return {
        "msgspec Structs": lambda: codec.encode({"items": [STRUCTS.to_product(row) for row in rows()]}),
        "dicts": lambda: codec.encode({"items": [DICTS.to_product(row) for row in rows()]}),
        "pydantic models": lambda: (
            Listing(items=tuple([MODELS.to_product(row) for row in rows()]))
            .model_dump_json(by_alias=True, exclude_none=True)
            .encode()
        ),
    }


def orders(body: bytes) -> dict[str, Work]:
    """Return ways to decode, translate and encode an order."""
    return {
        "msgspec Structs": lambda: codec.encode(STRUCTS.to_order(codec.decode(body))),
        "dicts": lambda: codec.encode(DICTS.to_order(codec.decode(body))),
        "pydantic models": lambda: (
            MODELS.to_order(codec.decode(body)).model_dump_json(by_alias=True, exclude_none=True).encode()
        ),
    }


def report(title: str, ways: dict[str, Work], calls: int) -> None:
    """Print each way's time and how it compares with the first, which is the product's."""
    times = least(ways, calls)
    first = next(iter(times.values()))
    print(f"\n{title}")
    for name, taken in times.items():
        print(f"  {name:<30}{taken:>8.0f} µs{taken / first:>7.2f}")


def main() -> None:
    """Measure and print everything."""
    order, page = answers.gelato_order(), answers.reseller_page()
    report(f"order of {len(order) / 1000:.1f} KB: decode, translate, encode", orders(order), 100)
    report(f"page of {len(page) / 1000:.1f} KB: decode, translate, encode", pages(page), 10)
    report("page: decode and encode, nothing between", codecs(page), 10)


if __name__ == "__main__":
    main()
