"""The simulated web shop: made-up products, categories, customers, and the orders that are there at the start."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from adapters.bol.simulator_state import Books, CustomerOrder, Item, Parcel

CATEGORIES: tuple[tuple[str, str, str | None], ...] = (
    # id, name, parent
    ("11271", "Koken & Tafelen", None),
    ("13037", "Koffie & Thee", "11271"),
    ("13038", "Koffiemakers", "13037"),
    ("13039", "Theepotten", "13037"),
    ("13084", "Pannen", "11271"),
    ("12974", "Wonen", None),
    ("14032", "Verlichting", "12974"),
    ("14033", "Bureaulampen", "14032"),
    ("14087", "Kussens & Plaids", "12974"),
    ("43646", "Auto & Motor", None),
    ("43701", "Fietsaccessoires", "43646"),
)


@dataclass(frozen=True, slots=True)
class Goods:
    """One product of the shop."""

    ean: str
    title: str
    brand: str
    category: str
    price: str
    description: str
    pictures: int = 2
    offered: bool = True


_FAMILIES: tuple[tuple[str, str, str, str, str, tuple[str, ...]], ...] = (
    # title, brand, category, price of the first, description, variants
    ("Filterkoffiemaker Ochtend", "Molenbeek", "13038", "64.95", "Zet tot tien koppen.", ("zwart", "wit", "rood")),
    ("Percolator Klassiek", "Molenbeek", "13038", "29.50", "Voor op het fornuis.", ("3 kops", "6 kops", "9 kops")),
    ("Theepot Gietijzer", "Huis ter Duin", "13039", "34.99", "Met roestvrij filter.", ("0,6 l", "0,9 l", "1,2 l")),
    ("Theepot Glas", "Huis ter Duin", "13039", "19.95", "Voor op een lichtje.", ("0,8 l", "1,2 l")),
    ("Koekenpan Vonk", "Vonk", "13084", "39.00", "Geschikt voor inductie.", ("20 cm", "24 cm", "28 cm", "32 cm")),
    ("Braadpan Vonk", "Vonk", "13084", "79.00", "Geëmailleerd gietijzer.", ("24 cm", "28 cm")),
    ("Steelpan Vonk", "Vonk", "13084", "27.50", "Met schenktuit.", ("14 cm", "16 cm", "18 cm")),
    ("Bureaulamp Knik", "Lichthuis", "14033", "44.95", "Dimbaar, met klem.", ("zwart", "wit", "messing")),
    ("Leeslamp Boog", "Lichthuis", "14033", "89.00", "Met draaibare arm.", ("zwart", "nikkel")),
    (
        "Sierkussen Linnen",
        "Wolf & Wol",
        "14087",
        "17.95",
        "50 x 50 cm.",
        ("naturel", "groen", "blauw", "oker", "grijs"),
    ),
    ("Plaid Merino", "Wolf & Wol", "14087", "69.95", "130 x 200 cm.", ("naturel", "groen", "blauw", "oker", "grijs")),
    ("Fietslamp Baken", "Trapwerk", "43701", "24.95", "Oplaadbaar.", ("voor", "achter", "set")),
    ("Fietstas Dubbel", "Trapwerk", "43701", "54.95", "Waterdicht, 35 liter.", ("zwart", "groen", "grijs")),
    ("Fietsbel Ding", "Trapwerk", "43701", "9.95", "Messing.", ("klein", "groot")),
    ("Fietspomp Lang", "Trapwerk", "43701", "32.50", "Met manometer.", ("zwart", "rood", "wit")),
    ("Fietshelm Kalm", "Trapwerk", "43701", "59.95", "Met draaisluiting.", ("S", "M", "L", "XL")),
    ("Hanglamp Kegel", "Lichthuis", "14032", "119.00", "Doorsnede 35 cm.", ("zwart", "wit", "koper", "groen")),
    ("Kettingslot Vast", "Trapwerk", "43701", "37.95", "Met twee sleutels.", ("90 cm", "110 cm", "140 cm")),
)

PLAIN = "0000007740404"
"""A product like any other, with the EAN of the specification's examples: leading zeros stay."""
NOT_OFFERED = "2000000099019"
"""A product that nobody sells at the moment, and that has no picture."""
FAILING = "2000000099026"
"""Processes about an item of this product end in FAILURE."""
TOO_SLOW = "2000000099033"
"""Processes about an item of this product end in TIMEOUT, and nothing was done."""
SLOW_BUT_DONE = "2000000099040"
"""Processes about an item of this product end in TIMEOUT, and yet it was done."""

_SPECIAL = (
    Goods(PLAIN, "Koffiemolen Kras", "Molenbeek", "13037", "49.99", "Maalt fijn en grof."),
    Goods(NOT_OFFERED, "Waterkoker Fluit", "Molenbeek", "13037", "39.95", "Uitverkocht.", 0, False),
    Goods(FAILING, "Wandklok Weigert", "Huis ter Duin", "12974", "22.50", "Elke opdracht mislukt."),
    Goods(TOO_SLOW, "Wandklok Traag", "Huis ter Duin", "12974", "23.50", "Elke opdracht duurt te lang."),
    Goods(SLOW_BUT_DONE, "Wandklok Toch", "Huis ter Duin", "12974", "24.50", "Duurt te lang en lukt toch."),
)


