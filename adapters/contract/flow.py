"""An operation as a generator: it yields requests, is sent what came of them, and returns a canonical model.

    def get_order(self, order_id: str) -> Flow[Order]:
        response = yield HttpRequest("GET", "/orders/{id}", {"id": order_id})
        return to_order(response.object())

A flow may yield one request and is sent one HttpResponse; where the answer is an error, the ProviderError that
`Adapter.error` made of it is raised at the `yield` instead. Or it yields a list of independent requests and is sent
a list in the same order, each an HttpResponse or a ProviderError (nothing is raised): reads run at once, writes
are frozen together and sent one by one.
"""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from adapters.contract.errors import ProviderError
from adapters.contract.wire import HttpRequest, HttpResponse

T = TypeVar("T")

Answer = HttpResponse | ProviderError
Flow = Generator[HttpRequest | list[HttpRequest], Any, T]


def run(flow: Flow[T], exchange: Callable[[HttpRequest], Answer]) -> T:
    """Drive a flow with a plain function in place of the network: for tests, simulators and dry runs.

    Raises what the flow raises, ProviderErrors included.
    """
    try:
        step = next(flow)
        while True:
            if isinstance(step, list):
                step = flow.send([exchange(request) for request in step])
                continue
            answer = exchange(step)
            step = flow.throw(answer) if isinstance(answer, ProviderError) else flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
