"""What the bank itself refuses, in the codes of each family.

Codes below 40000 are the vendor's; those from 40000 on are ours, where the vendor has none.
"""

from typing import NamedTuple

from moneyer.gateway import families
from moneyer.gateway.route import Family


class Problem(NamedTuple):
    """A refusal: its HTTP status, its code, its sentence. None of it is the caller's text."""

    status: int
    code: str
    message: str


class Declined(Exception):
    """A call ends here."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Words(NamedTuple):
    """What any call of a family may be refused with, beside the guard's refusals.

    `fields`: parameters and members with a refusal of their own; `name?` where one is missing, `<=`
    where any is too long.
    """

    family: Family
    query: Problem
    printable: Problem
    body: Problem
    transaction: Problem
    business: Problem
    customer: Problem
    unavailable: Problem
    method: Problem
    too_large: Problem
    media_type: Problem
    fields: dict[str, Problem] = {}  # noqa: RUF012 - never changed

    @property
    def retail(self) -> Problem:
        """A person is named like a business."""
        return Problem(400, self.family.mismatch, "institutionCustomerId belongs to businesses alone")


_PRINTABLE = "Request should only contain printable ASCII characters"
_TRANSACTION = "The transactionId header is missing or is no UUID"
_BUSINESS = "A business customer is named by loginId and by institutionCustomerId, one of its own"
_CUSTOMER = "No such customer"
_QUERY = "A query parameter is unknown, missing or not valid"
_BODY = "Required fields are not provided or not valid"


def _words(
    family: Family,
    prefix: str,
    query: str,
    printable: str,
    body: str,
    transaction: str,
    business: str,
    customer: tuple[int, str],
    unavailable: str,
    fields: dict[str, Problem] | None = None,
) -> Words:
    return Words(
        family,
        Problem(400, query, _QUERY),
        Problem(400, printable, _PRINTABLE),
        Problem(400, body, _BODY),
        Problem(400, transaction, _TRANSACTION),
        Problem(400, business, _BUSINESS),
        Problem(customer[0], customer[1], _CUSTOMER),
        Problem(503, unavailable, "The request cannot be served at present; repeat it"),
        Problem(405, f"{prefix}_40500", "This path does not have that method"),
        Problem(413, f"{prefix}_41300", "The request body is too long"),
        Problem(415, f"{prefix}_41500", "The request body has to be application/json"),
        fields or {},
    )


NO_ACCOUNT = Problem(404, "ACC_00012", "Data not found")
BAD_FILTER = Problem(400, "ACC_00005", "Error processing filter expression")

BAD_DATES = Problem(
    400, "TXN_10001", "The date(s) provided could not be parsed, or represented an invalid range"
)
ACCOUNT_NEEDED = Problem(400, "TXN_10007", "A valid account id is required")
BAD_CURSOR = Problem(400, "TXN_40001", "The cursor does not belong to this list")

TYPE_MISSING = Problem(400, "BIS_00004", "Image type cannot be null or empty")
TYPE_UNKNOWN = Problem(
    400, "BIS_00005", "Image type is not supported (must be CHECK, DEPOSIT_SLIP, or STATEMENT)"
)
DATES_NEEDED = Problem(400, "BIS_00018", "Start/end date required for statements")
ACCOUNT_EMPTY = Problem(400, "BIS_00011", "Account ID cannot be null or empty")
DATES_CROSSED = Problem(400, "BIS_00019", "Start date cannot be after end date")
NO_IMAGE = Problem(404, "BIS_30004", "No data found")

NO_DISCLOSURE = Problem(400, "DSC_13001", "Data not found for user")
DISCLOSURE_TOO_LONG = Problem(
    400, "DSC_12011", "One of the request field length is greater than max length"
)
IDS_DIFFER = Problem(400, "DSC_12012", "Disclosure ids from request body and URL do not match")
DISCLOSURE_EXISTS = Problem(400, "DSC_10002", "A disclosure of that name exists")
NOT_AN_INSTITUTION = Problem(403, "DSC_11003", "Only the institution itself may do this")

NO_MEMBER = Problem(400, "REC_10005", "User not found at host")
BAD_RECIPIENT_ACCOUNT = Problem(400, "REC_10007", "Invalid account")
BAD_EMAIL = Problem(400, "REC_12009", "Invalid email")
TOO_LONG = Problem(400, "REC_12011", "Request field length exceeds max length")
BAD_ACCOUNT_TYPE = Problem(400, "REC_12012", "Account type is not from the list of allowed types")
RECIPIENT_EXISTS = Problem(400, "REC_13001", "This recipient already exists")
NICKNAME_EXISTS = Problem(400, "REC_13002", "This recipient nickname already exists")
NO_RECIPIENT = Problem(400, "REC_14004", "Recipient not found")
TOO_MANY_RECIPIENTS = Problem(400, "REC_40001", "No more than 200 recipients can be kept")

NO_FROM = Problem(400, "TFR_10003", "The From account does not exist or could not be retrieved")
NO_TO = Problem(400, "TFR_10004", "The To account does not exist or could not be retrieved")
AMOUNT_NEEDED = Problem(400, "TFR_10020", "The transfer amount is required")
BAD_AMOUNT = Problem(400, "TFR_10021", "The transfer amount is invalid")
TOO_MUCH = Problem(400, "TFR_10022", "The transfer amount exceeds the From account balance")
FROM_RESTRICTED = Problem(400, "TFR_10025", "The From account is restricted from making a transfer")
TO_RESTRICTED = Problem(400, "TFR_10026", "The To account is restricted from receiving a transfer")
SAME_ACCOUNT = Problem(400, "TFR_10029", "The From account and To account cannot be the same")
RECIPIENT_UNKNOWN = Problem(400, "TFR_10051", "Recipient not found")
FROM_NEEDED = Problem(400, "TFR_10058", "The fromAccountId field is required")
TO_NEEDED = Problem(400, "TFR_10059", "The toAccountId field is required")
KEY_REUSED = Problem(
    400, "TFR_10000", "This idempotency key or transactionId belongs to another transfer"
)
BAD_KEY = Problem(400, "TFR_40001", "Header Idempotency-Key is invalid")

NO_PREFERENCE = Problem(404, "PRMAPS_10007", "Invalid alert preference ID")
PREFERENCE_DIFFERS = Problem(400, "PRMAPS_10008", "Alert preference mismatch")
BAD_CHANNEL = Problem(400, "PRMVAL_10005", "Invalid channel type")
BAD_ALERT_TYPE = Problem(400, "PRMVAL_10006", "Invalid alert type")
BAD_ALERT_ACCOUNT = Problem(400, "PRMVAL_10008", "Field is invalid: accountId")
BAD_ALERT_DATE = Problem(400, "PRMVAL_10014", "Invalid date format, or the dates are crossed")
NOT_CONFIGURED = Problem(
    400, "PRMVAL_10015", "Alert type not configured for channel or disabled for Institution"
)
ALERT_CURSOR = Problem(400, "PRMVAL_40001", "The cursor does not belong to this list")
ONLY_INSTITUTIONS = Problem(403, "PRMSYS_11003", "Only the institution itself may do this")
PREFERENCE_EXISTS = Problem(400, "PRMSYS_10007", "Resource of identifier already exists")
TOO_MANY_PREFERENCES = Problem(400, "PRMVAL_40002", "No more than 100 preferences can be kept")


ACCOUNTS = _words(
    families.ACCOUNTS,
    "ACC",
    "ACC_99994",
    "ACC_99995",
    "ACC_00011",
    "ACC_99998",
    "ACC_00410",
    (404, "ACC_00101"),
    "ACC_99999",
    {"$filter": BAD_FILTER},
)
TRANSACTIONS = _words(
    families.TRANSACTIONS,
    "TXN",
    "TXN_10005",
    "TXN_10003",
    "TXN_10005",
    "TXN_40008",
    "TXN_10006",
    (404, "TXN_40401"),
    "TXN_99999",
    {"startDate": BAD_DATES, "endDate": BAD_DATES, "accountId?": ACCOUNT_NEEDED},
)
BANKING_IMAGES = _words(
    families.BANKING_IMAGES,
    "BIS",
    "BIS_40005",
    "BIS_40003",
    "BIS_40005",
    "BIS_40008",
    "BIS_00020",
    (404, "BIS_40401"),
    "BIS_99999",
    {"imageType?": TYPE_MISSING, "imageType": TYPE_UNKNOWN, "accountId?": ACCOUNT_EMPTY},
)
DISCLOSURES = _words(
    families.DISCLOSURES,
    "DSC",
    "DSC_10009",
    "DSC_12001",
    "DSC_12004",
    "DSC_12002",
    "DSC_11004",
    (404, "DSC_40401"),
    "DSC_99999",
    {"<=": DISCLOSURE_TOO_LONG},
)
RECIPIENTS = _words(
    families.RECIPIENTS,
    "REC",
    "REC_12004",
    "REC_12001",
    "REC_12004",
    "REC_12002",
    "REC_40006",
    (404, "REC_40401"),
    "REC_99999",
    {"accountType": BAD_ACCOUNT_TYPE, "email": BAD_EMAIL, "<=": TOO_LONG},
)
TRANSFERS = _words(
    families.TRANSFERS,
    "TFR",
    "TFR_40005",
    "TFR_40003",
    "TFR_40004",
    "TFR_40008",
    "TFR_40006",
    (404, "TFR_40401"),
    "TFR_10001",
    {
        "fromAccountId?": FROM_NEEDED,
        "amount?": AMOUNT_NEEDED,
        "amount.amount?": AMOUNT_NEEDED,
        "amount": BAD_AMOUNT,
        "amount.amount": BAD_AMOUNT,
        "amount.currencyCode": BAD_AMOUNT,
    },
)
ALERTS = _words(
    families.ALERTS,
    "PRMSYS",
    "PRMVAL_10002",
    "PRMSYS_10016",
    "PRMSYS_10002",
    "PRMSYS_10015",
    "PRMVAL_40006",
    (400, "PRMVAL_10004"),
    "PRMSYS_10003",
    {"startDate": BAD_ALERT_DATE, "endDate": BAD_ALERT_DATE},
)
