"""Bad weather: what happens to a request besides being refused."""

from moneyer.endpoints.http import NO_STORE, Answer, json_answer
from moneyer.protocol.failures import StoreUnavailable, Throttled
from moneyer.sandbox.faults.fault import Scene
from moneyer.sandbox.faults.words import REASON, failed

_HTML = (b"content-type", b"text/html; charset=utf-8")


async def latency(scene: Scene, milliseconds: int) -> None:
    await scene.rest.wait(milliseconds)


async def slow_answer(scene: Scene, answer: Answer, milliseconds: int) -> Answer:
    await scene.rest.wait(milliseconds)
    return answer


async def lost_answer(scene: Scene, answer: Answer, _argument: int) -> Answer:
    scene.ending = "nothing"
    return answer


async def truncated_answer(scene: Scene, answer: Answer, _argument: int) -> Answer:
    scene.ending = scene.ending or "half"
    return answer


async def duplicate(scene: Scene, _argument: int) -> None:
    scene.times = 2


async def unavailable(scene: Scene, seconds: int) -> Answer:
    return failed(scene, StoreUnavailable(REASON, seconds))


async def overloaded(scene: Scene, seconds: int) -> Answer:
    return failed(scene, Throttled(REASON, seconds))


async def server_error(scene: Scene, _argument: int) -> Answer:
    return failed(scene, RuntimeError(REASON))


async def wrong_content_type(_scene: Scene, _argument: int) -> Answer:
    """What a proxy says in its own words."""
    page = b"<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"
    return Answer(502, [_HTML, *NO_STORE], page)


async def redirect(_scene: Scene, _argument: int) -> Answer:
    """What the Wi-Fi of a hotel says. The name leads nowhere (RFC 6761 section 6.4)."""
    return Answer(302, [(b"location", b"http://captive-portal.invalid/sign-in"), *NO_STORE])


async def garbage(_scene: Scene, _argument: int) -> Answer:
    """What says that it is JSON and is not."""
    return json_answer(200, b'{"access_token":\x00\xff\xfe<')
