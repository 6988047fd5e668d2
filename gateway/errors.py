"""The one table: what each error means to the caller, and what it says about a write.

`problem` is the type the caller sees; `judgement` is what an answer that was judged so says about a request with
effect `commit`: executed, rejected (final), not-executed (may be repeated), or unclear. `repeat` says whether another
try of ours may help: of a read, or of a write of which nothing was executed. A test proves the table total.
"""

from dataclasses import dataclass

from adapters.contract import errors as provider
from gateway.api.problems import Problem, ProblemViolation, ProviderWords, problem
from policies import errors as policy
from policies.journal import JournalUnavailable
from policies.operation import Judgement
from policies.permits import PermitsUnavailable
from policies.retry import Repeat

MESSAGE_LIMIT = 300


class AdapterFault(Exception):
    """An adapter failed with an exception of its own: our fault, never blamed on the provider."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: the problem type, the judgement of a commit answered so (None: never an answer), and another try."""

    problem: str
    judgement: Judgement | None = None
    repeat: Repeat = "never"


TABLE: dict[type[Exception], Rule] = {
    provider.InvalidOrder: Rule("validation-failed"),
    provider.LossyTranslation: Rule("lossy-translation"),
    provider.UnsupportedOperation: Rule("unsupported-operation"),
    provider.Refusal: Rule("validation-failed"),
    provider.Rejected: Rule("rejected-by-provider", "rejected"),
    provider.OutOfStock: Rule("out-of-stock", "rejected"),
    provider.InsufficientBalance: Rule("insufficient-balance", "rejected"),
    provider.PriceChanged: Rule("price-changed", "rejected"),
    provider.KeyMismatch: Rule("rejected-by-provider", "rejected"),
    provider.NotFound: Rule("not-found", "rejected"),
    provider.Gone: Rule("gone", "rejected"),
    provider.NotCancellable: Rule("not-cancellable", "rejected"),
    # The order that has the reference may be ours, from before a restart: nobody may be told that there is none.
    provider.DuplicateReference: Rule("duplicate-order-reference", "unclear"),
    provider.CredentialsRefused: Rule("provider-credentials", "not-executed"),
    provider.AccountRefused: Rule("provider-account", "not-executed"),
    provider.RateLimited: Rule("provider-capacity", "not-executed", "soon"),
    provider.ProtocolMismatch: Rule("adapter-fault", "not-executed"),
    provider.WrongAddress: Rule("provider-address", "not-executed"),
    provider.Unavailable: Rule("provider-unavailable", "unclear", "soon"),
    provider.MalformedResponse: Rule("provider-malformed", "executed"),
    provider.NoAnswer: Rule("provider-unavailable", repeat="soon"),
    provider.ProviderError: Rule("provider-unavailable", "unclear"),
    provider.AdapterError: Rule("adapter-fault"),
    policy.KeyReused: Rule("idempotency-key-reused"),
    policy.InProgress: Rule("request-in-progress"),
    policy.DuplicateReference: Rule("duplicate-order-reference"),
    policy.CapacityExceeded: Rule("provider-capacity", repeat="later"),
    policy.ShareExceeded: Rule("rate-limited", repeat="later"),
    policy.DeadlineExceeded: Rule("deadline-exceeded", repeat="later"),
    policy.CircuitOpen: Rule("provider-unavailable", repeat="later"),
    policy.LeaseLost: Rule("request-in-progress"),
    policy.Withdrawn: Rule("not-found"),
    policy.Overloaded: Rule("overloaded", repeat="later"),
    policy.Quarantined: Rule("journal-restored"),
    policy.NotKept: Rule("not-cached"),
    policy.WritesPaused: Rule("writes-paused"),
    policy.OperationConflict: Rule("request-in-progress"),
    policy.PolicyError: Rule("overloaded"),
    JournalUnavailable: Rule("journal-unavailable"),
    PermitsUnavailable: Rule("budgets-unavailable", repeat="later"),
    AdapterFault: Rule("adapter-fault"),
}


def rule(error: Exception) -> Rule:
    """Return the row for an error: its class's, or the nearest class above it; `internal` for anything else."""
    for kind in type(error).__mro__:
        if kind in TABLE:
            return TABLE[kind]
    return Rule("internal")


def judgement(error: Exception | None) -> Judgement:
    """Return what an answer judged as `error` (None: success) says about a commit."""
    return "executed" if error is None else rule(error).judgement or "unclear"


def describe(error: Exception, account: str | None = None) -> Problem:
    """Return the problem for an error; `account` names the provider it concerns."""
    row = rule(error)
    name = row.problem
    if isinstance(error, provider.NoAnswer) and error.timed_out:
        name = "provider-timeout"
    if isinstance(error, provider.Refusal):
        return problem(
            name,
            error.detail,
            status=422 if name == "validation-failed" else None,
            violations=_violations(error.violations),
            provider=ProviderWords(name=account) if account else None,
        )
    if isinstance(error, provider.ProviderError):
        return problem(
            name,
            _capped(error.reason),
            violations=_violations(error.violations),
            retry_after=_seconds(error.retry_after),
            provider=None if account is None else words_of(error, account),
        )
    retry_after = getattr(error, "retry_after", None)
    return problem(name, retry_after=_seconds(retry_after), provider=ProviderWords(name=account) if account else None)


def _violations(violations: tuple[provider.Violation, ...]) -> tuple[ProblemViolation, ...]:
    return tuple(ProblemViolation(name=one.name, reason=_capped(one.reason) or "wrong") for one in violations[:100])


def words_of(error: provider.ProviderError, account: str) -> ProviderWords:
    """Return what the provider said, bounded and without markup."""
    return ProviderWords(
        name=account,
        status=error.status,
        code=_capped(error.code),
        message=_capped(error.message),
        request_id=_capped(error.request_id),
    )


def _capped(text: str | None) -> str | None:
    """Return plain text of bounded length; markup and control characters are not passed on."""
    if not text:
        return None
    if "<" in text and ">" in text:
        return None
    return "".join(character if character.isprintable() else " " for character in text[:MESSAGE_LIMIT]).strip() or None


def _seconds(value: float | None) -> int | None:
    return None if value is None else max(1, int(value + 0.999))
