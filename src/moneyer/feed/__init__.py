"""Telling gateways what has ended, so that they need not ask about each token (ADR 0010)."""
