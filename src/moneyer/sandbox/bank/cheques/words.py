"""An amount in words, as cheques have it."""

_ONES = (
    "Zero",
    "One",
    "Two",
    "Three",
    "Four",
    "Five",
    "Six",
    "Seven",
    "Eight",
    "Nine",
    "Ten",
    "Eleven",
    "Twelve",
    "Thirteen",
    "Fourteen",
    "Fifteen",
    "Sixteen",
    "Seventeen",
    "Eighteen",
    "Nineteen",
)
_TENS = (
    "-",
    "-",
    "Twenty",
    "Thirty",
    "Forty",
    "Fifty",
    "Sixty",
    "Seventy",
    "Eighty",
    "Ninety",
)
_SCALES = ((1_000_000_000, "Billion"), (1_000_000, "Million"), (1_000, "Thousand"))


def in_words(cents: int) -> str:
    """`Four Hundred Twenty-One and 50/100`, for what is not negative and below a trillion dollars."""
    whole, rest = divmod(cents, 100)
    return f"{_number(whole)} and {rest:02}/100"


def _number(number: int) -> str:
    words = []
    for size, name in _SCALES:
        if number >= size:
            words += [_below_thousand(number // size), name]
            number %= size
    if number or not words:
        words.append(_below_thousand(number))
    return " ".join(words)


def _below_thousand(number: int) -> str:
    words = []
    if number >= 100:
        words += [_ONES[number // 100], "Hundred"]
        number %= 100
    if number >= 20:
        tens, ones = divmod(number, 10)
        words.append(f"{_TENS[tens]}-{_ONES[ones]}" if ones else _TENS[tens])
    elif number or not words:
        words.append(_ONES[number])
    return " ".join(words)