def check_digit(digits: str) -> str:
    """Return the last digit of an EAN-13 (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return str(-total % 10)


def goods() -> dict[str, Goods]:
    """Return the products by EAN; the EANs are of the range that shops may use as they like (GS1 prefix 200)."""
    return {product.ean: product for product in (*_SPECIAL, *_families())}


def _families() -> Iterator[Goods]:
    for family, (title, brand, category, price, description, variants) in enumerate(_FAMILIES, start=1):
        for number, variant in enumerate(variants):
            digits = f"20000000{family:02d}{number:02d}"
            euros, _, cents = price.partition(".")
            yield Goods(
                digits + check_digit(digits),
                f"{title} {variant}",
                brand,
                category,
                f"{int(euros) + 4 * number}.{cents}",
                description,
            )


_CUSTOMERS: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
    # shipment details, what the billing details have besides
    (
        {
            "salutation": "FEMALE",
            "firstName": "Billie",
            "surname": "Jansen",
            "streetName": "Dorpstraat",
            "houseNumber": "1",
            "houseNumberExtension": "B",
            "zipCode": "1111ZZ",
            "city": "Utrecht",
            "countryCode": "NL",
            "email": "billie@verkopen.bol.com",
            "language": "nl",
        },
        {},
    ),
    (
        {
            "salutation": "MALE",
            "firstName": "Wout",
            "surname": "Peeters",
            "streetName": "Korenmarkt",
            "houseNumber": "17",
            "zipCode": "9000",
            "city": "Gent",
            "countryCode": "BE",
            "email": "wout@verkopen.bol.com",
            "language": "nl-BE",
        },
        {},
    ),
    (
        {
            "salutation": "UNKNOWN",
            "firstName": "Sam",
            "surname": "de Wit",
            "streetName": "Havenkade",
            "houseNumber": "204",
            "extraAddressInformation": "Goederenontvangst achter",
            "zipCode": "3011AA",
            "city": "Rotterdam",
            "countryCode": "NL",
            "email": "sam@verkopen.bol.com",
            "company": "De Wit Kantoorinrichting",
            "deliveryPhoneNumber": "0101234567",
            "language": "nl",
        },
        {"vatNumber": "NL999999999B99", "kvkNumber": "99887766", "orderReference": "MijnReferentie"},
    ),
    (
        {
            "pickupPointName": "Buurtwinkel De Hoek",
            "salutation": "FEMALE",
            "firstName": "Amira",
            "surname": "el Idrissi",
            "streetName": "Kerkplein",
            "houseNumber": "3",
            "zipCode": "6811AB",
            "city": "Arnhem",
            "countryCode": "NL",
            "email": "amira@verkopen.bol.com",
            "language": "nl",
        },
        {},
    ),
)


class Street:
    """Customers walk in: makes orders of made-up people."""

    def __init__(self, books: Books, shelf: dict[str, Goods], ids: random.Random) -> None:
        self._books, self._shelf, self._ids = books, shelf, ids

    def order(
        self,
        lines: list[tuple[str, int]],
        *,
        customer: int | None = None,
        minutes_ago: int = 0,
        fulfilment: str = "FBR",
        cancellation_requested: bool = False,
    ) -> CustomerOrder:
        """Place an order. Raises KeyError for an EAN that is not in the shop."""
        placed = self._books.now() - timedelta(minutes=minutes_ago)
        which = self._ids.randrange(len(_CUSTOMERS)) if customer is None else customer
        details, more = _CUSTOMERS[which]
        items = [
            Item(
                id=self._books.number(10),
                ean=ean,
                title=self._shelf[ean].title,
                quantity=quantity,
                unit_price=self._shelf[ean].price,
                changed=placed,
                fulfilment=fulfilment,
                cancellation_requested=cancellation_requested,
            )
            for ean, quantity in lines
        ]
        hidden = {"pickupPointName", "deliveryPhoneNumber", "language"}
        billing = {name: value for name, value in details.items() if name not in hidden} | more
        order = CustomerOrder(
            self._books.order_id(), placed, items, dict(details), billing, "pickupPointName" in details
        )
        self._books.add_order(order)
        return order

    def ship(self, order: CustomerOrder, items: list[tuple[Item, int]], minutes_ago: int = 0) -> Parcel:
        """Ship items of an order, as if it had been done long ago."""
        shipped = self._books.now() - timedelta(minutes=minutes_ago)
        parcel = Parcel(self._books.number(9), self._books.number(9), order, items, shipped)
        for item, quantity in items:
            item.shipped += quantity
            item.changed = shipped
        self._books.add_parcel(parcel)
        return parcel

    def open_the_shop(self) -> None:
        """Place the orders that are there at the start, oldest first."""
        eans = [product.ean for product in _families()]
        shipped = self.order([(eans[8], 1)], customer=1, minutes_ago=26 * 60)
        parcel = self.ship(shipped, [(shipped.items[0], 1)], minutes_ago=20 * 60)
        parcel.reference, parcel.transporter, parcel.track_and_trace = "B321SR", "TNT", "3SBOL0987654321"
        cancelled = self.order([(eans[4], 1)], customer=0, minutes_ago=25 * 60)
        cancelled.items[0].cancelled, cancelled.items[0].changed = 1, shipped.changed
        halfway = self.order([(eans[12], 3)], customer=2, minutes_ago=9 * 60)
        self.ship(halfway, [(halfway.items[0], 1)], minutes_ago=7 * 60)
        self.order([(eans[15], 1)], customer=0, minutes_ago=8 * 60, fulfilment="FBB")
        for minutes, ean in ((320, FAILING), (310, TOO_SLOW), (300, SLOW_BUT_DONE)):
            self.order([(ean, 1)], customer=1, minutes_ago=minutes)
        self.order([(eans[20], 1)], customer=3, minutes_ago=180, cancellation_requested=True)
        self.order([(eans[6], 2), (eans[30], 1)], customer=2, minutes_ago=95)
        self.order([(eans[10], 1), (eans[25], 4)], customer=1, minutes_ago=60)
        self.order([(PLAIN, 1)], customer=3, minutes_ago=35)
        self.order([(PLAIN, 2)], customer=0, minutes_ago=10)
