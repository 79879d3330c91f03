"""The calls of the bank's APIs, one file a family."""
