"""What is bought together: association rules with support, confidence and lift."""

import pandas as pd

# Among more articles than this every rule is rare.
MAX_ARTICLES = 200
MIN_ORDERS = 5
MIN_LIFT = 1.05


def find_rules(
    purchases: pd.DataFrame, as_of: pd.Timestamp, *, limit: int = 100
) -> pd.DataFrame:
    """Find pairs of articles that share a basket more often than chance would have it.

    Args:
        purchases: order_id, product_id, ordered_at; rows after `as_of` change nothing.
        as_of: the last instant that may be known.
        limit: how many rules at most.

    Returns:
        product_id, with_product_id, n_orders (with both), support (share of all
        orders with both), confidence (share of the orders with the first that have
        the second), lift (how many times what chance would give), strongest lift
        first. Empty where no pair is frequent.

    Source: Agrawal, Srikant, "Fast Algorithms for Mining Association Rules" (1994);
    FP-growth by Han et al. (2000).
    """
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    columns = ["product_id", "with_product_id", "n_orders", "support", "confidence"]
    nothing = pd.DataFrame(columns=[*columns, "lift"])
    known = purchases[purchases["ordered_at"] <= as_of]
    pairs = known[["order_id", "product_id"]].drop_duplicates()
    n_orders = pairs["order_id"].nunique()
    often = pairs["product_id"].value_counts().head(MAX_ARTICLES)
    kept = pairs[pairs["product_id"].isin(often[often >= MIN_ORDERS].index)]
    if kept["product_id"].nunique() < 2:
        return nothing
    baskets = pd.crosstab(kept["order_id"], kept["product_id"]).astype(bool)
    least = MIN_ORDERS / len(baskets)
    frequent = fpgrowth(baskets, min_support=least, use_colnames=True, max_len=2)
    if not (frequent["itemsets"].map(len) == 2).any():
        return nothing
    rules = association_rules(frequent, metric="lift", min_threshold=MIN_LIFT)
    # Orders without any of the frequent articles count too.
    share = len(baskets) / n_orders
    found = pd.DataFrame(
        {
            "product_id": [next(iter(one)) for one in rules["antecedents"]],
            "with_product_id": [next(iter(one)) for one in rules["consequents"]],
            "n_orders": (rules["support"] * len(baskets)).round().astype(int),
            "support": rules["support"] * share,
            "confidence": rules["confidence"],
            "lift": rules["lift"] / share,
        }
    )
    found = found.sort_values(
        ["lift", "confidence", "product_id"], ascending=[False, False, True]
    )
    return found.head(limit).reset_index(drop=True)
