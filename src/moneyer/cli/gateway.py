"""`moneyer gateway`: the guard in front of a bank's APIs, for proxies to ask."""

from pathlib import Path
from typing import Annotated

import typer

from moneyer.cli.server import listen


def gateway(
    settings: Annotated[Path, typer.Option("--settings", help="The gateway's settings file.")],
) -> None:
    """Answer proxies whether a call may pass, following the revocations of a token service."""
    import uvloop

    from moneyer.gatehouse.serving import serve
    from moneyer.gatehouse.settings import read_gateway_settings
    from moneyer.logging import configure

    chosen = read_gateway_settings(settings)
    configure(chosen.log.level)
    # What hinders the start is said before anyone is listened to.
    chosen.table(), chosen.trusted(), chosen.guard()
    listening = listen(chosen.gateway.host, chosen.gateway.port)
    host, port = listening.getsockname()[:2]

    def say() -> None:
        typer.echo(f"guarding on http://{f'[{host}]' if ':' in host else host}:{port}", err=True)

    uvloop.run(serve(chosen, listening, say))
