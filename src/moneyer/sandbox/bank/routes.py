"""Every call of the bank, in the order in which the page lists them."""

from moneyer.sandbox.bank.call import Operation
from moneyer.sandbox.bank.calls import (
    accounts,
    alert_types,
    history,
    images,
    institution_disclosures,
    preferences,
    recipients,
    transactions,
    transfers,
    user_disclosures,
)

OPERATIONS: tuple[Operation, ...] = (
    *accounts.OPERATIONS,
    *transactions.OPERATIONS,
    *images.OPERATIONS,
    *institution_disclosures.OPERATIONS,
    *user_disclosures.OPERATIONS,
    *recipients.OPERATIONS,
    *transfers.OPERATIONS,
    *alert_types.OPERATIONS,
    *preferences.OPERATIONS,
    *history.OPERATIONS,
)
