"""The bank over its `handle` interface, behind a guard that believes what a table says."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from moneyer.endpoints.http import Answer, Request
from moneyer.gateway.call import ApiCall, Context, Verified
from moneyer.gateway.refusals import (
    ContextMalformed,
    ContextMismatch,
    ScopeMissing,
    TokenInvalid,
    TokenMissing,
)
from moneyer.gateway.route import Route
from moneyer.protocol.form import read_form
from moneyer.protocol.scopes import Scopes
from moneyer.sandbox.bank.bank import Bank
from moneyer.sandbox.bank.people import House, Party
from moneyer.sandbox.bank.routes import OPERATIONS
from moneyer.sandbox.cast import INSTITUTIONS, RESIDENTS
from tests.bank import TestClock

SCOPES: Scopes = tuple(sorted({scope for o in OPERATIONS for scope in o.route.scopes}))

ADA, BEN, CLARA = (resident.customer_id for resident in RESIDENTS[:3])
BAKERY, SHOP = RESIDENTS[2].businesses

PARTIES = tuple(
    Party(
        resident.institution_id,
        resident.customer_id,
        resident.login_id,
        resident.host_user_id,
        resident.type,
        resident.person.given_name,
        resident.person.family_name,
        resident.member_number,
        resident.businesses,
    )
    for resident in RESIDENTS
)


class People:
    """Customers from a list. Every look-up is asynchronous, as a store's is."""

    def __init__(self, parties: tuple[Party, ...] = PARTIES) -> None:
        self.parties = list(parties)

    async def _one(self, institution_id: str, member: str, value: str) -> Party | None:
        await asyncio.sleep(0)
        for party in self.parties:
            if party.institution_id == institution_id and getattr(party, member) == value:
                return party
        return None

    async def by_id(self, institution_id: str, institution_user_id: str) -> Party | None:
        return await self._one(institution_id, "customer_id", institution_user_id)

    async def by_login(self, institution_id: str, login_id: str) -> Party | None:
        return await self._one(institution_id, "login_id", login_id)

    async def by_host_user(self, institution_id: str, host_user_id: str) -> Party | None:
        return await self._one(institution_id, "host_user_id", host_user_id)

    async def by_member(self, institution_id: str, member_number: str) -> Party | None:
        return await self._one(institution_id, "member_number", member_number)


class Ticket(NamedTuple):
    """What a token is worth. `customer_id` "" is an institution's."""

    institution_id: str = "00016"
    customer_id: str = ""
    scopes: Scopes = SCOPES
    client_id: str = "back-office"


class TableGuard:
    """Tokens from a table; scopes and customer context as wire-v2, section 4 says."""

    def __init__(self, tickets: dict[str, Ticket]) -> None:
        self.tickets = tickets

    async def check(self, call: ApiCall, route: Route) -> Verified:
        sent = dict(call.headers).get(b"authorization")
        if sent is None:
            raise TokenMissing("none")
        ticket = self.tickets.get(sent.decode("latin-1").removeprefix("Bearer "))
        if ticket is None:
            raise TokenInvalid("unknown")
        if not set(route.scopes) & set(ticket.scopes):
            raise ScopeMissing(route.scopes)
        return Verified(
            ticket.institution_id,
            ticket.client_id,
            ticket.scopes,
            ticket.customer_id or f"client:{ticket.client_id}",
            "jti",
            "client_credentials",
            ticket.customer_id,
            self._context(call, route, ticket),
        )

    def _context(self, call: ApiCall, route: Route, ticket: Ticket) -> Context:
        try:
            form = read_form(call.query)
            host, login = form.text("hostUserId", 256) or "", form.text("loginId", 256) or ""
            business = form.text("institutionCustomerId", 256) or ""
        except Exception:
            raise ContextMalformed("unreadable") from None
        if route.context_in_header:
            found = dict(call.headers).get(b"institutioncustomerid", b"")
            business = found.decode("latin-1")
        if host and login:
            raise ContextMalformed("both")
        if not ticket.customer_id and route.customer == "required" and not (host or login):
            raise ContextMalformed("nobody")
        if ticket.customer_id and (host or login):
            party = next(p for p in PARTIES if p.customer_id == ticket.customer_id)
            if {host, login} - {"", party.host_user_id, party.login_id}:
                raise ContextMismatch("another")
        return Context(host, login, business)


