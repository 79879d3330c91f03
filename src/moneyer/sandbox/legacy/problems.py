"""What the legacy calls refuse, in the codes of V1 and of the registration.

Codes from 20006 on, and 26201 and 26331, are the vendor's for the registration.
"""

from moneyer.dialects.v1 import words_for
from moneyer.dialects.words import Words
from moneyer.protocol import failures


class Declined(Exception):
    """A call ends here."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.code)
        self.words = words


def _app(status: int, code: str, message: str) -> Words:
    return Words(status, code, message, "APP_ERROR")


def _user(status: int, code: str, message: str) -> Words:
    return Words(status, code, message, "USER_ERROR")


BAD_TRANSACTION = words_for(failures.BadTransactionId(""))
BAD_ORIGIN = words_for(failures.BadOriginatingIp(""))
BAD_HEADER = words_for(failures.BadHeader(""))
BAD_METHOD = words_for(failures.MethodNotAllowed())
OTHER_INSTITUTION = words_for(failures.NotEntitled(""))
NOT_FOR_CUSTOMERS = words_for(failures.NotPermitted(""))
BUSY = words_for(failures.Overloaded(""))
UNAVAILABLE = words_for(failures.StoreUnavailable(""))

NO_TOKEN = _app(401, "90001", "Authorization header missing")
BAD_TOKEN = _app(401, "90001", "access token is not valid")
OTHER_CUSTOMER = _app(401, "90001", "di_ficustomer not authorized")
BAD_QUERY = _app(400, "90002", "Query invalid")
BAD_TYPE = _user(400, "90002", "Query param 'fiCustomerIdType' invalid")
BAD_MEDIA_TYPE = _app(415, "90002", "Header 'Content-Type' invalid")
BODY_TOO_LARGE = _app(413, "90002", "Body too large")
BAD_BODY = _app(400, "90002", "Body invalid")
NO_CUSTOMER = _app(404, "90002", "FICustomer does not exist")

BAD_EVENT_TYPE = _app(400, "90002", "Element 'eventType' invalid")
BAD_MESSAGE = _app(400, "90002", "Element 'dataMap' invalid")
NO_ACCOUNT = _app(404, "90002", "Account does not exist")

BAD_MEMBER = _user(400, "20006", "Member number is not alphanumeric, or its length is not 1 to 16")
OTHER_FI = _user(400, "20006", "fiId is not the institution in the path")
NO_NAME = _user(400, "20006", "First and last name are needed")
NO_CHANNEL = _user(400, "20006", "One channelInfo with a credential is needed")
BAD_HOST_ID = _user(400, "20006", "Host login id is not 1 to 32 letters, digits, dots and hyphens")
BAD_FIRST_NAME = _user(400, "220002", "First name has control characters or more than 39 characters")
BAD_LAST_NAME = _user(400, "220003", "Last name has control characters or more than 39 characters")
BAD_EMAIL = _user(400, "220006", "Email is no address, or has more than 64 characters")
BAD_BIRTH_DATE = _user(400, "220013", "Date of birth is no day of the form yyyy-mm-dd")
BAD_PHONE = _user(400, "220014", "Phone number is not 7 to 15 digits")
BAD_LOGIN = _user(
    400, "220015", "Login id has to have 6 to 128 letters, digits and @$*_-=.!~, not digits alone"
)
LOGIN_IS_MEMBER = _user(400, "220016", "Login id and member number cannot be the same")
LOGIN_TAKEN = _user(400, "26201", "Login id is already taken")
REGISTERED = _user(409, "26331", "User is already a registered user")
BAD_PASSWORD = _user(400, "220018", "Invalid user password")


def bad_password(reason: str) -> Words:
    """`reason` is one of ours, of `customers.passwords`."""
    return BAD_PASSWORD._replace(message=f"{BAD_PASSWORD.message}: {reason}")
