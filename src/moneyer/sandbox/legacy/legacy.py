"""The legacy APIs behind the guard: from a request to an answer."""

from moneyer.dialects.v1 import words_for
from moneyer.endpoints.http import Answer, Request
from moneyer.gateway.call import ApiCall
from moneyer.gateway.checks import Checks
from moneyer.gateway.refusals import InstitutionMismatch, Refused
from moneyer.protocol.clock import Clock
from moneyer.protocol.failures import BadRequest, Failure
from moneyer.protocol.form import Form, read_form
from moneyer.sandbox.bank.books.journal import JournalFull
from moneyer.sandbox.legacy.call import INSTITUTION, Call, Desk, Operation, named
from moneyer.sandbox.legacy.document.shelf import shelf
from moneyer.sandbox.legacy.frame import Frame, require_headers
from moneyer.sandbox.legacy.problems import BAD_METHOD, BAD_QUERY, UNAVAILABLE, Declined
from moneyer.sandbox.legacy.routes import BY_ROUTE, ROUTES

_PRESENTED = frozenset({b"authorization", b"dpop"})
"""The headers that present a token. What a guard reads besides is of V2, and means nothing here."""


class Legacy:
    """A guest of the token service (`endpoints.router.Guest`).

    `base_url` is where the sandbox is reached, with its base path.
    """

    def __init__(
        self, guard: Checks, desk: Desk, clock: Clock, *, base_url: str = "", base_path: str = ""
    ) -> None:
        self._guard = guard
        self._desk = desk
        self._clock = clock
        self._base_url = base_url
        self._base_path = base_path
        self._shelf = shelf(base_url, base_path)

    async def handle(self, request: Request) -> Answer | None:
        """The answer, or None where the path is none of these."""
        if not request.path.startswith(self._base_path):
            return None
        path = request.path.removeprefix(self._base_path)
        if page := self._shelf.handle(request.method, path):
            return page
        methods = ROUTES.methods(path)
        if not methods:
            return None
        frame = Frame(request)
        match = ROUTES.find("GET" if request.method == "HEAD" else request.method, path)
        if match is None:
            allowed = ", ".join(["HEAD", *methods] if "GET" in methods else methods)
            return frame.declined(BAD_METHOD, (b"allow", allowed.encode()))
        route, variables = match
        operation = BY_ROUTE[route.method, route.path]
        try:
            return await self._answer(request, frame, path, operation, variables)
        except Refused as refusal:
            return frame.refused(refusal)
        except Declined as decision:
            return frame.declined(decision.words)
        except JournalFull:
            return frame.declined(UNAVAILABLE)
        except Failure as failure:
            return frame.declined(words_for(failure))

    async def _answer(
        self,
        request: Request,
        frame: Frame,
        path: str,
        operation: Operation,
        variables: dict[str, str],
    ) -> Answer:
        """The steps, in the order in which they may fail."""
        headers = require_headers(request)
        presented = [one for one in request.headers if one[0] in _PRESENTED]
        asked = ApiCall(request.method, path, headers=presented, url=f"{self._base_url}{path}")
        verified = await self._guard.check(asked, operation.route)
        if named(variables, INSTITUTION) != verified.institution_id:
            raise InstitutionMismatch("other-institution-in-path")
        reply = await operation.answer(
            Call(
                self._desk,
                operation,
                request,
                headers,
                _query(request),
                verified,
                variables,
                frame.transaction_id,
                self._clock.now(),
            )
        )
        return frame.found(operation, reply, self._base_url)


def _query(request: Request) -> Form:
    """Raises Declined."""
    try:
        return read_form(request.query)
    except BadRequest:
        raise Declined(BAD_QUERY) from None
