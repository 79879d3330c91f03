"""The legacy calls, one module each."""
