"""Signing a customer in with a password: counted before it is checked, settled after.

One attempt is two transactions with the check between them. The first counts it, so that a thousand
attempts at once cannot pass a limit of ten; the second settles it. A process that dies in between
leaves the attempt counted.
"""

from collections.abc import Callable
from contextlib import suppress

from moneyer.audit.events import Event
from moneyer.customers.customer import Customer
from moneyer.customers.login import canonical_login
from moneyer.customers.verifiers import Verified, Verifier
from moneyer.grants.mint import Mint, TokenRequest
from moneyer.guards import attempts
from moneyer.guards.attempts import Attempts
from moneyer.protocol.failures import BadCustomer, Failure, Throttled, Unavailable
from moneyer.store.rows import Rows


class SignIn:
    """One attempt of one customer: the rows it counts in."""

    def __init__(self, request: TokenRequest, mint: Mint, login_id: str) -> None:
        self.request = request
        self.mint = mint
        self.institution_id = request.institution.institution_id
        self.login_key = canonical_login(login_id)
        client_id = request.application.client_id
        self.login = attempts.login_name(mint.keys.guess, self.login_key)
        self.source = attempts.source_name(client_id, request.trace.source)
        self.caller = attempts.application_name(client_id)

    def wants(self, rows: Rows) -> None:
        for name in (self.login, self.source, self.caller):
            rows.attempts.want(self.institution_id, name)

    def row(self, rows: Rows, name: str, now: int) -> Attempts:
        return rows.attempts.get(self.institution_id, name) or Attempts(self.institution_id, name, now)


Admission = Callable[[Customer], None]
"""Raises BadCustomer for a customer whom a grant does not admit, whatever they prove."""


def everyone(customer: Customer) -> None:
    """Admits every customer."""


async def check_password(
    sign_in: SignIn, login_id: str, password: str, admit: Admission = everyone
) -> Verified:
    """The customer who proved the password, if `admit` lets them in.

    Raises BadCustomer, the same for every cause and after the same work; Throttled when this source
    or this application has failed too often; Unavailable when the check could not be made, which is
    then not held against the login.
    """
    mint, request = sign_in.mint, sign_in.request
    verifier = mint.verifier(request.institution)
    with verifier.place():
        admitted = await mint.journal.perform(CountAttempt(sign_in))
        try:
            if not admitted:
                await verifier.refuse(password)
            return await _verify(sign_in, verifier, login_id, password, admit)
        except BadCustomer as failure:
            await mint.journal.perform(SettleFailure(sign_in, admitted, failure))
            raise
        except Unavailable:
            if admitted:
                await mint.journal.perform(WithdrawAttempt(sign_in))
            raise


async def _verify(
    sign_in: SignIn, verifier: Verifier, login_id: str, password: str, admit: Admission
) -> Verified:
    """Raises BadCustomer, Unavailable."""
    institution_id = sign_in.institution_id
    customer = await sign_in.mint.reader.customer_by_login(institution_id, sign_in.login_key)
    try:
        if customer is not None:
            admit(customer)
    except BadCustomer:
        # The work for a login that does not exist: whether the password was right is not even asked.
        with suppress(BadCustomer):
            await verifier.verify(institution_id, login_id, None, password)
        raise
    return await verifier.verify(institution_id, login_id, customer, password)


class CountAttempt:
    """Counts an attempt before it is made. Gives whether it may be made."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self.institution_id = sign_in.institution_id

    def wants(self, rows: Rows) -> None:
        self._sign_in.wants(rows)

    def decide(self, rows: Rows, now: int) -> bool:
        """Raises Throttled when the source or the application is blocked."""
        s, limits = self._sign_in, self._sign_in.mint.rate_limits
        source, caller = s.row(rows, s.source, now), s.row(rows, s.caller, now)
        try:
            attempts.require_unblocked(source, "source-throttled", now)
            attempts.require_unblocked(caller, "application-throttled", now)
        except Throttled as throttled:
            rows.record(_event(s, "sign-in:throttled", throttled))
            raise
        rows.attempts.put(attempts.count_rate(source, limits.source_failures, now))
        rows.attempts.put(attempts.count_rate(caller, limits.application_failures, now))
        counted = attempts.admit_login(s.row(rows, s.login, now), s.mint.login_limits, now)
        if counted is None:
            return False
        rows.attempts.put(counted)
        return True


class SettleFailure:
    """The attempt failed: it stays counted, and may lock the login."""

    def __init__(self, sign_in: SignIn, admitted: bool, failure: Failure) -> None:
        self._sign_in = sign_in
        self.institution_id = sign_in.institution_id
        self._admitted = admitted
        self._failure = failure

    def wants(self, rows: Rows) -> None:
        self._sign_in.wants(rows)

    def decide(self, rows: Rows, now: int) -> None:
        s = self._sign_in
        if self._admitted:
            row = s.row(rows, s.login, now)
            rows.attempts.put(attempts.fail_login(row, s.mint.login_limits, now))
        rows.record(_event(s, "sign-in:refused", self._failure))
        self._failure.recorded = True


class WithdrawAttempt:
    """The check could not be made: the attempt is taken back."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self.institution_id = sign_in.institution_id

    def wants(self, rows: Rows) -> None:
        self._sign_in.wants(rows)

    def decide(self, rows: Rows, now: int) -> None:
        s = self._sign_in
        rows.attempts.put(attempts.withdraw_login(s.row(rows, s.login, now)))
        uncount_source(s, rows, now)


def forgive(sign_in: SignIn, rows: Rows, now: int) -> None:
    """The attempt succeeded: nothing is held against the login, its source or its application."""
    s = sign_in
    rows.attempts.put(attempts.forgive(s.row(rows, s.login, now), now))
    uncount_source(s, rows, now)


def uncount_source(s: SignIn, rows: Rows, now: int) -> None:
    for name in (s.source, s.caller):
        rows.attempts.put(attempts.uncount_rate(s.row(rows, name, now), now))


def require_signed_in_customer(customer: Customer | None, checked: Customer) -> Customer:
    """The customer as the row stands in the transaction.

    Raises BadCustomer when an operator changed the customer while the password was being checked. A
    hash that another sign-in made anew, of the same password, is no such change.
    """
    if customer is None or customer.status != "active":
        raise BadCustomer("customer-disabled")
    if customer.tokens_not_before != checked.tokens_not_before:
        raise BadCustomer("customer-changed")
    return customer


def _event(s: SignIn, name: str, failure: Failure) -> Event:
    return s.request.event(name, grant_type=s.request.grant_type, reason=failure.reason)
