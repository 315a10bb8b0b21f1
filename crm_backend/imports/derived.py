"""What follows from imported rows: totals, prices, first days and parcels."""

from typing import Any

from sqlalchemy import (
    Connection,
    case,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from crm_backend.imports.staging import SHIPMENTS, TARGETS, Staging

CUSTOMERS, PRODUCTS = TARGETS["customers"], TARGETS["products"]
ORDERS, LINES = TARGETS["orders"], TARGETS["order_lines"]


def derive(connection: Connection, stagings: dict[str, Staging]) -> dict[str, int]:
    """Fill what the files left out and their other rows tell.

    Returns:
        how many rows were filled, by "table: what was done", zeros left out.
    """
    customers, products = stagings.get("customers"), stagings.get("products")
    orders, lines = stagings.get("orders"), stagings.get("order_lines")
    done: dict[str, int] = {}
    if lines:
        done["orders: total taken from lines"] = _fill_totals(connection, orders, lines)
        if products:
            done["products: price taken from lines"] = _fill_prices(
                connection, products
            )
    if orders:
        moved = _move_joined_at(connection, customers, orders)
        done["customers: joined at the first order"] = moved
        done["orders: parcel stored"] = _store_parcels(connection, orders)
    return {what: n for what, n in done.items() if n}


def _fill_totals(connection: Connection, orders: Staging | None, lines: Staging) -> int:
    """Sum up the lines of orders that came without an amount."""
    unknown = (ORDERS.c.subtotal_cents == 0) & (ORDERS.c.total_cents == 0)
    if orders:
        rows = orders.rows
        without = select(rows.c.number).where(rows.c.total_cents.is_(None))
        unknown = unknown | ORDERS.c.number.in_(without)
    wanted = select(ORDERS.c.id).where(
        unknown, ORDERS.c.number.in_(select(lines.rows.c.order_id))
    )
    sums = (
        select(LINES.c.order_id, func.sum(LINES.c.total_cents).label("cents"))
        .where(LINES.c.order_id.in_(wanted))
        .group_by(LINES.c.order_id)
        .subquery("sums")
    )
    total = sums.c.cents - ORDERS.c.discount_cents + ORDERS.c.shipping_cents
    return connection.execute(
        update(ORDERS)
        .values(subtotal_cents=sums.c.cents, total_cents=total)
        .where(
            ORDERS.c.id == sums.c.order_id,
            (ORDERS.c.subtotal_cents != sums.c.cents) | (ORDERS.c.total_cents != total),
        )
    ).rowcount


def _fill_prices(connection: Connection, products: Staging) -> int:
    """Give products without a price the one they were last sold at."""
    rows = products.rows
    without = select(rows.c.sku).where(rows.c.price_cents.is_(None))
    wanted = select(PRODUCTS.c.id).where(
        PRODUCTS.c.price_cents == 0, PRODUCTS.c.sku.in_(without)
    )
    newest_first = (ORDERS.c.ordered_at.desc(), LINES.c.id.desc())
    ranked = (
        select(
            LINES.c.product_id,
            LINES.c.unit_price_cents,
            func.row_number()
            .over(partition_by=LINES.c.product_id, order_by=newest_first)
            .label("place"),
        )
        .join(ORDERS, ORDERS.c.id == LINES.c.order_id)
        .where(LINES.c.product_id.in_(wanted), LINES.c.unit_price_cents > 0)
        .subquery("ranked")
    )
    return connection.execute(
        update(PRODUCTS)
        .values(price_cents=ranked.c.unit_price_cents)
        .where(PRODUCTS.c.id == ranked.c.product_id, ranked.c.place == 1)
    ).rowcount


def _move_joined_at(
    connection: Connection, customers: Staging | None, orders: Staging
) -> int:
    """Nobody joins after the first order, unless the file says so."""
    ordering = select(orders.rows.c.customer_id)
    firsts = (
        select(ORDERS.c.customer_id, func.min(ORDERS.c.ordered_at).label("first_at"))
        .group_by(ORDERS.c.customer_id)
        .subquery("firsts")
    )
    late = [
        CUSTOMERS.c.id == firsts.c.customer_id,
        CUSTOMERS.c.joined_at > firsts.c.first_at,
        CUSTOMERS.c.number.in_(ordering),
    ]
    if customers:
        rows = customers.rows
        told = select(rows.c.number).where(rows.c.joined_at.is_not(None))
        late.append(CUSTOMERS.c.number.not_in(told))
    statement = update(CUSTOMERS).values(joined_at=firsts.c.first_at).where(*late)
    return connection.execute(statement).rowcount


def _store_parcels(connection: Connection, orders: Staging) -> int:
    """An order that says when it was shipped or delivered had one parcel."""
    rows = orders.rows
    number = case(
        (func.length(rows.c.number) <= 38, literal("S-") + rows.c.number),
        else_=rows.c.number,
    )
    parcels = (
        select(
            number.label("number"),
            ORDERS.c.id.label("order_id"),
            func.coalesce(rows.c.carrier, "").label("carrier"),
            func.coalesce(rows.c.tracking_number, "").label("tracking_number"),
            rows.c.shipped_at,
            rows.c.estimated_delivery_on,
            rows.c.delivered_at,
        )
        .join(ORDERS, ORDERS.c.number == rows.c.number)
        .where(or_(rows.c.shipped_at.is_not(None), rows.c.delivered_at.is_not(None)))
        .subquery("parcels")
    )
    names = list(parcels.c.keys())
    fields = names[2:]
    changes: dict[str, Any] = {
        name: func.coalesce(parcels.c[name], SHIPMENTS.c[name]) for name in fields
    }
    differs = [SHIPMENTS.c[n].is_distinct_from(value) for n, value in changes.items()]
    n_changed = connection.execute(
        update(SHIPMENTS)
        .values(changes)
        .where(SHIPMENTS.c.number == parcels.c.number, or_(*differs))
    ).rowcount
    # An order whose parcels the shop itself knows needs no other.
    has_parcel = exists().where(SHIPMENTS.c.order_id == parcels.c.order_id)
    new = select(*parcels.c).where(not_(has_parcel))
    return (
        n_changed
        + connection.execute(insert(SHIPMENTS).from_select(names, new)).rowcount
    )
