"""What is no proper HTTP, or asks for what is not there: a bare 400 or a problem, nothing sent, nothing logged."""

import pytest

from support.gateway_thread import Served
from support.published_contract import PublishedContract
from support.raw_client import exchanged, request

pytestmark = pytest.mark.usefixtures("nothing_is_sent")

ORDER = b'{"reference":"MALFORMED-1","lines":[{"productId":"reseller:266-235","quantity":1}]}'
JSON = ("Content-Type", "application/json")
KEY = ("Idempotency-Key", "malformed-1")
MARKER = "4a6f686e2d536563726574"


def post(*headers: tuple[str, str], body: bytes | None = ORDER) -> bytes:
    return request("POST", "/v1/orders", body, [JSON, KEY, *headers])


def get(*headers: tuple[str, str], target: str = "/v1/operations") -> bytes:
    return request("GET", target, None, headers)


CHUNKED = ("Transfer-Encoding", "chunked")
BARE: dict[str, bytes] = {
    "TLS on a port without": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + MARKER.encode() + b"\r\n\r\n",
    "no request line": f"{MARKER}\r\n\r\n".encode(),
    "a method of one's own": request("PLACE", "/v1/orders", ORDER, [JSON, KEY]),
    "a method that is no token": b"G@T /v1/operations HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "a version that is none": b"GET / HTTP/one\r\nHost: 127.0.0.1\r\n\r\n",
    "HTTP/2 without agreement": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "line feeds alone": b"GET /v1/operations HTTP/1.1\nHost: 127.0.0.1\n\n",
    "a space in the path": get(target="/v1/opera tions"),
    "raw bytes in the path": get(target="/v1/operations/\xff\xfe"),
    "a target of 9 KB": get(target="/v1/orders/" + "x" * 9000),
    "an address that is none": get(target="http://[::1"),
    "a header of 9 KB": get(("X-Long", MARKER * 500)),
    "130 headers": get(*((f"X-{number}", MARKER) for number in range(130))),
    "a header without a name": get(("", MARKER)),
    "a header name with a space": get((f"X {MARKER}", "a")),
    "a NUL in a header": get(("X-Nul", f"a\0{MARKER}")),
    "a header that goes on in the next line": get(("X-Fold", f"a\r\n {MARKER}")),
    "no Host": b"GET /v1/operations HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two Hosts": get(("Host", "localhost")),
    "Content-Length and Transfer-Encoding": post(CHUNKED),
    "two Content-Lengths": post(("Content-Length", "5")),
    "a Content-Length below zero": post(("Content-Length", "-1"), body=None),
    "a Content-Length with a plus": post(("Content-Length", "+5"), body=None) + b"hello",
    "a Content-Length of 30 digits": post(("Content-Length", "9" * 30), body=None),
    "a Transfer-Encoding that is none": post(("Transfer-Encoding", "gzip"), body=None) + b"x",
    "chunked, and then something": post(("Transfer-Encoding", "chunked, gzip"), body=None) + b"0\r\n\r\n",
    "a chunk size that is none": post(CHUNKED, body=None) + f"{MARKER}xyz\r\n".encode(),
    "an Expect that nobody knows": post(("Expect", MARKER)),
}


