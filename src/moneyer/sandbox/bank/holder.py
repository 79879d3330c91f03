"""Whom a call is about (wire-v2, section 4)."""

from typing import NamedTuple

from moneyer.gateway.call import Verified
from moneyer.sandbox.bank.people import Customers, Owner, Party
from moneyer.sandbox.bank.problems import Declined, Words


class Holder(NamedTuple):
    """A customer, and whose accounts the call may touch.

    With a customer's token a business customer who names no business reaches all of its own; what
    has to belong to one of them then belongs to the first.
    """

    party: Party
    owners: tuple[Owner, ...]

    @property
    def first(self) -> Owner:
        return self.owners[0]


async def resolve(verified: Verified, customers: Customers, words: Words) -> Holder:
    """The customer of the token, or the one whom the call names to an institution's token.

    Raises Declined: nobody there, a person named like a business, a business named by half.
    """
    party = await _party(verified, customers)
    if party is None:
        raise Declined(words.customer)
    business = verified.context.institution_customer_id
    if not party.is_business:
        if business:
            raise Declined(words.retail)
        return Holder(party, party.owners)
    if not verified.customer_id and not (verified.context.login_id and business):
        raise Declined(words.business)
    chosen = tuple(owner for owner in party.owners if business in {"", owner.owner_id})
    if not chosen:
        raise Declined(words.business)
    return Holder(party, chosen)


async def _party(verified: Verified, customers: Customers) -> Party | None:
    institution_id, context = verified.institution_id, verified.context
    if verified.customer_id:
        return await customers.by_id(institution_id, verified.customer_id)
    if context.login_id:
        return await customers.by_login(institution_id, context.login_id)
    if context.host_user_id:
        return await customers.by_host_user(institution_id, context.host_user_id)
    return None
