"""Banking images: the cheques that were paid, front and back."""

import asyncio
import base64
import datetime
from collections.abc import Iterator
from typing import Literal, NamedTuple

from moneyer.gateway.route import Route
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.calls.transactions import image_id
from moneyer.sandbox.bank.cheques.cheque import Cheque, View, draw
from moneyer.sandbox.bank.growth.account import Account, Entry
from moneyer.sandbox.bank.holder import Holder
from moneyer.sandbox.bank.people import Owner
from moneyer.sandbox.bank.problems import (
    ACCOUNT_EMPTY,
    BANKING_IMAGES,
    DATES_CROSSED,
    DATES_NEEDED,
    NO_IMAGE,
    TYPE_MISSING,
    TYPE_UNKNOWN,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Day, Short, Wire

ImageType = Literal["CHECK", "DEPOSIT_SLIP", "STATEMENT"]


class ImageInfo(Wire, frozen=True, omit_defaults=False):
    """`data` is the picture in base64."""

    data: str
    type: Literal["PNG"]
    view: View
    page_number: str


class BankingImage(Wire, frozen=True):
    """`imageInfoItems` only where one image is asked for, as JSON."""

    id: str
    institution_id: str
    account_id: str
    image_type: ImageType
    transaction_image_number: str
    transaction_date: Day
    transaction_description: str
    transaction_status: Literal["ACCEPTED"]
    amount: float
    transaction_id: str
    institution_customer_id: str = ""
    image_info_items: tuple[ImageInfo, ...] = ()


class BankingImages(Wire, frozen=True, omit_defaults=False):
    banking_images: list[BankingImage]


class ImagesQuery(Asked, frozen=True):
    """Only cheques are kept as images here; the other types have none."""

    account_id: Short
    image_type: ImageType
    transaction_date: datetime.date | None = None
    transaction_image_number: Short | None = None
    statement_start_date: datetime.date | None = None
    statement_end_date: datetime.date | None = None


class ImageQuery(Asked, frozen=True):
    """`view` is the side of the cheque; as JSON come both."""

    account_id: Short | None = None
    image_type: ImageType = "CHECK"
    view: View = "FRONT"


class _Found(NamedTuple):
    owner: Owner
    account: Account
    entry: Entry


async def list_images(call: Call) -> Reply:
    """Raises Declined."""
    asked = call.query(ImagesQuery)
    _check_dates(asked)
    holder = await call.holder()
    owner, account = call.account(holder, asked.account_id, NO_IMAGE)
    images = [
        _shown(holder, found)
        for found in _cheques(call, owner, account)
        if asked.image_type == "CHECK" and _fits(found.entry, asked)
    ]
    return Reply(body=BankingImages(images[::-1]))


async def get_image(call: Call) -> Reply:
    """A PNG; JSON with both sides in it for a caller that accepts nothing else. Raises Declined."""
    asked = call.query(ImageQuery)
    holder = await call.holder()
    found = _one(call, holder, asked)
    cheque = _cheque(call, found)
    if not _wants_json(call):
        return Reply(picture=await asyncio.to_thread(draw, cheque, asked.view))
    sides: tuple[View, ...] = ("FRONT", "BACK")
    items = []
    for number, side in enumerate(sides, 1):
        picture = await asyncio.to_thread(draw, cheque, side)
        items.append(ImageInfo(base64.b64encode(picture).decode(), "PNG", side, str(number)))
    return Reply(body=_shown(holder, found, tuple(items)))


def _check_dates(asked: ImagesQuery) -> None:
    first, last = asked.statement_start_date, asked.statement_end_date
    if asked.image_type == "STATEMENT" and not (first and last):
        raise Declined(DATES_NEEDED)
    if first and last and first > last:
        raise Declined(DATES_CROSSED)


def _fits(entry: Entry, asked: ImagesQuery) -> bool:
    day, number = asked.transaction_date, asked.transaction_image_number
    return (day is None or entry.date == day.isoformat()) and number in {None, entry.cheque}


def _cheques(call: Call, owner: Owner, account: Account) -> Iterator[_Found]:
    for entry in call.books.entries(owner, account.account_id):
        if entry.cheque:
            yield _Found(owner, account, entry)


def _one(call: Call, holder: Holder, asked: ImageQuery) -> _Found:
    for owner, account in call.accounts(holder):
        if asked.account_id in {None, account.account_id} and asked.image_type == "CHECK":
            for found in _cheques(call, owner, account):
                if image_id(found.entry) == call.variables["bankingImageId"]:
                    return found
    raise Declined(NO_IMAGE)


def _wants_json(call: Call) -> bool:
    accept = call.headers.get(b"accept", b"").lower()
    return b"application/json" in accept and b"image/png" not in accept


def _shown(holder: Holder, found: _Found, items: tuple[ImageInfo, ...] = ()) -> BankingImage:
    entry = found.entry
    return BankingImage(
        image_id(entry),
        found.account.institution_id,
        entry.account_id,
        "CHECK",
        entry.cheque,
        entry.date,
        entry.description,
        "ACCEPTED",
        abs(entry.amount) / 100,
        entry.entry_id,
        found.owner.owner_id if holder.party.is_business else "",
        items,
    )


def _cheque(call: Call, found: _Found) -> Cheque:
    account, entry, house = found.account, found.entry, call.house
    return Cheque(
        bank=house.name,
        accent=house.accent,
        drawer=account.holder,
        payee=entry.payee,
        cents=abs(entry.amount),
        date=entry.date,
        memo=entry.memo,
        number=entry.cheque,
        routing=account.routing,
        account=account.number,
    )


OPERATIONS = (
    Operation(
        Route("GET", "/v1/banking-images", BANKING_IMAGES.family, ("images:read",)),
        BANKING_IMAGES,
        "listBankingImages",
        "The cheques paid from an account, newest first",
        list_images,
        query=ImagesQuery,
        gives=BankingImages,
        problems=(
            TYPE_MISSING,
            TYPE_UNKNOWN,
            ACCOUNT_EMPTY,
            DATES_NEEDED,
            DATES_CROSSED,
            NO_IMAGE,
        ),
    ),
    Operation(
        Route("GET", "/v1/banking-images/{bankingImageId}", BANKING_IMAGES.family, ("images:read",)),
        BANKING_IMAGES,
        "getBankingImage",
        "One cheque: a picture (PNG), or JSON with both sides where only JSON is accepted",
        get_image,
        query=ImageQuery,
        gives=BankingImage,
        problems=(TYPE_UNKNOWN, NO_IMAGE),
        pictures=True,
    ),
)
