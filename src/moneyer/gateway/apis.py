"""The calls of the six current API families and of the legacy APIs (wire-v2, section 4; wire-v1)."""

from moneyer.gateway.families import (
    ACCOUNTS,
    ALERTS,
    BANKING_IMAGES,
    DISCLOSURES,
    LEGACY,
    RECIPIENTS,
    TRANSACTIONS,
    TRANSFERS,
)
from moneyer.gateway.route import Family, Route

_READ_ACCOUNTS = ("accounts:read", "accounts:read_unmasked")
_FI_CUSTOMER = "/bankingservices/v2/fis/{fiId}/fiCustomers/{fiCustomerId}"
_SUBSCRIBER = "/subscriptions/v1/fis/{di_fiid}/fiCustomers/{di_ficustomer}"


def _alerts(method: str, path: str, *scopes: str) -> Route:
    return Route(method, path, ALERTS, scopes, context_in_header=True)


def _legacy(method: str, path: str) -> Route:
    return Route(method, path, LEGACY, customer="none", audience="legacy-apis")


APIS: dict[str, tuple[Route, ...]] = {
    "accounts": (
        Route("GET", "/v1/accounts", ACCOUNTS, _READ_ACCOUNTS),
        Route("GET", "/v1/accounts/{accountId}", ACCOUNTS, _READ_ACCOUNTS),
        Route("GET", "/v1/customers/{customerId}:accounts", ACCOUNTS, _READ_ACCOUNTS, "none"),
    ),
    "transactions": (Route("GET", "/v1/transactions", TRANSACTIONS, ("transactions:read",)),),
    "banking-images": (
        Route("GET", "/v1/banking-images", BANKING_IMAGES, ("images:read",)),
        Route("GET", "/v1/banking-images/{bankingImageId}", BANKING_IMAGES, ("images:read",)),
    ),
    "disclosures": (
        Route("GET", "/v1/institution-disclosures", DISCLOSURES, ("disclosures:read",), "none"),
        Route("POST", "/v1/institution-disclosures", DISCLOSURES, ("disclosures:write",), "none"),
        Route(
            "PUT",
            "/v1/institution-disclosures/{institutionDisclosureId}",
            DISCLOSURES,
            ("disclosures:write",),
            "none",
        ),
        Route("GET", "/v1/institution-user-disclosures", DISCLOSURES, ("disclosures:read",)),
        *(
            Route(method, "/v1/institution-user-disclosures", DISCLOSURES, ("disclosures:write",))
            for method in ("POST", "PUT", "DELETE")
        ),
    ),
    "money-movement": (
        Route("GET", "/v1/recipients", RECIPIENTS, ("recipients:read",)),
        Route("POST", "/v1/recipients", RECIPIENTS, ("recipients:write",)),
        Route("GET", "/v1/recipients/{recipientId}", RECIPIENTS, ("recipients:read",)),
        Route("PUT", "/v1/recipients/{recipientId}", RECIPIENTS, ("recipients:write",)),
        Route("DELETE", "/v1/recipients/{recipientId}", RECIPIENTS, ("recipients:delete",)),
        Route("POST", "/v1/transfers", TRANSFERS, ("transfers:write",)),
    ),
    "alerts": (
        Route("GET", "/v1/alert-types", ALERTS, ("alertMgmt:read", "alertPref:read"), "none"),
        Route("GET", "/v1/institution-alert-types", ALERTS, ("alertMgmt:read",), "none"),
        Route("PUT", "/v1/institution-alert-types", ALERTS, ("alertMgmt:write",), "none"),
        _alerts("GET", "/v1/alert-preferences", "alertPref:read"),
        _alerts("POST", "/v1/alert-preferences", "alertPref:write"),
        _alerts("GET", "/v1/alert-preferences/{alertPreferenceId}", "alertPref:read"),
        _alerts("PUT", "/v1/alert-preferences/{alertPreferenceId}", "alertPref:write"),
        _alerts("DELETE", "/v1/alert-preferences/{alertPreferenceId}", "alertPref:write"),
        _alerts("GET", "/v1/alert-history", "alertHist:read"),
        _alerts("POST", "/v1/realtime-events", "alerts:publish"),
    ),
    "legacy": (
        _legacy("POST", "/registration/v4/fis/{di_fiid}/fiCustomers"),
        _legacy("GET", _FI_CUSTOMER),
        _legacy("GET", f"{_FI_CUSTOMER}/accounts"),
        _legacy("POST", f"{_SUBSCRIBER}/events"),
        _legacy("GET", f"{_SUBSCRIBER}/destinations"),
    ),
}
"""The routes of each, by the name under which settings ask for them."""

FAMILIES: dict[str, Family] = {
    "accounts": ACCOUNTS,
    "transactions": TRANSACTIONS,
    "banking-images": BANKING_IMAGES,
    "disclosures": DISCLOSURES,
    "recipients": RECIPIENTS,
    "transfers": TRANSFERS,
    "alerts": ALERTS,
    "legacy": LEGACY,
}
"""In whose codes a route of one's own may refuse."""
