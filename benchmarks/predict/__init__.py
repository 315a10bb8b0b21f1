"""Let the predictor's competition learn any table and say how well it does."""
