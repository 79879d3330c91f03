"""A customer as the legacy calls write one, `FICustomer`."""

from moneyer.customers.customer import Customer
from moneyer.sandbox.legacy.wire import Guid, Told, Valued


class PersonName(Told, frozen=True):
    first_name: str
    last_name: str


class PhoneNumber(Told, frozen=True):
    number: str


class ContactInfo(Told, frozen=True):
    email_address: str = ""
    phone_number: tuple[PhoneNumber, ...] = ()


class PersonInfo(Told, frozen=True):
    """`birthDate` is `yyyy-mm-dd`."""

    person_name: PersonName
    contact_info: ContactInfo
    birth_date: str = ""


class Credential(Told, frozen=True):
    """Never with a password."""

    login_id: str


class UserStatus(Told, frozen=True, omit_defaults=False):
    active: bool
    on_hold: bool
    registered: bool = True


class ChannelInfo(Told, frozen=True):
    channel_type: str
    credential: Credential
    user_status: UserStatus


class ChannelInfos(Told, frozen=True):
    channel_info: tuple[ChannelInfo, ...]


class FICustomer(Told, frozen=True):
    """`id` is what the path of the other calls takes. `hostCredential` is who the customer is at the
    core."""

    id: Guid
    fi_id: Valued
    name: str
    member_number: str
    host_credential: Credential
    person: PersonInfo
    channel_infos: ChannelInfos
    user_type: str


def fi_customer(customer: Customer) -> FICustomer:
    """What the register knows of `customer`."""
    person = customer.person
    phones = (PhoneNumber(person.phone_number),) if person.phone_number else ()
    is_active = customer.status == "active"
    return FICustomer(
        Guid(customer.customer_id),
        Valued(customer.institution_id),
        f"{person.given_name} {person.family_name}".strip(),
        customer.member_number,
        Credential(customer.host_user_id),
        PersonInfo(
            PersonName(person.given_name, person.family_name),
            ContactInfo(person.email, phones),
            person.birthdate,
        ),
        ChannelInfos(
            (
                ChannelInfo(
                    "WEB",
                    Credential(customer.login_id),
                    UserStatus(active=is_active, on_hold=not is_active),
                ),
            )
        ),
        customer.type,
    )
