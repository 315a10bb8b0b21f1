"""Read the till lines that `export_completejourney.py` writes."""

from pathlib import Path

import pandas as pd

COLUMNS = ["household_id", "basket_id", "product_id", "quantity"]
MORE_COLUMNS = ["sales_value", "week", "transaction_timestamp"]


def read_lines(data: Path) -> pd.DataFrame:
    """Return till lines with their category.

    Args:
        data: the folder with transactions.csv and products.csv, or the first file.

    Returns:
        customer_id, order_id, product_id, quantity, sales_value, week, ordered_at
        (UTC), category.
    """
    folder = data if data.is_dir() else data.parent
    path = data / "transactions.csv" if data.is_dir() else data
    lines = pd.read_csv(path, usecols=COLUMNS + MORE_COLUMNS)
    products = pd.read_csv(
        folder / "products.csv", usecols=["product_id", "product_category"]
    )
    lines = lines.merge(products, on="product_id", how="left")
    return lines.rename(
        columns={
            "household_id": "customer_id",
            "basket_id": "order_id",
            "product_category": "category",
        }
    ).assign(ordered_at=pd.to_datetime(lines["transaction_timestamp"], utc=True))
