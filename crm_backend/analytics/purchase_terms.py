"""What the purchase predictor looks at and needs, for those who do not train it."""

HORIZON_DAYS = 30
MIN_CUSTOMERS = 200
# Before that much is known of the first customers, nothing can be told apart.
WARM_UP_DAYS = 60
MIN_HISTORY_DAYS = WARM_UP_DAYS + 3 * HORIZON_DAYS
