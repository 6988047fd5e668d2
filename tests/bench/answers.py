"""What the benchmark's provider answers: made-up data in the providers' documented shapes, as bytes.

The order has the members of Gelato's Order Management API documentation, "Get Order"; the page has those of the
Reseller Documentation, "List Products", detailed. Prices are number literals with the digits a provider would write.
"""

from typing import Any

import msgspec

ORDER_ID = "5d0f7c1e-2f64-4b7e-9a53-0c8f4b2d9e11"
PRODUCTS = 100

_SHIPMENT_ID = "b7a4de90-3c52-4f0d-8f6e-71c2a90b5d34"
_ADDRESS_ID = "f1c2b3a4-6d5e-4788-90a1-b2c3d4e5f607"
_AT = "2026-03-02T09:41:07+00:00"


def _price(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def gelato_order() -> bytes:
    """Return one shipped order with two items, about 6 KB."""
    items = [
        (
            "4f0c2d7a-91be-4e62-a0f5-3d8b6c1e7f20",
            "poster-1",
            "posters_pf_a3_pt_170-gsm-coated-silk_cl_4-0_ver",
            "18.90",
        ),
        ("c93b5e18-0a47-4d2f-b6c1-58f7e2a4d903", "mug-1", "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0", "7.25"),
    ]
    return msgspec.json.encode(
        {
            "id": ORDER_ID,
            "clientId": "7a61e0c4-8f3b-4d95-a2e7-b04c6d19f583",
            "orderReferenceId": "shop-2026-000417",
            "customerReferenceId": "shop-eu",
            "fulfillmentStatus": "shipped",
            "financialStatus": "paid",
            "currency": "EUR",
            "shippingAddress": _address(),
            "items": [_item(*item) for item in items],
            "shipment": _shipment([item[0] for item in items]),
            "receipts": [_receipt(items)],
            "createdAt": _AT,
            "updatedAt": "2026-03-04T16:20:55+00:00",
            "orderedAt": _AT,
            "refusalReason": None,
            "refusalReasonCode": None,
            "comment": None,
            "channel": "api",
            "storeId": None,
            "orderedByUserId": None,
            "orderType": "order",
            "metadata": [{"key": "campaign", "value": "spring"}, {"key": "warehouse", "value": "north"}],
            "billingEntity": _billing_entity(),
            "retailCurrency": None,
            "paymentMethodType": None,
            "connectedOrderIds": [],
            "discounts": [],
            "iossNumber": None,
            "appServices": [],
        }
    )


def _address() -> dict[str, Any]:
    return {
        "id": _ADDRESS_ID,
        "orderId": ORDER_ID,
        "country": "NL",
        "firstName": "Jora",
        "lastName": "van der Velde",
        "companyName": "",
        "addressLine1": "Lindelaan 14",
        "addressLine2": "2 hoog",
        "city": "Haarlem",
        "postCode": "2011 AB",
        "state": "",
        "email": "jora@example.com",
        "phone": "+31200000000",
        "isBusiness": False,
        "federalTaxId": None,
        "stateTaxId": None,
        "registrationState": None,
    }


def _billing_entity() -> dict[str, Any]:
    return {
        "id": 4170,
        "companyName": "Velde Prints",
        "companyVatNumbers": [],
        "countryIsoCode": "NL",
        "addressLine1": "Lindelaan 14",
        "city": "Haarlem",
        "postCode": "2011 AB",
        "email": "billing@example.com",
        "currencyIsoCode": "EUR",
        "status": 1,
        "iossNumber": None,
    }


def _item(native: str, reference: str, product: str, price: str) -> dict[str, Any]:
    file = f"https://files.example.com/designs/{native}.pdf"
    preview = f"https://previews.example.com/{native}"
    return {
        "id": native,
        "itemReferenceId": reference,
        "productUid": product,
        "files": [{"id": None, "type": "default", "url": file, "isVisible": False, "mimeType": "application/pdf"}],
        "processedFileUrl": None,
        "quantity": 1,
        "options": [],
        "category": "Wall art",
        "productTypeUid": "poster",
        "productName": "Semi-glossy poster",
        "fulfillmentStatus": "shipped",
        "pageCount": None,
        "printJobs": [],
        "eventLog": [],
        "previews": [{"type": kind, "url": f"{preview}/{kind}.png"} for kind in ("preview_default", "preview_flat")],
        "finalProductUid": product,
        "metadata": [{"key": "unitWeight", "value": "139"}, {"key": "shelf", "value": "B-14"}],
        "attributes": [
            {"name": "size", "title": "Size", "value": "a3", "formattedValue": "A3 (29.7 x 42 cm)"},
            {"name": "orientation", "title": "Orientation", "value": "ver", "formattedValue": "Vertical"},
        ],
        "isIgnored": False,
        "price": _price(price),
        "productVariant": [],
    }


def _shipment(items: list[str]) -> dict[str, Any]:
    package = {
        "id": "0e3d9a76-54c1-42fb-8d07-c6b1f2a8e945",
        "orderItemIds": items,
        "trackingCode": "3SGELA0417001",
        "trackingUrl": "https://tracking.example.com/3SGELA0417001",
    }
    return {
        "id": _SHIPMENT_ID,
        "shippingAddressId": _ADDRESS_ID,
        "packageCount": 1,
        "shipmentMethodUid": "postnl_standard",
        "shipmentMethodName": "PostNL Standard",
        "minDeliveryDays": 2,
        "maxDeliveryDays": 4,
        "minDeliveryDate": "2026-03-06",
        "maxDeliveryDate": "2026-03-09",
        "totalWeight": 420,
        "price": _price("4.95"),
        "status": "shipped",
        "packages": [package],
        "fulfillmentCountry": "NL",
        "fulfillmentFacilityId": "9c5a1e20-7b3d-46f8-a1c4-d2e60f9b7835",
        "serviceType": "normal",
    }


def _receipt(items: list[tuple[str, str, str, str]]) -> dict[str, Any]:
    receipt = "e2d4c6b8-1a3f-4957-b0d2-68f1c3a5e790"
    rows = [("product", native, f"1x {product}", price) for native, _, product, price in items]
    rows.append(("shipment", _SHIPMENT_ID, "Delivery using PostNL Standard", "4.95"))
    return {
        "id": receipt,
        "orderId": ORDER_ID,
        "type": "contract",
        "currency": "EUR",
        "items": [
            {
                "receiptId": receipt,
                "type": kind,
                "referenceId": subject,
                "title": title,
                "currency": "EUR",
                "amount": 1,
                "discount": 0,
                "price": _price(price),
                "vat": _price("0.00"),
                "priceInclVat": _price(price),
                "createdAt": _AT,
                "updatedAt": _AT,
            }
            for kind, subject, title, price in rows
        ],
        "createdAt": _AT,
        "updatedAt": _AT,
        "receiptNumber": "017-0020260417",
        "transactionType": "purchase",
        "productsPrice": _price("26.15"),
        "shippingPrice": _price("4.95"),
        "packagingPrice": _price("0.80"),
        "discount": 0,
        "total": _price("31.90"),
        "totalVat": _price("6.70"),
        "totalInclVat": _price("38.60"),
        "isCalculated": True,
    }


def reseller_page() -> bytes:
    """Return a page of 100 products, about 50 KB."""
    return msgspec.json.encode({"success": True, "data": [_product(number) for number in range(1, PRODUCTS + 1)]})


def _product(number: int) -> dict[str, Any]:
    name = f"Lanternfall {number * 50} Credits"
    return {
        "productID": 1000 + number,
        "customerStoreProductID": 2000 + number,
        "productCategoryID": 10 + number % 7,
        "productTypeID": 1,
        "productName": name,
        "productSlug": name.lower().replace(" ", "-"),
        "productCode": f"LF-{number:04}",
        "marketPrice": _price(f"{number * 12}.50"),
        "salePrice": _price(f"{number * 10}.90"),
        "saleMinCount": 1,
        "saleMaxCount": 50,
        "totalStock": number * 37,
        "status": 1,
        "productData": {
            "productDescription": f"{name}, for one account, delivered at once.",
            "productMainImage": f"https://images.example.com/{number}.png",
        },
        "productRequire": [],
        "platformList": ["PC"],
    }


def reseller_token() -> bytes:
    """Return the answer of Generate Token: a token that outlives the benchmark."""
    return msgspec.json.encode(
        {"success": True, "data": {"token": "a-made-up-token", "expiration": "2099-12-31T00:00:00Z"}}
    )
