"""One door, however a call comes to it: its route, the decision, and the refusal written out."""

import structlog

from moneyer.gateway.answers import RefusalAnswer, refusal_answer
from moneyer.gateway.call import ApiCall, Verified
from moneyer.gateway.checks import Checks
from moneyer.gateway.refusals import NoRoute, Refused
from moneyer.gateway.route import Routes

log = structlog.get_logger()


class Door:
    """Lets calls of `routes` through that `checks` has nothing against; everything else it refuses."""

    def __init__(self, checks: Checks, routes: Routes) -> None:
        self._checks = checks
        self._routes = routes

    async def decide(self, call: ApiCall) -> Verified | RefusalAnswer:
        """What is proven about the call, or what to answer instead.

        A refusal is logged with its reason and its route; never with anything that the caller sent.
        """
        found = self._routes.find(call.method, call.path)
        route = found[0] if found else None
        try:
            if route is None:
                raise NoRoute("no-route")
            return await self._checks.check(call, route)
        except Refused as refused:
            log.info(
                "call-refused",
                reason=refused.reason,
                status=refused.status,
                route=f"{route.method} {route.path}" if route else None,
            )
            return refusal_answer(refused, route)
