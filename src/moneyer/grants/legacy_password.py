"""The password grant of the V1 endpoint: a retail customer, one factor, no renewal (wire-v1).

It is the password grant in all but three things. A customer of a business, and everyone where policy
demands a second factor, is refused as for a wrong password: V1 has no way to go on from there. The
family it opens is never renewed; it is there so that revoking the refresh token ends the access token.
"""

from functools import partial

import msgspec

from moneyer.customers.customer import Customer
from moneyer.grants.mint import Mint, TokenRequest, TokenResponse
from moneyer.grants.password import OpenFamily, read_credentials
from moneyer.grants.renewal import answer_from_family
from moneyer.grants.sign_in import SignIn, check_password
from moneyer.institutions.institution import Policy
from moneyer.protocol.failures import BadCustomer
from moneyer.protocol.scopes import Scopes

NO_SCOPES: Scopes = ()
"""V1 knows none: its tokens open the legacy APIs, all of them."""


async def legacy_password(request: TokenRequest, mint: Mint) -> TokenResponse:
    """A customer's access token for the legacy APIs.

    Raises BadParameter, BadCustomer, Throttled, Unavailable.
    """
    login_id, secret = read_credentials(request.form)
    sign_in = SignIn(request, mint, login_id)
    admit = partial(require_password_enough, request.institution.policy)
    verified = await check_password(sign_in, login_id, secret, admit)
    family, refresh = await mint.journal.perform(OpenFamily(sign_in, verified, NO_SCOPES))
    response = await answer_from_family(request, mint, family, refresh, NO_SCOPES)
    return msgspec.structs.replace(response, customer=verified.customer)


def require_password_enough(policy: Policy, customer: Customer) -> None:
    """Raises BadCustomer unless the customer may sign in with a password alone, in V1."""
    if customer.type != "RETAIL":
        raise BadCustomer("not-retail")
    if policy.needs_second_factor(NO_SCOPES):
        raise BadCustomer("second-factor-needed")
