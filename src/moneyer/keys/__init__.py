"""Signing keys: their life, how they rest, and how the world reads them."""
