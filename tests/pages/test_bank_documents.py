"""The page of the bank's calls in Chromium: light, dark, on a phone, without JavaScript."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from moneyer.sandbox.bank.document.shelf import bank_shelf

BASE = "http://bank.test"


def served(page: Page) -> Page:
    """Answers the page's requests as the sandbox does, with the same headers."""
    shelf = bank_shelf(BASE, "")

    def answer(route: Route) -> None:
        found = shelf.handle("GET", route.request.url.removeprefix(BASE).partition("#")[0])
        if found is None:
            route.fulfill(status=204)
            return
        headers = {name.decode(): value.decode() for name, value in found.headers}
        route.fulfill(status=found.status, headers=headers, body=found.body)

    page.route("**/*", answer)
    page.goto(f"{BASE}/docs")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everyone_can_read_it(page: Page, scheme: str) -> None:
    """WCAG 2.2 AA as far as axe-core can tell, every call unfolded."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    served(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_link_opens_its_call_without_javascript(chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = served(context.new_page())
    assert not page.locator("#createTransfer").is_visible()
    page.click("nav a[href='#createTransfer']")
    assert page.locator("#createTransfer").is_visible()
    context.close()


def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    served(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
