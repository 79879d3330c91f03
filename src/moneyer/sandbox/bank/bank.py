"""The bank behind the guard: from a request to an answer."""

from pathlib import Path

from moneyer.endpoints.http import Answer, Request, read_headers
from moneyer.gateway.call import ApiCall
from moneyer.gateway.checks import Checks
from moneyer.gateway.refusals import Refused
from moneyer.gateway.route import Routes
from moneyer.protocol.clock import Clock
from moneyer.protocol.failures import BadHeader
from moneyer.protocol.identifiers import is_transaction_id, new_transaction_id
from moneyer.sandbox.bank.answers import declined, found, refused
from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.bank.books.journal import JournalFull
from moneyer.sandbox.bank.call import Call, Desk, Operation
from moneyer.sandbox.bank.document.shelf import bank_shelf
from moneyer.sandbox.bank.people import Customers, Houses
from moneyer.sandbox.bank.problems import Declined
from moneyer.sandbox.bank.reading import read_form_of, read_query
from moneyer.sandbox.bank.routes import OPERATIONS

ROUTES = Routes([operation.route for operation in OPERATIONS])
_BY_ROUTE = {(o.route.method, o.route.path): o for o in OPERATIONS}


class Bank:
    """A guest of the token service (`endpoints.router.Guest`).

    `base_url` is where the sandbox is reached, with its base path; `folder` holds the journal.
    `seed` is what a new bank grows from; one that has begun keeps its own.
    """

    def __init__(
        self,
        guard: Checks,
        customers: Customers,
        houses: Houses,
        folder: Path,
        clock: Clock,
        *,
        seed: str = "moneyer",
        base_url: str = "",
        base_path: str = "",
        require_transaction_id: bool = False,
    ) -> None:
        """Raises OSError, JournalDamaged and JournalFull."""
        self._guard = guard
        self._clock = clock
        self._desk = Desk(Books(folder, clock, seed), customers, houses)
        self._base_url = base_url
        self._base_path = base_path
        self._strict = require_transaction_id
        self._shelf = bank_shelf(base_url, base_path)

    @property
    def desk(self) -> Desk:
        """What other counters of the bank share."""
        return self._desk

    @property
    def books(self) -> Books:
        return self._desk.books

    def close(self) -> None:
        """Lets go of the journal."""
        self.books.close()

    async def handle(self, request: Request) -> Answer | None:
        """The answer, or None where the path is not the bank's."""
        if not request.path.startswith(self._base_path):
            return None
        path = request.path.removeprefix(self._base_path)
        if page := self._shelf.handle(request.method, path):
            return page
        method = "GET" if request.method == "HEAD" else request.method
        match = ROUTES.find(method, path)
        if match is None:
            return _wrong_method(path)
        route, variables = match
        return await self._answer(request, path, _BY_ROUTE[route.method, route.path], variables)

    async def _answer(
        self, request: Request, path: str, operation: Operation, variables: dict[str, str]
    ) -> Answer:
        transaction_id = new_transaction_id()
        try:
            headers = self._headers(request, operation)
            if sent := headers.get(b"transactionid"):
                transaction_id = sent.decode()
            call = ApiCall(
                request.method,
                path,
                request.query,
                request.headers,
                url=f"{self._base_url}{path}",
            )
            verified = await self._guard.check(call, operation.route)
            form = read_form_of(request.query, operation.words)
            asked = read_query(form, operation.query, operation.words, operation.route)
            reply = await operation.answer(
                Call(
                    self._desk,
                    operation,
                    request,
                    headers,
                    form,
                    asked,
                    verified,
                    variables,
                    transaction_id,
                    self._clock.now(),
                )
            )
            return found(reply, transaction_id)
        except Refused as refusal:
            return refused(refusal, operation.words, transaction_id)
        except Declined as decision:
            return declined(decision.problem, transaction_id)
        except JournalFull:
            return declined(operation.words.unavailable, transaction_id)

    def _headers(self, request: Request, operation: Operation) -> dict[bytes, bytes]:
        """Raises Declined: too many headers, one of them twice, no UUID for a transactionId."""
        try:
            headers = read_headers(request.headers)
        except BadHeader:
            raise Declined(operation.words.transaction) from None
        sent = headers.get(b"transactionid")
        if sent is None and not self._strict:
            return headers
        if sent is None or not is_transaction_id(sent.decode("latin-1")):
            raise Declined(operation.words.transaction)
        return headers


def _wrong_method(path: str) -> Answer | None:
    """405 where the path is ours under another method (RFC 9110 section 15.5.6)."""
    methods = ROUTES.methods(path)
    if not methods:
        return None
    operation = next(o for o in OPERATIONS if o.route.pattern.fullmatch(path))
    allowed = ", ".join(["HEAD", *methods] if "GET" in methods else methods)
    return declined(operation.words.method, new_transaction_id(), (b"allow", allowed.encode()))
