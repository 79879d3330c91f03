"""XML as the legacy APIs read and write it."""
