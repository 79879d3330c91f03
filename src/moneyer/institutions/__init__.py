"""The banks: each with its own issuer, signing keys and policy."""
