"""The legacy calls' document as it is served: `/v1/legacy-openapi.json`, and `/docs/legacy` to read."""

from functools import cache

from moneyer.sandbox.bank.document.page import Place, Step
from moneyer.sandbox.bank.document.shelf import Shelf
from moneyer.sandbox.legacy.document.openapi import openapi


@cache
def shelf(base_url: str, base_path: str) -> Shelf:
    """Made once."""
    beginning = (
        Step(
            "A V1 token of the institution reaches every customer of it:",
            f'TOKEN=$(curl -s {base_url}/v1/oauth/token -u "meridian-classic:$SECRET" \\\n'
            '  -H "di_fiid: 00016" -H "di_tid: 0b5f7a52-3c1e-4b8d-9f60-7a1c2d3e4f50" \\\n'
            "  -d grant_type=client_credentials \\\n"
            "  | sed 's:.*<access_token>\\(.*\\)</access_token>.*:\\1:')",
        ),
    )
    place = Place("/v1/legacy-openapi.json", "/docs/legacy", beginning, "/docs", "current APIs")
    return Shelf(openapi(base_url), place, base_url, base_path)
