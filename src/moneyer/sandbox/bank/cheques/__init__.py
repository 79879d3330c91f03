"""Cheques, drawn."""
