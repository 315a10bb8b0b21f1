"""What each of the seven kinds of file looks like: columns, types and limits."""

from typing import Any

from crm_backend.imports.shapes import Column, Table

# 10 million units of money: more is a slip of the finger, and it fits 32 bits.
MAX_CENTS = 1_000_000_000
# Fuel and loose goods are counted in thousandths by some tills.
MAX_QUANTITY = 1_000_000


def _key(name: str, key_field: str) -> Column:
    return Column(name, field=key_field, required=True, max_length=40)


def _reference(name: str, table: str, *, required: bool = True) -> Column:
    return Column(
        name,
        field=f"{table[:-1]}_id",
        required=required,
        max_length=40,
        refers_to=table,
    )


def _money(name: str, cents_field: str, **settings: Any) -> Column:
    return Column(name, "money", cents_field, minimum=0, maximum=MAX_CENTS, **settings)


def _choice(name: str, choices: tuple[str, ...], **settings: Any) -> Column:
    return Column(name, "choice", name, choices=choices, **settings)


ORDER_STATUSES = ("placed", "paid", "packed", "shipped", "delivered", "cancelled")
RETURN_STATUSES = ("requested", "approved", "received", "refunded", "rejected")
TICKET_STATUSES = ("open", "pending", "resolved", "closed")
PRIORITIES = ("low", "medium", "high", "urgent")
CATEGORIES = (
    "order",
    "delivery",
    "refund",
    "payment",
    "product",
    "account",
    "complaint",
    "feedback",
    "bot_failure",
    "other",
)
LANGUAGES = ("en", "zh")
SENTIMENTS = ("negative", "neutral", "positive")
ADDRESS = ("name", "line1", "line2", "city", "postcode", "country")
# What becomes a shipment of the order.
PARCEL_COLUMNS = ("shipped_at", "delivered_at", "carrier", "tracking_number")
SHIP_COLUMNS = tuple(f"ship_{part}" for part in ADDRESS)

CUSTOMERS = Table(
    "customers",
    (
        _key("number", "number"),
        Column("name", field="name", required=True, max_length=200),
        Column("email", "email", "email", max_length=254),
        Column("phone", "phone", "phone", max_length=20),
        _choice("language", LANGUAGES, keeps=True, default="en"),
        Column("city", field="city", max_length=100),
        Column("country", "country", "country"),
        Column("joined_at", "time", "joined_at", keeps=True),
        Column(
            "consent_marketing",
            "flag",
            "consent_marketing",
            keeps=True,
            default=False,
            unless="consent_changed_at",
        ),
        Column(
            "consent_profiling",
            "flag",
            "consent_profiling",
            keeps=True,
            default=True,
            unless="consent_changed_at",
        ),
    ),
    key="number",
    key_field="number",
)

PRODUCTS = Table(
    "products",
    (
        _key("sku", "sku"),
        Column("name", field="name", required=True, max_length=200),
        Column("name_zh", field="name_zh", max_length=200),
        Column("category", field="category", required=True, max_length=100),
        Column("description", field="description"),
        Column("description_zh", field="description_zh"),
        _money("price", "price_cents", keeps=True, default=0),
        Column("currency", "currency", "currency", required=True),
        Column(
            "in_stock",
            "count",
            "n_in_stock",
            minimum=0,
            maximum=MAX_QUANTITY,
            keeps=True,
            default=0,
        ),
        Column("active", "flag", "is_active", keeps=True, default=True),
    ),
    key="sku",
    key_field="sku",
)

ORDERS = Table(
    "orders",
    (
        _key("number", "number"),
        _reference("customer", "customers"),
        _choice("status", ORDER_STATUSES, required=True),
        Column("ordered_at", "time", "ordered_at", required=True),
        Column("currency", "currency", "currency", required=True),
        _money("subtotal", "subtotal_cents", keeps=True, default=0),
        _money("discount", "discount_cents", keeps=True, default=0),
        _money("shipping", "shipping_cents", keeps=True, default=0),
        _money("total", "total_cents", keeps=True, default=0),
        Column("estimated_delivery_on", "date", "estimated_delivery_on"),
        Column("cancelled_at", "time", "cancelled_at"),
        Column("cancel_reason", field="cancel_reason"),
        Column("shipped_at", "time"),
        Column("delivered_at", "time"),
        Column("carrier", max_length=60),
        Column("tracking_number", max_length=60),
        *(Column(name, max_length=200) for name in SHIP_COLUMNS[:-1]),
        Column(SHIP_COLUMNS[-1], "country"),
    ),
    key="number",
    key_field="number",
    computed={"shipping_address": SHIP_COLUMNS},
)

ORDER_LINES = Table(
    "order_lines",
    (
        _reference("order", "orders"),
        Column("line_number", max_length=40),
        _reference("sku", "products"),
        Column(
            "quantity",
            "count",
            "quantity",
            required=True,
            minimum=1,
            maximum=MAX_QUANTITY,
        ),
        _money("unit_price", "unit_price_cents"),
        _money("discount", "discount_cents", default=0),
        _money("total", "total_cents"),
    ),
    key="line_number",
    key_scope=("order",),
    key_field="import_key",
    key_parts=("order", "sku"),
    computed={
        "import_key": ("order",),
        "unit_price_cents": ("order",),
        "total_cents": ("order",),
    },
)

RETURNS = Table(
    "returns",
    (
        _key("number", "number"),
        _reference("order", "orders"),
        _choice("status", RETURN_STATUSES, required=True),
        Column("reason", field="reason", required=True),
        Column("items", "items", "items", default="[]"),
        Column("requested_at", "time", "requested_at", required=True),
    ),
    key="number",
    key_field="number",
)

VISITS = Table(
    "visits",
    (
        Column("visit", max_length=80),
        _reference("customer", "customers", required=False),
        _reference("sku", "products", required=False),
        Column("page", field="page", required=True, max_length=200),
        Column("source", field="source", max_length=40),
        Column("visited_at", "time", "visited_at", required=True),
        Column(
            "duration_seconds", "count", "duration_seconds", minimum=0, maximum=86_400
        ),
    ),
    key="visit",
    key_field="import_key",
    key_parts=("customer", "page", "visited_at"),
    computed={"import_key": ("page",)},
)

TICKETS = Table(
    "tickets",
    (
        _key("number", "number"),
        _reference("customer", "customers", required=False),
        _reference("order", "orders", required=False),
        Column("subject", field="subject", required=True, max_length=200),
        Column("description", field="description", required=True),
        _choice("category", CATEGORIES, keeps=True, default="other"),
        _choice("status", TICKET_STATUSES, required=True),
        _choice("priority", PRIORITIES, keeps=True, default="medium"),
        _choice("language", LANGUAGES, keeps=True, default="en"),
        _choice("sentiment_label", SENTIMENTS, keeps=True),
        Column(
            "sentiment_score",
            "number",
            "sentiment_score",
            minimum=-1,
            maximum=1,
            keeps=True,
        ),
        Column("opened_at", "time", "opened_at", required=True),
        Column("resolved_at", "time", "resolved_at"),
    ),
    key="number",
    key_field="number",
    computed={"updated_at": ()},
)

# In the order in which they depend on each other.
TABLES = {
    table.name: table
    for table in (
        CUSTOMERS,
        PRODUCTS,
        ORDERS,
        ORDER_LINES,
        RETURNS,
        VISITS,
        TICKETS,
    )
}
