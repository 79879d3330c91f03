# mypy: disable-error-code="import-not-found"
"""Makes the tables, one user and one application.

`python seed.py CLIENT_ID CLIENT_SECRET USERNAME PASSWORD`
"""

import sys

from argon2 import PasswordHasher
from models import Base, Client, User, engine, session

_GRANTS = ["client_credentials", "password", "refresh_token"]


def main(client_id: str, client_secret: str, username: str, password: str) -> None:
    Base.metadata.create_all(engine)
    # Argon2id as expensive as Moneyer's, so that a password costs all of them the same.
    hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    session.add(User(username=username, password_hash=hasher.hash(password)))
    client = Client(client_id=client_id, client_secret=client_secret)
    client.set_client_metadata(
        {
            "grant_types": _GRANTS,
            "scope": "api",
            "token_endpoint_auth_method": "client_secret_basic",
        }
    )
    session.add(client)
    session.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
