"""Who takes and who pays the money: made-up firms, and what they usually charge."""

from typing import NamedTuple


class Merchant(NamedTuple):
    """`low` and `high` in cents."""

    name: str
    low: int
    high: int


SHOPS = (
    Merchant("GREEN BASKET MARKET #214", 1_850, 13_400),
    Merchant("CORNER LOAF BAKERY", 480, 2_150),
    Merchant("HILLTOP FUEL 0077", 2_400, 6_900),
    Merchant("BLUE KETTLE COFFEE", 390, 1_260),
    Merchant("PHARMA PLUS 3312", 700, 5_800),
    Merchant("METRO TRANSIT TICKETS", 275, 2_500),
    Merchant("NOODLE HOUSE 8", 1_150, 4_300),
    Merchant("OAKWOOD HARDWARE", 900, 15_700),
    Merchant("PAGE & QUILL BOOKS", 1_100, 6_200),
    Merchant("THE LITTLE CINEMA", 1_250, 4_400),
)

CARD_SHOPS = (
    Merchant("LANTERN ONLINE STORE", 1_400, 18_900),
    Merchant("SUMMIT OUTDOOR CO", 2_900, 24_500),
    Merchant("STREAMBOX SUBSCRIPTION", 1_199, 1_199),
    Merchant("SKYFERRY AIRLINES", 14_800, 61_200),
    Merchant("TRATTORIA ORSO", 3_200, 11_800),
    Merchant("CITY CAB", 980, 4_600),
    Merchant("FERN & FIG HOME", 1_900, 16_300),
    Merchant("GREEN BASKET MARKET #214", 2_100, 17_900),
    Merchant("NORTH PIER HOTEL", 11_900, 38_000),
)

BILLS = (
    (12, Merchant("CITY POWER & LIGHT", 6_200, 17_800)),
    (15, Merchant("WAVELINE MOBILE", 5_500, 5_500)),
    (20, Merchant("CLEARWATER UTILITY DISTRICT", 3_400, 7_900)),
    (22, Merchant("FIBRENET INTERNET", 6_999, 6_999)),
)
"""The day of the month, and who is paid."""

EMPLOYERS = (
    "ALDER CREEK SCHOOLS",
    "BRIGHTWATER HOSPITAL",
    "COPPERLINE ENGINEERING",
    "DUNE STREET MEDIA",
    "EASTGATE LOGISTICS",
)

CRAFTSPEOPLE = (
    Merchant("Maple Street Dental", 8_500, 42_000),
    Merchant("R. Hollis Plumbing", 12_000, 58_000),
    Merchant("Little Acorns Daycare", 32_000, 64_000),
    Merchant("Vera Lindqvist", 4_000, 20_000),
    Merchant("Parkside Community Orchestra", 2_500, 10_000),
    Merchant("Quinn & Daughter Roofing", 20_000, 120_000),
)

LANDLORDS = ("Harbourview Apartments", "Elm Court Properties", "J. & T. Abernathy")

TRADES = ("Bakery", "Supply Co.", "Design Studio", "Grain & Feed", "Logistics", "Workshop")

SUPPLIERS = (
    Merchant("Millstone Flour Mills", 45_000, 260_000),
    Merchant("Crescent Packaging Inc.", 18_000, 96_000),
    Merchant("Ridgeway Equipment Leasing", 60_000, 140_000),
    Merchant("Tanner & Webb Accountants", 35_000, 85_000),
    Merchant("Sunrise Dairy Cooperative", 24_000, 118_000),
    Merchant("Ironbridge Freight", 30_000, 175_000),
)

TILL = Merchant("CARDPOINT MERCHANT SETTLEMENT", 62_000, 310_000)
