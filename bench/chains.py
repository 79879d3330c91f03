"""Refresh chains: one password sign-in each, before anything is counted."""

import time
from urllib.parse import urlencode

from bench.failures import Refused
from bench.load import refresh_token_in
from bench.sandbox import Caller, Customer, Sandbox
from bench.wire import Answer, ask

_LONGEST_WAIT = 5.0


def open_chains(sandbox: Sandbox, caller: Caller, wanted: int, seconds: float) -> list[bytes]:
    """The first refresh token of up to `wanted` families, fewer if `seconds` run out.

    Customers take turns. 503 and 429 are waited out as the server asks; a customer refused with
    any other status (a demo bank may hold locked ones) is left out. Raises Refused if nobody
    can sign in.
    """
    deadline = time.monotonic() + seconds
    customers = sandbox.customers(caller.institution)
    tokens: list[bytes] = []
    refusal = b"out of time"
    while len(tokens) < wanted and customers and time.monotonic() < deadline:
        customer = customers.pop(0)
        answer = ask(sandbox.process.port, _sign_in(caller, customer))
        if answer.status == 200:
            tokens.append(refresh_token_in(answer.body))
        elif answer.status in (429, 503):
            time.sleep(max(0.0, min(_asked_wait(answer), deadline - time.monotonic())))
        else:
            refusal = answer.body[:200]
            continue
        customers.append(customer)
    if not tokens:
        raise Refused(f"no customer could sign in: {refusal!r}")
    return tokens


def _sign_in(caller: Caller, customer: Customer) -> bytes:
    who = {"username": customer.login_id, "password": customer.password}
    return caller.request(urlencode({"grant_type": "password", **who}))


def _asked_wait(answer: Answer) -> float:
    asked = answer.header("Retry-After") or ""
    return min(float(asked), _LONGEST_WAIT) if asked.isdigit() else 1.0
