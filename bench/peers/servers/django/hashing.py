# mypy: disable-error-code="import-not-found, misc"
"""Argon2id as expensive as Moneyer's, so that a password costs all of them the same."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2(Argon2PasswordHasher):
    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
