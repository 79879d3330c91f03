"""Whose accounts a call is about (wire-v2, section 4). Pure.

With an institution's token the call names the customer: `hostUserId` or `loginId`, never both, and with
`loginId` a business customer's entity in `institutionCustomerId`. With a customer's token the customer
is in the token, and what the call says besides has to agree.
"""

import re

from moneyer.customers.login import canonical_login
from moneyer.gateway.call import ApiCall, Context, Identity, is_named
from moneyer.gateway.refusals import ContextMalformed, ContextMismatch
from moneyer.gateway.route import Route
from moneyer.protocol.failures import BadRequest
from moneyer.protocol.form import Form, read_form

MAX_ID = 256
NAMES = {
    "hostuserid": "hostUserId",
    "loginid": "loginId",
    "institutioncustomerid": "institutionCustomerId",
}
"""The parameters that name a customer, by what is left of them without case and punctuation."""
_PUNCTUATION = re.compile("[^a-z0-9]")
BUSINESS_HEADER = b"institutioncustomerid"


def read_context(call: ApiCall, route: Route) -> Context:
    """What the call says of its customer. Raises ContextMalformed."""
    try:
        form = _spelt_well(read_form(call.query))
        host_user_id, login_id = _text(form, "hostUserId"), _text(form, "loginId")
        business = _text(form, "institutionCustomerId")
    except BadRequest:
        raise ContextMalformed("context-unreadable") from None
    sent = [value for name, value in call.headers if is_named(name, BUSINESS_HEADER)]
    if route.context_in_header and sent:
        if business or len(sent) > 1 or not sent[0].isascii() or len(sent[0]) > MAX_ID:
            raise ContextMalformed("business-named-twice")
        business = sent[0].decode()
    if host_user_id and login_id:
        raise ContextMalformed("customer-named-twice")
    return Context(host_user_id, login_id, business)


def _spelt_well(form: Form) -> Form:
    """Raises ContextMalformed for a name that a service behind us might take for another.

    `HostUserId`, `host_user_id` and `loginId[]` say nothing here, and may mean someone elsewhere.
    """
    for name in form.names():
        if NAMES.get(_PUNCTUATION.sub("", name.lower()), name) != name:
            raise ContextMalformed("context-misspelt")
    return form


def _text(form: Form, name: str) -> str:
    return form.text(name, MAX_ID) or ""


def require_named(context: Context, route: Route) -> Context:
    """The customer that a call with an institution's token is about. Raises ContextMalformed.

    A call that is about no customer has none, whatever it says.
    """
    if route.customer == "none":
        return Context()
    if not context.names_someone:
        raise ContextMalformed("customer-not-named")
    if context.institution_customer_id and not context.login_id:
        raise ContextMalformed("business-without-login")
    return context


def require_agreement(context: Context, identity: Identity) -> None:
    """Raises ContextMismatch where the call names another than the token's customer."""
    if context.host_user_id and context.host_user_id != identity.host_user_id:
        raise ContextMismatch("other-host-user")
    if context.login_id and not _same_login(context.login_id, identity.login_id):
        raise ContextMismatch("other-login")
    business = context.institution_customer_id
    if business and business not in identity.institution_customer_ids:
        raise ContextMismatch("other-business")


def _same_login(named: str, own: str) -> bool:
    """Whether two spellings are one login. Raises ContextMalformed for what no login can be."""
    try:
        return canonical_login(named) == (canonical_login(own) if own else "")
    except BadRequest:
        raise ContextMalformed("login-malformed") from None
