"""The providers that the suite is run on, one entry each. A test says when a registered provider has none."""

from adapters.registry import Registration, load
from conformance.example.adapter import KioskAdapter
from conformance.example.simulator import KioskSimulator
from support.conformance import Subject

_FRENCH_ADDRESS = {
    "firstName": "Ann",
    "lastName": "Lee",
    "line1": "12 rue de la Paix",
    "city": "Lyon",
    "postalCode": "69003",
    "country": "FR",
}
_GERMAN_ADDRESS = {
    "firstName": "Erika",
    "lastName": "Mustermann",
    "line1": "Heidestr. 17",
    "city": "Berlin",
    "postalCode": "10557",
    "country": "DE",
    "email": "erika@example.com",
    "phone": "+493012345678",
}
_ADDRESS_MEMBERS = ("firstName", "lastName", "line1", "line2", "city", "postalCode", "email", "phone")

BOL = Subject(
    name="bol",
    registration=lambda: load("bol"),
    customer_order={"lines": [{"ean": "0000007740404", "quantity": 2}, {"ean": "0000007740404", "quantity": 1}]},
    product="0000007740404",
    category="13037",
    carrier="TNT",
    cancellation_reason="outOfStock",
)
GELATO = Subject(
    name="gelato",
    registration=lambda: load("gelato"),
    currency="EUR",
    order={
        "shipTo": _GERMAN_ADDRESS,
        "lines": [
            {
                "productId": "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0",
                "quantity": 1,
                "files": [{"role": "default", "url": "https://www.example.com/print.pdf"}],
            }
        ],
    },
    variants={"preventing duplicates": {"prevent_duplicate": True}, "for one customer": {"customer_reference_id": "C"}},
    more_members={
        "lines[0].product": {
            "lines": [
                {
                    "product": {"name": "Framed Poster", "variant": {"zqsize": "zqlarge"}},
                    "quantity": 1,
                    "files": [{"role": "default", "url": "https://www.example.com/print.pdf"}],
                }
            ]
        },
        "delivery.methods": {"delivery": {"methods": ["dhl_express", "ups_surepost"]}},
    },
    translated=frozenset(
        {
            *(f"shipTo.{name}" for name in (*_ADDRESS_MEMBERS, "companyName", "houseNumber", "region", "isBusiness")),
            *(f"shipTo.taxIds.{name}" for name in ("federal", "state", "registrationRegion")),
            *(f"lines[0].{name}" for name in ("reference", "product", "files", "retailPrice", "metadata", "quantity")),
            *("currency", "delivery.methods", "draft", "metadata", "shippingRetailPrice"),
        }
    ),
)
RESELLER = Subject(
    name="reseller",
    registration=lambda: load("reseller"),
    order={"lines": [{"productId": "266-235", "quantity": 1}]},
    product="265-234",
    category="121",
    variants={
        "cancelling by line": {"cancel_by": "line"},
        "repeats refused": {"repeats_refused": True},
        "prices by line, without types": {"price_of": "line", "category_types_path": None},
    },
    more_members={
        "lines[0].inputs": {"lines": [{"productId": "501-470", "quantity": 1, "inputs": {"userid": "zqplayer"}}]},
        "providerOptions.reseller": {"providerOptions": {"reseller": {"notifyUrl": "https://zq.example/notify"}}},
    },
    translated=frozenset({"lines[0].reference", "lines[0].quantity", "lines[0].inputs", "providerOptions.reseller"}),
)
REUSELY = Subject(
    name="reusely",
    registration=lambda: load("reusely"),
    order={
        # Kite 6, unlocked, 128 GB, in good condition
        "lines": [{"productId": "20057", "condition": "12", "quantity": 1}],
        "customer": {"email": "ann@customers.example", "firstName": "Ann", "lastName": "Lee"},
        "payout": {"method": "PayPal"},
    },
    product="20057/larkfield/kite/kite-6/unlocked/128-gb",
    category="m/larkfield/kite/kite-6",
    variants={"v2": {"api_version": "v2", "custom_fields_reference": None}},
    more_members={
        "providerOptions.reusely": {"providerOptions": {"reusely": {"referralSource": "zqreferral"}}},
        "payout.method": {"payout": {"method": "Store Credit"}},
        "lines[0].metadata": {
            "lines": [{"productId": "20057", "condition": "12", "quantity": 1, "metadata": {"notes": "zqnotes"}}]
        },
    },
    translated=frozenset(
        {
            *(f"customer.{name}" for name in ("email", "phone", "firstName", "lastName")),
            *(f"shipTo.{name}" for name in ("line1", "line2", "city", "postalCode", "region", "phone")),
            *("payout.method", "metadata", "lines[0].condition", "lines[0].metadata", "lines[0].quantity"),
            "providerOptions.reusely",
        }
    ),
)
REXEL = Subject(
    name="rexel",
    registration=lambda: load("rexel"),
    order={"lines": [{"productId": "HAG:MFN716/A", "quantity": 1}], "shipTo": _FRENCH_ADDRESS},
    product="SCH:APCRBCV202",
    variants={"by quote": {"place_by": "quote"}, "without a customer": {"id_customer": None}},
    more_members={"providerOptions.rexel": {"providerOptions": {"rexel": {"accountId": "demo-2"}}}},
    translated=frozenset(
        {
            *(f"shipTo.{name}" for name in (*_ADDRESS_MEMBERS, "companyName", "houseNumber", "region")),
            *("currency", "metadata", "lines[0].reference", "lines[0].quantity", "providerOptions.rexel"),
        }
    ),
)
KIOSK = Subject(
    name="kiosk",
    registration=lambda: Registration(KioskAdapter, lambda: KioskSimulator),
    order={"lines": [{"productId": "coffee", "quantity": 1}]},
    translated=frozenset({"lines[0].quantity"}),
)

SUBJECTS: tuple[Subject, ...] = (BOL, GELATO, RESELLER, REUSELY, REXEL, KIOSK)
