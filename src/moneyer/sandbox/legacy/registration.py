"""What a registration says, and who becomes a customer by it."""

import re
from datetime import date
from typing import NamedTuple

from moneyer.customers.customer import Customer, Person
from moneyer.customers.login import canonical_login
from moneyer.customers.passwords import check_new_password
from moneyer.dialects.words import Words
from moneyer.sandbox.legacy import problems
from moneyer.sandbox.legacy.problems import Declined
from moneyer.sandbox.legacy.wire import Sent, Valued

_NAME = re.compile("[^\x00-\x1f\x7f-\x9f]{1,39}")
_EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+\.[!-?A-~]+")
_PHONE = re.compile(r"\+?[0-9]{7,15}")
_MEMBER = re.compile("[A-Za-z0-9]{1,16}")
_HOST = re.compile("[A-Za-z0-9.-]{1,32}")
_LOGIN = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9@$*_=.!~-]{6,128}")


class SentName(Sent, frozen=True):
    first_name: str = ""
    last_name: str = ""


class SentPhone(Sent, frozen=True):
    number: str = ""


class SentContact(Sent, frozen=True):
    email_address: str = ""
    phone_number: tuple[SentPhone, ...] = ()


class SentPerson(Sent, frozen=True):
    person_name: SentName = SentName()
    contact_info: SentContact = SentContact()
    birth_date: str = ""


class SentCredential(Sent, frozen=True):
    login_id: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "SentCredential(…)"


class SentChannel(Sent, frozen=True):
    credential: SentCredential = SentCredential()


class SentChannels(Sent, frozen=True):
    channel_info: tuple[SentChannel, ...] = ()


class HostCredential(Sent, frozen=True):
    login_id: str = ""


class Registration(Sent, frozen=True):
    """What is kept of a registration. Social security number, address and the like are not even read.

    Without `hostCredential` the customer is known at the core by the member number.
    """

    fi_id: Valued | None = None
    member_number: str = ""
    person: SentPerson = SentPerson()
    channel_infos: SentChannels = SentChannels()
    host_credential: HostCredential = HostCredential()


class Newcomer(NamedTuple):
    """Somebody who may be registered, and the password they chose."""

    customer: Customer
    password: str

    def __repr__(self) -> str:
        return "Newcomer(…)"


def newcomer(registration: Registration, institution_id: str, customer_id: str) -> Newcomer:
    """Raises Declined for the first thing that is not as it has to be."""
    if registration.fi_id is not None and registration.fi_id.value != institution_id:
        raise Declined(problems.OTHER_FI)
    member = _fitting(_MEMBER, registration.member_number, problems.BAD_MEMBER)
    person = _person(registration.person)
    channels = registration.channel_infos.channel_info
    if len(channels) != 1:
        raise Declined(problems.NO_CHANNEL)
    login_id = _fitting(_LOGIN, channels[0].credential.login_id, problems.BAD_LOGIN)
    if login_id.lower() == member.lower():
        raise Declined(problems.LOGIN_IS_MEMBER)
    host = registration.host_credential.login_id or member
    customer = Customer(
        institution_id,
        customer_id,
        login_id,
        canonical_login(login_id),
        _fitting(_HOST, host, problems.BAD_HOST_ID),
        "RETAIL",
        member_number=member,
        person=person,
    )
    return Newcomer(customer, _password(channels[0].credential.password, login_id))


def _person(sent: SentPerson) -> Person:
    name, contact = sent.person_name, sent.contact_info
    if not name.first_name.strip() or not name.last_name.strip():
        raise Declined(problems.NO_NAME)
    email, phones = contact.email_address, contact.phone_number
    if len(email) > 64:
        raise Declined(problems.BAD_EMAIL)
    return Person(
        _fitting(_NAME, name.first_name, problems.BAD_FIRST_NAME),
        _fitting(_NAME, name.last_name, problems.BAD_LAST_NAME),
        _birth_date(sent.birth_date),
        _fitting(_EMAIL, email, problems.BAD_EMAIL),
        _fitting(_PHONE, phones[0].number, problems.BAD_PHONE) if phones else "",
    )


def _fitting(pattern: re.Pattern[str], text: str, otherwise: Words) -> str:
    """`text`, if all of it is what `pattern` says. Raises Declined."""
    if not pattern.fullmatch(text):
        raise Declined(otherwise)
    return text


def _birth_date(text: str) -> str:
    """Raises Declined; "" is nobody's business."""
    if not text:
        return ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Declined(problems.BAD_BIRTH_DATE) from None
    if day.isoformat() != text:
        raise Declined(problems.BAD_BIRTH_DATE)
    return text


def _password(password: str, login_id: str) -> str:
    """As every new password is judged here (NIST SP 800-63B). Raises Declined with the reason."""
    try:
        return check_new_password(password, login_id)
    except ValueError as error:
        raise Declined(problems.bad_password(str(error))) from None


EXAMPLE = {
    "FICustomer": {
        "memberNumber": "700199",
        "person": {
            "personName": {"firstName": "Noor", "lastName": "Haddad"},
            "contactInfo": {
                "emailAddress": "noor.haddad@example.com",
                "phoneNumber": [{"number": "5550100199"}],
            },
            "birthDate": "1993-05-17",
        },
        "channelInfos": {
            "channelInfo": [
                {
                    "channelType": "TPV_API",
                    "credential": {"loginId": "noor.haddad", "password": "sandbox-noor-paints-walls"},
                }
            ]
        },
    }
}
