"""What a scope means, in words for the customer."""

from moneyer.pages.translations import Catalogue


def _(message: str) -> str:
    """Marks a message for the catalogue; it is translated when it is shown."""
    return message


MEANINGS = {
    "accounts:read": _("See your accounts and their balances"),
    "accounts:read_unmasked": _("See your full account numbers"),
    "transactions:read": _("See your transactions"),
    "images:read": _("See images of your checks and statements"),
    "transfers:write": _("Move money between your accounts and to your recipients"),
    "recipients:read": _("See the people and companies you pay"),
    "recipients:write": _("Add and change the people and companies you pay"),
    "recipients:delete": _("Remove people and companies you pay"),
    "disclosures:read": _("See agreements you have been shown"),
    "disclosures:write": _("Record that you accepted an agreement"),
    "institution-users:read": _("See your customer profile"),
    "alertMgmt:read": _("See how alerts are set up"),
    "alertMgmt:write": _("Change how alerts are set up"),
    "alertPref:read": _("See which alerts you receive"),
    "alertPref:write": _("Change which alerts you receive"),
    "alertHist:read": _("See alerts you have received"),
    "alerts:publish": _("Send you alerts"),
    "profile": _("Your name, user ID and date of birth"),
    "email": _("Your email address"),
    "phone": _("Your phone number"),
    "name": _("Your name"),
    "given_name": _("Your first name"),
    "family_name": _("Your last name"),
    "preferred_username": _("Your user ID"),
    "birthdate": _("Your date of birth"),
    "phone_number": _("Your phone number"),
}


def describe(scope: str, catalogue: Catalogue) -> str:
    """The meaning in the catalogue's language; a scope that nobody described as it is."""
    name = scope.partition(":")[2] if scope.startswith(("userinfo:", "id_token:")) else scope
    meaning = MEANINGS.get(name)
    return catalogue.gettext(meaning) if meaning else name
