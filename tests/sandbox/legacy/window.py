"""The legacy APIs over their `handle` interface, behind a guard that believes what a table says."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import msgspec

from moneyer.customers.customer import Customer
from moneyer.customers.login import canonical_login
from moneyer.endpoints.http import Answer, Request
from moneyer.gateway.call import ApiCall, Verified
from moneyer.gateway.refusals import TokenInvalid, TokenMissing
from moneyer.gateway.route import Route
from moneyer.protocol.failures import BadRequest
from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.cast import RESIDENTS
from moneyer.sandbox.legacy.call import Desk, Operation
from moneyer.sandbox.legacy.legacy import Legacy
from moneyer.sandbox.legacy.people import AlreadyRegistered, IdType, LoginTaken
from moneyer.sandbox.legacy.routes import OPERATIONS
from tests.bank import TestClock

ADA, BEN, CLARA, HARBOR_ADA = (resident.customer_id for resident in RESIDENTS[:4])
BY_NAME = {operation.name: operation for operation in OPERATIONS}
NAMESPACE = "{http://schema.intuit.com/fs/common/v2}"
XML = "application/xml; charset=utf-8"


def customers() -> list[Customer]:
    """The sandbox's cast, without passwords."""
    return [
        Customer(
            one.institution_id,
            one.customer_id,
            one.login_id,
            canonical_login(one.login_id),
            one.host_user_id,
            one.type,
            member_number=one.member_number,
            person=one.person,
            businesses=one.businesses,
        )
        for one in RESIDENTS
    ]


class Register:
    """Customers in a list, and their passwords."""

    MEMBERS: dict[IdType, str] = {  # noqa: RUF012 - never changed
        "GUID": "customer_id",
        "MEMNUMBER": "member_number",
        "LOGINID": "login_id",
        "HOSTID": "host_user_id",
    }

    def __init__(self) -> None:
        self.customers = customers()
        self.passwords: dict[str, str] = {}
        self.failure: Exception | None = None

    async def find(self, institution_id: str, id_type: IdType, name: str) -> Customer | None:
        if self.failure is not None:
            raise self.failure
        member = self.MEMBERS[id_type]
        for one in self.customers:
            if one.institution_id == institution_id and getattr(one, member) == name:
                return one
        return None

    async def register(self, customer: Customer, password: str) -> None:
        if self.failure is not None:
            raise self.failure
        for one in self.customers:
            if one.institution_id == customer.institution_id:
                if one.login_key == customer.login_key:
                    raise LoginTaken
                if one.member_number == customer.member_number:
                    raise AlreadyRegistered
        self.customers.append(customer)
        self.passwords[customer.customer_id] = password

    def disable(self, customer_id: str) -> None:
        self.customers = [
            msgspec.structs.replace(one, status="disabled") if one.customer_id == customer_id else one
            for one in self.customers
        ]


class Ticket(NamedTuple):
    """What a token is worth. `customer_id` "" is an institution's."""

    institution_id: str = "00016"
    customer_id: str = ""


class Tickets:
    """A guard that knows the tokens of a table, and writes down what it was asked."""

    def __init__(self) -> None:
        self.known = {
            "bank": Ticket(),
            "harbor": Ticket("00042"),
            "ada": Ticket(customer_id=ADA),
            "ben": Ticket(customer_id=BEN),
        }
        self.asked: list[tuple[ApiCall, Route]] = []
        self.failure: Exception | None = None

    async def check(self, call: ApiCall, route: Route) -> Verified:
        self.asked.append((call, route))
        if self.failure is not None:
            raise self.failure
        sent = dict(call.headers).get(b"authorization")
        if sent is None:
            raise TokenMissing("none")
        ticket = self.known.get(sent.decode("latin-1").removeprefix("Bearer "))
        if ticket is None:
            raise TokenInvalid("unknown")
        subject = ticket.customer_id or "client:classic"
        return Verified(
            ticket.institution_id, "classic", (), subject, "jti", "password", ticket.customer_id
        )


class Said(NamedTuple):
    """An answer, taken apart."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def xml(self) -> ElementTree.Element:
        return ElementTree.fromstring(self.body)

    def text(self, path: str) -> str | None:
        """The text of the first element under `path`."""
        return self.xml.findtext(path)

    @property
    def refusal(self) -> tuple[int, str, str, str]:
        """Status, code, message and type of a `Status` document."""
        status = self.xml
        assert status.tag == f"{NAMESPACE}Status"
        info = status.find(f"{NAMESPACE}errorInfo")
        assert info is not None
        names = ("errorCode", "errorMessage", "errorType")
        code, message, kind = (info.findtext(f"{NAMESPACE}{name}") or "" for name in names)
        assert status.findtext(f"{NAMESPACE}statusMessage") == message
        return self.status, code, message, kind


class Asking(msgspec.Struct):
    """A request that succeeds, for a test to spoil."""

    method: str
    path: str
    token: str | None = "bank"
    body: Any = None
    headers: dict[str, str | None] = {}
    query: str = ""
    unread: BadRequest | None = None

    def request(self) -> Request:
        named = {"di_tid": str(uuid.uuid4()), **self.headers}
        raw = b""
        if self.body is not None:
            raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
            named.setdefault("content-type", "application/json")
        sent = [
            (name.lower().encode(), value.encode())
            for name, value in named.items()
            if value is not None
        ]
        if self.token is not None:
            sent.append((b"authorization", f"Bearer {self.token}".encode()))
        return Request(
            self.method,
            self.path,
            self.query.encode(),
            sent,
            raw,
            "127.0.0.1",
            secure=False,
            unread=self.unread,
        )


def asking(name: str, institution_id: str = "00016", customer_id: str = ADA, **rest: Any) -> Asking:
    """A call of the operation of that name; its example is the body."""
    operation: Operation = BY_NAME[name]
    path = operation.route.path
    for variable in ("di_fiid", "fiId"):
        path = path.replace(f"{{{variable}}}", institution_id)
    for variable in ("di_ficustomer", "fiCustomerId"):
        path = path.replace(f"{{{variable}}}", customer_id)
    asked = Asking(operation.route.method, path, body=operation.example or None)
    return msgspec.structs.replace(asked, **rest)


class Window:
    """Where a test speaks. Tokens: `bank` (institution 00016), `harbor` (00042), `ada`, `ben`."""

    def __init__(self, folder: Path, clock: TestClock, **options: Any) -> None:
        self.guard = Tickets()
        self.register = Register()
        self.books = Books(folder, clock, "seed")
        self.clock = clock
        self.legacy = Legacy(
            self.guard, Desk(self.books, self.register), clock, base_url="http://b", **options
        )

    async def answer(self, request: Request) -> Answer | None:
        return await self.legacy.handle(request)

    async def say(self, asked: Asking) -> Said:
        answer = await self.answer(asked.request())
        assert answer is not None, f"{asked.path} is not theirs"
        found = {name.decode(): value.decode() for name, value in answer.headers}
        assert len(found) == len(answer.headers)
        return Said(answer.status, found, answer.body)

    async def ask(self, name: str, *path: str, **rest: Any) -> Said:
        return await self.say(asking(name, *path, **rest))
