"""A line for a shell that makes a legacy call."""

import json
import re

from moneyer.sandbox.legacy.call import CUSTOMER, INSTITUTION, Operation

_ADA = "5B7C1E90A4D24F6E8C3A1D2E4F506172"


def curl(base_url: str, operation: Operation) -> str:
    """With a V1 token of institution 00016 in `$TOKEN`, about the sandbox's first customer."""
    values = dict.fromkeys(INSTITUTION, "00016") | dict.fromkeys(CUSTOMER, _ADA)
    path = re.sub(r"\{(\w+)\}", lambda found: values[found[1]], operation.route.path)
    parts = [
        f'curl -s "{base_url}{path}"',
        '-H "Authorization: Bearer $TOKEN"',
        '-H "di_tid: 0b5f7a52-3c1e-4b8d-9f60-7a1c2d3e4f51"',
    ]
    if operation.sent is not None:
        parts.append('-H "Content-Type: application/json"')
        parts.append(f"-d '{json.dumps(operation.example)}'")
    return " \\\n  ".join(parts)
