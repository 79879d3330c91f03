"""Ways to spoil a request."""

import base64
import json
from collections.abc import Callable
from random import Random
from urllib.parse import quote

from tests.bank import Bank
from tests.fuzz.corpus import FORM, GRANTS, HEADERS, METHODS, NAMES, NASTY, Hostile


class Spoilers:
    """Each `spoil_*` changes a request in one way, drawn from `random`."""

    def __init__(self, bank: Bank, random: Random) -> None:
        self.bank, self.random = bank, random
        self.all: list[Callable[[Hostile], None]] = [
            *(self.spoil_bytes, self.spoil_value, self.spoil_name, self.spoil_field, self.spoil_type),
            *(self.spoil_credentials, self.spoil_header, self.spoil_header, self.spoil_method),
            *(self.spoil_path, self.spoil_query, self.spoil_size, self.spoil_transport),
        ]

    def spoil(self, request: Hostile) -> None:
        """Spoils the request in some way."""
        self.random.choice(self.all)(request)

    def nasty(self) -> bytes:
        return self.random.choice(NASTY)

    def spoil_bytes(self, request: Hostile) -> None:
        """Flips, removes, repeats or inserts bytes anywhere in the body."""
        body = bytearray(request.body)
        at = self.random.randrange(len(body) + 1)
        end = min(len(body), at + self.random.randrange(12))
        what = self.random.randrange(5)
        if what == 0 and at < len(body):
            body[at] ^= 1 << self.random.randrange(8)
        elif what == 1:
            del body[at:end]
        elif what == 2:
            body[at:at] = body[at:end] * self.random.randrange(4)
        elif what == 3:
            body[at:at] = self.nasty()
        else:
            del body[at:]
        request.body = bytes(body)

    def spoil_value(self, request: Hostile) -> None:
        fields = request.body.split(b"&")
        at = self.random.randrange(len(fields))
        name, _, value = fields[at].partition(b"=")
        value = self.random.choice(
            (
                *(self.nasty(), value + self.nasty(), self.nasty() + value, value[:-1], value.upper()),
                quote(value.decode("latin-1"), safe="").replace("%", "%25").encode(),
                "".join(f"%{byte:02x}" for byte in value).encode(),
                self.random.choice(GRANTS).encode(),
            )
        )
        fields[at] = name + b"=" + value
        request.body = b"&".join(fields)

    def spoil_name(self, request: Hostile) -> None:
        fields = request.body.split(b"&")
        at = self.random.randrange(len(fields))
        name, _, value = fields[at].partition(b"=")
        name = self.random.choice(
            (
                *(self.random.choice(NAMES).encode(), name + self.nasty(), name.upper(), name + b"[]"),
                "".join(f"%{byte:02X}" for byte in name).encode(),
            )
        )
        fields[at] = name + b"=" + value
        request.body = b"&".join(fields)

    def spoil_field(self, request: Hostile) -> None:
        """Removes, repeats, swaps or adds fields."""
        fields = request.body.split(b"&")
        at = self.random.randrange(len(fields))
        what = self.random.randrange(5)
        if what == 0:
            del fields[at]
        elif what == 1:
            fields.insert(0, fields[at])
        elif what == 2:
            self.random.shuffle(fields)
        elif what == 3:
            fields += [b"x%d=1" % number for number in range(self.random.choice((1, 50, 63, 64, 200)))]
        else:
            fields.append(self.random.choice(NAMES).encode() + b"=" + self.nasty())
        request.body = self.random.choice((b"&", b"&", b"&", b";", b"&&")).join(fields)

    def spoil_type(self, request: Hostile) -> None:
        """Another media type, with a body to match or not."""
        text = request.body.decode("latin-1")
        kind, body = self.random.choice(
            (
                (b"application/json", json.dumps({"grant_type": text}).encode()),
                (b"multipart/form-data; boundary=x", b"--x\r\n\r\n" + request.body + b"\r\n--x--"),
                (FORM + b"; charset=utf-7", request.body),
                (FORM + b"; charset=UTF-8", request.body),
                (FORM.upper(), text.encode("utf-16")),
                (self.nasty(), request.body),
            )
        )
        request.headers = [(n, kind if n == b"content-type" else v) for n, v in request.headers]
        request.body = body

    def spoil_credentials(self, request: Hostile) -> None:
        ids = [*self.bank.secrets, "nobody", "Machine", "machine ", ""]
        one, two = self.random.choice(ids), self.random.choice(list(self.bank.secrets))
        pair = f"{one}:{self.bank.secrets[two]}".encode()
        pair = self.random.choice(
            (pair, pair + self.nasty(), self.nasty() + pair, pair.replace(b":", b""))
        )
        value = self.random.choice(
            (
                *(
                    b"Basic " + base64.b64encode(pair),
                    b"bAsIc  " + base64.b64encode(pair),
                    pair,
                    b"Basic",
                ),
                *(b"Bearer " + base64.b64encode(pair), b"Basic " + self.nasty(), self.nasty()),
                b"Basic " + base64.b64encode(pair) + b", Basic " + base64.b64encode(pair),
            )
        )
        request.headers = [(n, value if n == b"authorization" else v) for n, v in request.headers]

    def spoil_header(self, request: Hostile) -> None:
        """Removes, repeats, renames, replaces or adds headers."""
        headers = request.headers
        at = self.random.randrange(len(headers)) if headers else 0
        what = self.random.randrange(6)
        if what == 0 and headers:
            del headers[at]
        elif what == 1 and headers:
            headers.append(headers[at])
        elif what == 2 and headers:
            headers[at] = (headers[at][0].replace(b"id", b"_id").title(), headers[at][1])
        elif what == 3 and headers:
            headers[at] = (headers[at][0], headers[at][1] + self.nasty())
        elif what == 4:
            headers += [(b"x-%d" % n, b"y" * self.random.choice((1, 200))) for n in range(70)]
        else:
            headers.append((self.random.choice(HEADERS), self.nasty()))

    def spoil_method(self, request: Hostile) -> None:
        request.method = self.random.choice(METHODS)

    def spoil_path(self, request: Hostile) -> None:
        path, nasty = request.path, self.nasty().decode("latin-1")
        changed = (
            path + "/",
            path.upper(),
            "/" + path,
            path + nasty,
            nasty,
            path[:-1],
            path + "\udcff",
        )
        request.path = self.random.choice(changed)

    def spoil_query(self, request: Hostile) -> None:
        name = self.random.choice(NAMES).encode()
        request.query = self.random.choice((name + b"=" + self.nasty(), request.body, self.nasty()))

    def spoil_size(self, request: Hostile) -> None:
        size = self.random.choice((32 * 1024, 32 * 1024 + 1, 100_000))
        filler = self.random.choice((b"x", b"%", b"&", b"=", b"%00", b"a=1&", b"\xff"))
        padding = filler * ((size - len(request.body)) // len(filler) + 1)
        request.body = (request.body + b"&p=" + padding)[:size]

    def spoil_transport(self, request: Hostile) -> None:
        request.scheme = self.random.choice(("http", "https", "ws"))
        request.source = self.random.choice((None, "", "unix:", "::1", "not-an-address", "10.0.0.1"))
