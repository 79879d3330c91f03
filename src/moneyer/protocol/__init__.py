"""The vocabulary of the RFCs, without input or output: forms, credentials, scopes, failures, time."""
