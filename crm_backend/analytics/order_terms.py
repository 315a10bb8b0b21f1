"""How many orders are expected of a customer: the terms, for those who do not train.

Times are in days, money is in cents of one currency.
"""

# The kind of predictor in tables and addresses.
KIND = "orders"
HORIZON_DAYS = 90
# Before the first moment that is learned from, some history has to exist.
WARM_UP_DAYS = 60
# The oldest windows learn, one judges, the last tests.
MIN_WINDOWS = 3
MIN_HISTORY_DAYS = WARM_UP_DAYS + MIN_WINDOWS * HORIZON_DAYS
# With fewer who order in a window, chance tells as much as any predictor.
MIN_BUYERS = 40
