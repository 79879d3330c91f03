"""An answer to look at: what a schema describes, filled in."""

from typing import Any

Schema = dict[str, Any]

_KNOWN = {
    "institutionId": "00016",
    "institutionUserId": "5B7C1E90A4D24F6E8C3A1D2E4F506172",
    "accountNumber": "0110",
    "routingNumber": "482913373",
    "description": "Everyday Checking",
    "nickName": "Everyday Checking",
    "primaryHolderName": "Ada Marsh",
    "fullName": "Ben Okafor",
    "email": "ben.okafor@example.com",
    "memberNumber": "700102",
    "currencyCode": "USD",
    "institutionDisclosureName": "ESIGN",
    "institutionDisclosureData": "https://bank.example/disclosures/electronic-signatures",
    "institutionDisclosureDataType": "URL",
    "alertTypeName": "LARGE_WITHDRAWAL",
    "displayAlertTypeName": "Large withdrawal",
    "alertCategory": "TRANSACTION",
    "eventTypeDomain": "TRANSACTION",
    "channels": "EMAIL,SMS,PUSH",
    "channelsOptd": "EMAIL,SMS,PUSH",
    "channelTypeName": "EMAIL",
    "messageSummary": "$25.00 left Everyday Checking ending in 0110",
    "memo": "Roof, second half",
    "checkNumber": "1043",
    "transactionImageNumber": "1043",
    "transactionDescription": "CHECK 1043",
    "transactionNumber": "308",
    "nextCursor": "kq2bS3pXAAAAAAEC",
    "confirmation": "7C21B0E4F5",
    "data": "iVBORw0KGgo…",
    "pageNumber": "1",
    "channelInfo": {"EMAIL": "DELIVERED"},
    "accountType": "CHECKING",
    "firstName": "Ada",
    "lastName": "Marsh",
    "name": "Ada Marsh",
    "emailAddress": "ada.marsh@example.com",
    "number": "5550100100",
    "birthDate": "1984-03-09",
    "loginId": "ada.marsh",
    "channelType": "WEB",
    "userType": "RETAIL",
    "accountStatus": "OPEN",
    "category": "DEPOSIT",
    "displayValue": "0110",
    "openedDate": "2019-04-02",
    "transferRestriction": "EXCLUDE_AS_FROM",
    "contactInfo": "ada.marsh@example.com",
    "protocol": "EMAIL",
    "eventType": "SECURITY_NOTICE",
    "type": "GUID",
    "statusMessage": "FICustomer does not exist",
    "errorMessage": "FICustomer does not exist",
    "errorCode": "90002",
    "errorType": "APP_ERROR",
}
_ID = "3f6c2a9be1d0475c8a7b6e5d4c3f2a10"


def sample(schema: Schema, schemas: dict[str, Schema], name: str = "") -> Any:
    """Something that `schema` allows, with every member there is."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], schemas, name)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object" if "properties" in schema:
            members = schema["properties"].items()
            return {member: sample(inner, schemas, member) for member, inner in members}
        case "array":
            return [sample(schema["items"], schemas, name)]
        case "integer":
            return 1
        case "number":
            return 118.45
        case "boolean":
            return True
    return _text(schema, name)


def _text(schema: Schema, name: str) -> Any:
    if schema.get("format") == "date":
        return "2026-07-14"
    if schema.get("format") == "date-time":
        return "2026-07-14T09:30:00Z"
    return _KNOWN.get(name, _ID)
