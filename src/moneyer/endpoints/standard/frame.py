"""The frame around the standard endpoints: the institution is the issuer's."""

from moneyer.applications.application import require_entitlement
from moneyer.applications.authenticate import Authenticated
from moneyer.dialects.standard import STANDARD
from moneyer.endpoints.call import BASIC_CHALLENGE, Call
from moneyer.endpoints.http import Request
from moneyer.endpoints.service import Service
from moneyer.endpoints.standard.client_authentication import authenticate_client
from moneyer.institutions.institution import Institution
from moneyer.protocol.failures import (
    BadBearer,
    BadClient,
    LacksScope,
    UnknownResource,
)
from moneyer.protocol.form import Form


class StandardCall(Call):
    """One call of an endpoint under an issuer."""

    dialect = STANDARD
    transaction_id_is = "optional"

    def __init__(self, request: Request, service: Service, institution_id: str) -> None:
        super().__init__(request, service)
        self.institution_id: str = institution_id
        self.issuer = service.mint.issuer(institution_id)

    def institution(self) -> Institution:
        """Raises UnknownResource where no such institution is at work."""
        return active_institution(self.service, self.institution_id)

    def open(self, *methods: str) -> None:
        """As every endpoint, but that the issuer's path says which institution is meant: a header
        changes nothing."""
        self.begin(*methods, form=True)
        self.institution()

    async def authenticated(self, form: Form, *, public: bool = False) -> Authenticated:
        """The application that asks, entitled to this institution; `public` lets those in as well that
        cannot prove who they are. Raises BadClient, NotEntitled and what else stands in the way."""
        found = await authenticate_client(self, form)
        self.application = found.application
        if found.application.is_public and not public:
            raise BadClient("public-application")
        require_entitlement(found.application, self.institution())
        return found

    def challenge(self, failure: Exception) -> bytes:
        if isinstance(failure, BadBearer):
            return bearer_challenge(failure)
        if isinstance(failure, LacksScope):
            return b'Bearer realm="moneyer", error="insufficient_scope", scope="%b"' % (
                failure.scope.encode()
            )
        if isinstance(failure, BadClient) and b"authorization" in self.headers:
            return BASIC_CHALLENGE
        return b""


def bearer_challenge(failure: BadBearer) -> bytes:
    """RFC 6750 section 3: no error code where nothing was presented."""
    if failure.reason == "no-bearer-token":
        return b'Bearer realm="moneyer"'
    return b'Bearer realm="moneyer", error="invalid_token"'


def active_institution(service: Service, institution_id: str | None) -> Institution:
    """Raises UnknownResource."""
    institution = service.mint.snapshot.institution(institution_id or "")
    if institution is None or institution.status != "active":
        raise UnknownResource("institution-unknown")
    return institution
