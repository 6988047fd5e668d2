"""What providers do to us, and what an adapter refuses, as a tree.

AdapterError
├── Refusal                        the adapter refuses the input; nothing was sent
│   ├── InvalidOrder               the content is wrong: violations
│   ├── LossyTranslation           the provider cannot take these members: violations
│   └── UnsupportedOperation       the provider, or this account's configuration, cannot do this
└── ProviderError                  the provider answered, and the answer is not what was asked for
    ├── Rejected                   the provider refuses the content (final)
    │   ├── OutOfStock
    │   ├── InsufficientBalance
    │   ├── PriceChanged
    │   └── KeyMismatch            the same idempotency key with other content (or plain validation: see adapter)
    ├── NotFound
    ├── Gone
    ├── NotCancellable             too late, or not in a state that can be cancelled or changed
    ├── DuplicateReference         the provider knows this reference already
    ├── CredentialsRefused         our credentials are wrong or expired
    ├── AccountRefused             the account may not: plan lapsed, not allowed, disabled for the tenant
    ├── RateLimited                with retry_after where the provider says
    ├── Unavailable                the provider fails or is down
    ├── ProtocolMismatch           the provider does not take what our adapter sends (405 406 415 …)
    │   └── WrongAddress           nothing is there: `base_url` or a path in the settings is wrong
    ├── MalformedResponse          an answer that cannot be read
    └── NoAnswer                   no whole answer came; made by the gateway, not by adapters
"""

from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Violation:
    """One member that is wrong: its path (`lines[0].quantity`) and why."""

    name: str
    reason: str


class AdapterError(Exception):
    """Anything an adapter raises on purpose."""


class Refusal(AdapterError):
    """The adapter refuses the input. Nothing was sent."""

    def __init__(self, detail: str, violations: tuple[Violation, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.violations = violations


class InvalidOrder(Refusal):
    """The content cannot be right for this provider; `violations` name each member."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__("The provider would not accept this content.", violations)


class LossyTranslation(Refusal):
    """The provider has no place for these members, and dropping them silently is not done."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__("The provider cannot take everything that was said.", violations)


class UnsupportedOperation(Refusal):
    """The provider, or the account as configured, cannot do this; `detail` says why and what would help."""


class ProviderError(AdapterError):
    """The provider answered with an error, or what it answered is none of what was asked for.

    What it said is told apart from what we say of it. `reason` is our own sentence, for an error without an answer of
    its own or with one that does not explain itself. The provider's words go by name, and only `Adapter.error` has
    them: `status` of the answer, its machine-readable `code`, its `message` for people (never searched, capped before
    it is shown), the `request_id` that its support asks for. Raises ValueError for words without a status: they came
    with no answer. `retry_after` is in seconds.
    """

    def __init__(
        self,
        reason: str = "",
        *,
        status: int | None = None,
        code: str | None = None,
        message: str = "",
        request_id: str | None = None,
        retry_after: float | None = None,
        violations: tuple[Violation, ...] = (),
    ) -> None:
        if status is None and (code or message or request_id):
            raise ValueError("a provider's words come with an answer, and that has a status")
        super().__init__()
        self.reason = reason
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.retry_after = retry_after
        self.violations = violations

    @override
    def __str__(self) -> str:
        return f"{type(self).__name__} (status {self.status}, code {self.code})"


class Rejected(ProviderError):
    """The provider understood the request and refuses its content. Final."""


class OutOfStock(Rejected):
    """Something ordered is not to be had."""


class InsufficientBalance(Rejected):
    """The account's balance does not cover the order."""


class PriceChanged(Rejected):
    """The price is no longer the one the order was made for."""


class KeyMismatch(Rejected):
    """The provider's idempotency key was used with other content (where this can be told from validation)."""


class NotFound(ProviderError):
    """The resource does not exist at the provider."""


class Gone(ProviderError):
    """The resource existed and does no longer."""


class NotCancellable(ProviderError):
    """The order's state no longer allows the change."""


class DuplicateReference(ProviderError):
    """The provider already has an order with this reference."""


class CredentialsRefused(ProviderError):
    """The provider does not accept our credentials or token."""


class AccountRefused(ProviderError):
    """The credentials are right, but the account may not do this. Never cured by logging in again."""


class RateLimited(ProviderError):
    """The provider refuses because of too many requests. Not executed."""


class Unavailable(ProviderError):
    """The provider failed (5xx) or could not be understood as a provider at all (a proxy's page)."""


class ProtocolMismatch(ProviderError):
    """The provider does not take the method, path or media type the adapter uses: the adapter's fault."""


class WrongAddress(ProtocolMismatch):
    """Nothing at the configured address takes the request: `base_url`, or a path in the settings, is wrong."""


class MalformedResponse(ProviderError):
    """A success status with a body that cannot be read: truncated, wrong type, not JSON.

    A flow that finds this says what is wrong; the gateway adds the status of the answer that the flow was given last.
    """


class NoAnswer(ProviderError):
    """No whole answer came back. The gateway raises it into a flow; an adapter never makes one.

    `sent` is False only when it is proven that not one byte of the request left. In a list of writes, an answer that
    is NoAnswer with `sent`, Unavailable or MalformedResponse leaves that part `unknown`; any other error means it was
    not executed. `status` is that of an answer that broke off after its head, or that an adapter failed to read.
    """

    def __init__(self, reason: str, *, sent: bool, timed_out: bool = False, status: int | None = None) -> None:
        super().__init__(reason, status=status)
        self.sent = sent
        self.timed_out = timed_out
