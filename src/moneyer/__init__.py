"""Moneyer: the token service of a digital bank."""

__version__ = "0.1.0"
