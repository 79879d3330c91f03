"""Get FI Customer: what the bank knows of a customer, by any of their names."""

from typing import get_args

from moneyer.protocol.failures import BadParameter
from moneyer.sandbox.legacy.call import Call, Operation, Reply, legacy_route
from moneyer.sandbox.legacy.fi_customer import FICustomer, fi_customer
from moneyer.sandbox.legacy.people import IdType
from moneyer.sandbox.legacy.problems import BAD_TYPE, Declined

_PARAMETER = "fiCustomerIdType"
_TYPES: dict[str, IdType] = {name: name for name in get_args(IdType)}


async def get_customer(call: Call) -> Reply:
    """Raises Declined, Unavailable."""
    return Reply(fi_customer(await call.customer(_id_type(call))))


def _id_type(call: Call) -> IdType:
    """As which of the four the path names the customer. Raises Declined."""
    try:
        said = call.form.printable(_PARAMETER, 32) or "GUID"
        return _TYPES[said]
    except (BadParameter, KeyError):
        raise Declined(BAD_TYPE) from None


OPERATION = Operation(
    legacy_route("GET", "/bankingservices/v2/fis/{fiId}/fiCustomers/{fiCustomerId}"),
    "getFiCustomer",
    "A customer, by GUID, member number, login id or host id",
    get_customer,
    "FICustomer",
    FICustomer,
    query={_PARAMETER: get_args(IdType)},
    problems=(BAD_TYPE,),
)