@pytest.mark.parametrize("sent", BARE.values(), ids=BARE)
async def test_what_the_parser_refuses_is_answered_400_and_kept_out_of_the_log(
    attacked: Served, sent: bytes, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """One 400 without a body, the connection closed, and not a byte of it in a log or in the answer."""
    capfd.readouterr()
    (answer,) = await exchanged(attacked.port, sent)
    assert (answer.status, answer.body) == (400, b"")
    assert answer.header("Server") == "ordergate"
    logged = "".join(capfd.readouterr()) + caplog.text
    assert MARKER not in logged + answer.head
    assert "Traceback" not in logged


PROBLEMS: dict[str, tuple[bytes, int, str]] = {
    "a header section of more than 16 KiB": (get(*((f"X-{n}", "b" * 400) for n in range(60))), 431, "header-too-large"),
    "a foreign Host": (request("GET", "/v1/operations", host="evil.example"), 403, "forbidden"),
    "a foreign Host in an address": (request("GET", "http://a/v1/operations", host="evil.example"), 403, "forbidden"),
    "a foreign Host with a port": (request("POST", "/v1/orders", ORDER, [JSON, KEY], host="a.b:80"), 403, "forbidden"),
    "a foreign Origin": (post(("Origin", "https://evil.example")), 403, "forbidden"),
    "an Origin of another port": (post(("Origin", "http://127.0.0.1:1")), 403, "forbidden"),
    "no Origin worth the name": (post(("Origin", "null")), 403, "forbidden"),
    "an Origin that is no text": (get(("Origin", "\xff\xfe")), 403, "forbidden"),
    "OPTIONS of anything": (request("OPTIONS", "*"), 404, "not-found"),
    "OPTIONS of a path": (request("OPTIONS", "/v1/orders"), 405, "method-not-allowed"),
    "TRACE": (request("TRACE", "/v1/orders"), 405, "method-not-allowed"),
    "PUT": (request("PUT", "/v1/orders", ORDER, [JSON, KEY]), 405, "method-not-allowed"),
    "a method of WebDAV": (request("PROPFIND", "/v1/orders", ORDER, [JSON, KEY]), 405, "method-not-allowed"),
    "HTTP/0.9": (b"GET /v1/operations\r\nHost: 127.0.0.1\r\n\r\n", 400, "malformed-request"),
    "CONNECT": (request("CONNECT", "evil.example:443"), 404, "not-found"),
    "a path that is none": (get(target="/v1/order"), 404, "not-found"),
    "a path with dots": (get(target="/docs/../../gateway.yaml"), 404, "not-found"),
    "a path with encoded dots": (get(target="/docs/%2e%2e/%2e%2e/gateway.yaml"), 404, "not-found"),
    "a path with a broken escape": (get(target="/v1/providers/%zz"), 404, "not-found"),
    "a path that is not UTF-8": (get(target="/v1/providers/%ff%fe"), 404, "not-found"),
    "Accept of HTML": (get(("Accept", "text/html")), 406, "not-acceptable"),
    "Accept of nothing": (get(("Accept", "application/json;q=0")), 406, "not-acceptable"),
    "Accept of rubbish": (get(("Accept", ";;,,=/\xff")), 406, "not-acceptable"),
    "no media type": (request("POST", "/v1/orders", ORDER, [KEY]), 415, "unsupported-media-type"),
    "a form": (
        request("POST", "/v1/orders", ORDER, [KEY, ("Content-Type", "application/x-www-form-urlencoded")]),
        415,
        "unsupported-media-type",
    ),
    "another charset": (
        request("POST", "/v1/orders", ORDER, [KEY, ("Content-Type", "application/json; charset=utf-16")]),
        415,
        "unsupported-media-type",
    ),
    "a media type of rubbish": (
        request("POST", "/v1/orders", ORDER, [KEY, ("Content-Type", ';;="\xff')]),
        415,
        "unsupported-media-type",
    ),
    "parameters of rubbish": (
        request("POST", "/v1/orders", ORDER, [KEY, ("Content-Type", "application/json;;;=")]),
        415,
        "unsupported-media-type",
    ),
    "gzip": (post(("Content-Encoding", "gzip")), 415, "unsupported-media-type"),
    "deflate that is none, in chunks": (
        post(("Content-Encoding", "deflate"), CHUNKED, body=None) + b"2\r\nxx\r\n0\r\n\r\n",
        415,
        "unsupported-media-type",
    ),
    "no key": (request("POST", "/v1/orders", ORDER, [JSON]), 400, "idempotency-key-missing"),
    "two keys": (post(("Idempotency-Key", "malformed-2")), 400, "idempotency-key-invalid"),
    "the same key twice": (post(KEY), 400, "idempotency-key-invalid"),
    "a key of nothing": (request("POST", "/v1/orders", ORDER, [JSON, (KEY[0], "")]), 400, "idempotency-key-invalid"),
    "a key of 256": (request("POST", "/v1/orders", ORDER, [JSON, (KEY[0], "k" * 256)]), 400, "idempotency-key-invalid"),
    "a key with a space": (
        request("POST", "/v1/orders", ORDER, [JSON, (KEY[0], "a b")]),
        400,
        "idempotency-key-invalid",
    ),
    "a key that is no text": (
        request("POST", "/v1/orders", ORDER, [JSON, (KEY[0], '"\xff"')]),
        400,
        "idempotency-key-invalid",
    ),
    "a quote that does not end": (
        request("POST", "/v1/orders", ORDER, [JSON, (KEY[0], '"abc')]),
        400,
        "idempotency-key-invalid",
    ),
    "a preference that nobody knows": (post(("Prefer", "handling=lenient")), 400, "malformed-request"),
    "a wait of rubbish": (post(("Prefer", "wait=-1\xff")), 400, "malformed-request"),
    "a body of more than 1 MiB": (post(body=b'"' + b"a" * (1024 * 1024 - 1) + b'"'), 413, "payload-too-large"),
    "1 MiB and one in chunks": (
        post(CHUNKED, body=None) + b"100001\r\n" + b"a" * (1024 * 1024 + 1) + b"\r\n0\r\n\r\n",
        413,
        "payload-too-large",
    ),
}


@pytest.mark.parametrize(("sent", "status", "problem"), PROBLEMS.values(), ids=PROBLEMS)
async def test_what_the_gateway_refuses_is_a_problem(
    attacked: Served, contract: PublishedContract, sent: bytes, status: int, problem: str
) -> None:
    """The problem of the table, as the document describes it, and for a write the word that nothing was placed."""
    (answer,) = await exchanged(attacked.port, sent)
    assert (answer.status, answer.problem_name) == (status, problem)
    method, target = sent.split(maxsplit=2)[:2]
    headers = {name: answer.header(name) for name in ("Content-Type", "X-Request-ID", "Server-Timing")}
    assert contract.complaints(method.decode(), target.decode("latin-1"), status, headers, answer.problem) == []
    assert answer.header("Access-Control-Allow-Origin") is None
    if method == b"POST" and problem != "forbidden":
        assert (answer.problem["placed"], answer.problem["retry"]) == ("no", "same-key")
    if status == 405:
        assert set((answer.header("Allow") or "").split(",")) == {"GET", "HEAD", "POST"}


async def test_head_is_answered_without_a_body(attacked: Served) -> None:
    """A refusal of HEAD has the length of its problem and none of its bytes, so the next answer is not confused."""
    (answer,) = await exchanged(attacked.port, request("HEAD", "/v1/availability"), method="HEAD")
    assert (answer.status, answer.body) == (405, b"")
    (answer,) = await exchanged(attacked.port, request("HEAD", "/openapi.json"), method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


async def test_a_body_of_exactly_one_mebibyte_is_read(attacked: Served) -> None:
    """The limit is inclusive: this one is refused for what it says, not for its length."""
    (answer,) = await exchanged(attacked.port, post(body=b'"' + b"a" * (1024 * 1024 - 2) + b'"'))
    assert (answer.status, answer.problem_name) == (400, "validation-failed")


async def test_a_strange_request_id_is_replaced(attacked: Served) -> None:
    """An id that could break a log line or a header is not passed on."""
    for strange in ("a b", "x" * 129, 'a"b', "\xe9"):
        (answer,) = await exchanged(attacked.port, get(("X-Request-ID", strange)))
        assert answer.status == 200
        assert len(answer.header("X-Request-ID") or "") == 36


async def test_an_authorization_that_is_no_text_is_answered(attacked: Served) -> None:
    """Bytes that are no UTF-8 are a wrong key, where keys are asked for, and never a failure."""
    (answer,) = await exchanged(attacked.port, get(("Authorization", "Bearer \xff\xfe")))
    assert answer.status == 200


async def test_a_page_of_the_gateways_own_may_call_it(attacked: Served) -> None:
    """A browser on /docs sends an Origin with its POST: the gateway's own Host, port included."""
    own = f"127.0.0.1:{attacked.port}"
    sent = request("POST", "/v1/orders", b"{}", [JSON, KEY, ("Origin", f"http://{own}")], host=own)
    (answer,) = await exchanged(attacked.port, sent)
    assert answer.problem_name == "validation-failed"


async def test_requests_in_one_piece_are_answered_in_turn(attacked: Served) -> None:
    """Pipelining: the refusal of one does not swallow or answer the next."""
    one = get(("Accept", "text/html")).replace(b"Connection: close\r\n", b"")
    answers = await exchanged(attacked.port, one + one + get())
    assert [answer.status for answer in answers] == [406, 406, 200]
