"""A line for a shell that makes a call."""

import json

from moneyer.sandbox.bank.call import Operation

_VALUES = {
    "accountId": "$ACCOUNT",
    "{anotherAccountId}": "$ANOTHER",
    "customerId": "5B7C1E90A4D24F6E8C3A1D2E4F506172",
    "bankingImageId": "$IMAGE",
    "institutionDisclosureId": "$DISCLOSURE",
    "recipientId": "$RECIPIENT",
    "alertPreferenceId": "$PREFERENCE",
}
_QUERIES = {
    "listTransactions": ["accountId=$ACCOUNT", "limit=5"],
    "listBankingImages": ["accountId=$ACCOUNT", "imageType=CHECK"],
}


def curl(base_url: str, operation: Operation) -> str:
    """With an institution's token in `$TOKEN`, about the sandbox's first customer."""
    path = operation.route.path
    for name, value in _VALUES.items():
        path = path.replace(f"{{{name}}}", value)
    query = list(_QUERIES.get(operation.name, []))
    if operation.route.customer == "required":
        query.append("loginId=ada.marsh")
    url = f"{base_url}{path}{'?' if query else ''}{'&'.join(query)}"
    parts = [f'curl -s "{url}"', '-H "Authorization: Bearer $TOKEN"']
    if operation.route.method not in {"GET", "POST"}:
        parts.insert(1, f"-X {operation.route.method}")
    if operation.body is not None:
        parts.append('-H "Content-Type: application/json"')
        body = json.dumps(operation.example)
        if "{accountId}" in body:
            body = body.replace("{accountId}", "'$ACCOUNT'")
            body = body.replace("{anotherAccountId}", "'$ANOTHER'")
        parts.append(f"-d '{body}'")
    if operation.pictures:
        parts.append("-o cheque.png")
    return " \\\n  ".join(parts)