class Said(NamedTuple):
    """An answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["code"])


class Counter:
    """Where a test speaks to the bank. Tokens: `bank` (institution 00016), `ada`, `ben`, `clara`."""

    def __init__(self, folder: Path, clock: TestClock, seed: str = "seed", **options: Any) -> None:
        self.guard = TableGuard(
            {
                "bank": Ticket(),
                "harbor": Ticket("00042"),
                "ada": Ticket(customer_id=ADA, client_id="mobile"),
                "ben": Ticket(customer_id=BEN, client_id="mobile"),
                "clara": Ticket(customer_id=CLARA, client_id="mobile"),
                "reader": Ticket(scopes=("accounts:read",)),
                "masked": Ticket(scopes=("accounts:read", "transactions:read")),
            }
        )
        self.folder = folder
        self.people = People()
        self.clock = clock
        names = {one.institution_id: one for one in INSTITUTIONS}

        def house(institution_id: str) -> House | None:
            found = names.get(institution_id)
            return House(found.name, found.brand.accent) if found else None

        self.bank = Bank(
            self.guard, self.people, house, folder, clock, seed=seed, base_url="http://b", **options
        )

    async def answer(self, request: Request) -> Answer | None:
        return await self.bank.handle(request)

    async def ask(
        self,
        method: str,
        path: str,
        token: str | None = "ada",
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Said:
        """One call. `body` is sent as JSON, bytes as they are."""
        sent = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        if token is not None:
            sent.append((b"authorization", f"Bearer {token}".encode()))
        raw = b""
        if body is not None:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            if b"content-type" not in dict(sent):
                sent.append((b"content-type", b"application/json"))
        written = urlencode({name.rstrip("_"): value for name, value in query.items()}, quote_via=quote)
        request = Request(method, path, written.encode(), sent, raw, "127.0.0.1", secure=False)
        answer = await self.answer(request)
        assert answer is not None, f"{path} is not the bank's"
        found = {name.decode(): value.decode() for name, value in answer.headers}
        return Said(answer.status, found, answer.body)

    async def got(self, method: str, path: str, token: str = "ada", **rest: Any) -> Any:
        """The JSON of a call that must succeed; None where it has no body."""
        said = await self.ask(method, path, token, **rest)
        assert said.status < 300, said
        return said.json if said.body else None

    async def accounts(self, token: str = "ada", **query: Any) -> dict[str, Any]:
        """Accounts by their type; the first of each."""
        found = (await self.got("GET", "/v1/accounts", token, **query))["accounts"]
        return {account["type"]["value"]: account for account in reversed(found)}

    async def balance(self, account_id: str, token: str = "ada") -> int:
        """In cents."""
        account = await self.got("GET", f"/v1/accounts/{account_id}", token)
        return cents(account["currentBalance"])

    async def everything(self, account_id: str, token: str = "ada", limit: int = 200) -> list[Any]:
        """All transactions of an account, page by page."""
        found: list[Any] = []
        query: dict[str, Any] = {"accountId": account_id, "limit": limit}
        while True:
            page = await self.got("GET", "/v1/transactions", token, **query)
            found += page["transactions"]
            if "nextCursor" not in page:
                return found
            query["cursor"] = page["nextCursor"]


def request_for(method: str, path: str) -> Request:
    """A request without anything in it."""
    return Request(method, path, b"", [], b"", "127.0.0.1", secure=False)


def transfer(source: str, target: str, amount: Any, **rest: Any) -> dict[str, Any]:
    """The body of a transfer."""
    return {
        "fromAccountId": source,
        "toAccountId": target,
        "amount": {"amount": amount, "currencyCode": "USD"},
        **rest,
    }


def state_of(bank: Bank) -> dict[str, Any]:
    """Everything the bank remembers, to compare."""
    return {
        name: {key: value for key, value in kept.items() if value or value == 0}
        if isinstance(kept, dict)
        else kept
        for name, kept in vars(bank.books.state).items()
    }


def cents(money: dict[str, Any]) -> int:
    return round(float(money["amount"]) * 100)
