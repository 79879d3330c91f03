"""The API families of the bank (wire-v2, section 4; wire-v1)."""

from moneyer.gateway.route import Family

ACCOUNTS = Family("Accounts", "ACC_00601", "ACC_00601", "ACC_00602", "ACC_00018")
TRANSACTIONS = Family("Transactions", "TXN_11001", "TXN_11002", "TXN_11003", "TXN_10011")
BANKING_IMAGES = Family("Banking Images", "BIS_10001", "BIS_10002", "BIS_10003", "BIS_10011")
DISCLOSURES = Family("Disclosures", "DSC_11001", "DSC_11001", "DSC_11003", "DSC_10011")
RECIPIENTS = Family("Recipients", "REC_11001", "REC_11002", "REC_11003", "REC_10011")
TRANSFERS = Family("Transfers", "TFR_11001", "TFR_11002", "TFR_11003", "TFR_10011")
ALERTS = Family("Alerts", "PRMSYS_11001", "PRMSYS_11002", "PRMSYS_11003", "PRMVAL_10011")
LEGACY = Family("Legacy", "90001", "90001", "90001", "90001")
