"""Which category a customer buys from next: the terms, for those who do not train."""

# The kind of predictor in tables and addresses.
KIND = "category"
HORIZON_DAYS = 90
WARM_UP_DAYS = 60
# The oldest windows learn, one judges, the last tests.
MIN_WINDOWS = 3
MIN_HISTORY_DAYS = WARM_UP_DAYS + MIN_WINDOWS * HORIZON_DAYS
# With fewer who order in a window, chance tells as much as any predictor.
MIN_BUYERS = 40
# So many likely categories are kept of each customer.
N_KEPT = 3
