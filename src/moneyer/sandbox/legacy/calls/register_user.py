"""Register User: somebody becomes a customer, and can sign in at once."""

from moneyer.protocol.identifiers import new_customer_id
from moneyer.sandbox.legacy import problems
from moneyer.sandbox.legacy.call import Call, Operation, Reply, legacy_route
from moneyer.sandbox.legacy.fi_customer import FICustomer, fi_customer
from moneyer.sandbox.legacy.people import AlreadyRegistered, LoginTaken
from moneyer.sandbox.legacy.problems import NOT_FOR_CUSTOMERS, Declined
from moneyer.sandbox.legacy.registration import EXAMPLE, Registration, newcomer


async def register_user(call: Call) -> Reply:
    """Raises Declined, Overloaded, Unavailable."""
    if call.verified.customer_id:
        raise Declined(NOT_FOR_CUSTOMERS)
    customer, password = newcomer(call.body(Registration), call.institution_id, new_customer_id())
    try:
        await call.desk.registry.register(customer, password)
    except LoginTaken:
        raise Declined(problems.LOGIN_TAKEN) from None
    except AlreadyRegistered:
        raise Declined(problems.REGISTERED) from None
    location = f"/bankingservices/v2/fis/{call.institution_id}/fiCustomers/{customer.customer_id}"
    return Reply(fi_customer(customer), 201, location)


OPERATION = Operation(
    legacy_route("POST", "/registration/v4/fis/{di_fiid}/fiCustomers"),
    "registerUser",
    "Somebody becomes a customer, who can sign in at once; with an institution's token alone",
    register_user,
    "FICustomer",
    FICustomer,
    sends="FICustomer",
    sent=Registration,
    is_wrapped=True,
    status=201,
    problems=(
        problems.NOT_FOR_CUSTOMERS,
        problems.OTHER_FI,
        problems.BAD_MEMBER,
        problems.NO_NAME,
        problems.BAD_FIRST_NAME,
        problems.BAD_LAST_NAME,
        problems.BAD_EMAIL,
        problems.BAD_BIRTH_DATE,
        problems.BAD_PHONE,
        problems.NO_CHANNEL,
        problems.BAD_LOGIN,
        problems.LOGIN_IS_MEMBER,
        problems.BAD_HOST_ID,
        problems.BAD_PASSWORD,
        problems.LOGIN_TAKEN,
        problems.REGISTERED,
        problems.BUSY,
    ),
    example=EXAMPLE,
)
