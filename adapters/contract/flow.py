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

from adapters.contract.errors import MalformedResponse, ProviderError
from adapters.contract.wire import HttpRequest, HttpResponse

T = TypeVar("T")

Answer = HttpResponse | ProviderError
Flow = Generator[HttpRequest | list[HttpRequest], Any, T]


def give_status(error: Exception, given: Any) -> None:
    """Give a MalformedResponse the status of what its flow was given last, for that is what it found malformed.

    None where one of several answers may be meant, and they differ in it. Whoever drives a flow does this.
    """
    if isinstance(error, MalformedResponse) and error.status is None:
        answers = given if isinstance(given, list) else [given]
        statuses = {one.status for one in answers if isinstance(one, HttpResponse)}
        error.status = statuses.pop() if len(statuses) == 1 else None


def run(flow: Flow[T], exchange: Callable[[HttpRequest], Answer]) -> T:
    """Drive a flow with a plain function in place of the network: for tests, simulators and dry runs.

    Raises what the flow raises, ProviderErrors included.
    """
    answer: Any = None
    try:
        step = next(flow)
        while True:
            if isinstance(step, list):
                answer = [exchange(request) for request in step]
                step = flow.send(answer)
                continue
            answer = exchange(step)
            step = flow.throw(answer) if isinstance(answer, ProviderError) else flow.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except MalformedResponse as error:
        give_status(error, answer)
        raise
