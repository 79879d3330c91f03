"""The description of the legacy calls."""
