"""What every test run loads, wherever the tests are."""

pytest_plugins = ["tests.plugins.requirements"]
