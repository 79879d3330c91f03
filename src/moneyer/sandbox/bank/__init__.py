"""The sandbox's bank: accounts, transactions, cheques, disclosures, transfers and alerts, made up."""
