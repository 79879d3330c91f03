"""What every test run loads, wherever the tests are."""

from hypothesis import settings

pytest_plugins = ["tests.plugins.chromium", "tests.plugins.requirements"]

# The suite tries the same examples every time: a change is judged by what it changed, not by luck.
# `make fuzz` is the place for luck.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
