"""The one question that everything behind a guard asks."""

from typing import Protocol

from moneyer.gateway.call import ApiCall, Verified
from moneyer.gateway.route import Route


class Checks(Protocol):
    """Decides about calls."""

    async def check(self, call: ApiCall, route: Route) -> Verified:
        """What is proven about `call`, which `route` fits. Raises Refused."""
        ...
