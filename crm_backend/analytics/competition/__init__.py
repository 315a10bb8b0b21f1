"""Which kind of predictor learns a table best: tuned, blended, calibrated, judged."""
