# mypy: disable-error-code="import-not-found"
"""Makes the tables, one user and two applications.

`python seed.py CLIENT_ID CLIENT_SECRET USERNAME PASSWORD hashed|plain`; the application with the
password grant is called CLIENT_ID-password, since an application here has one grant.
"""

import os
import sys

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")


def main(client_id: str, client_secret: str, username: str, password: str, kept: str) -> None:
    django.setup()
    call_command("migrate", verbosity=0)

    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    User.objects.create_user(username, password=password)
    for name, grant in ((client_id, "client-credentials"), (f"{client_id}-password", "password")):
        Application.objects.create(
            client_id=name,
            client_secret=client_secret,
            hash_client_secret=kept == "hashed",
            client_type="confidential",
            authorization_grant_type=grant,
            name=name,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
