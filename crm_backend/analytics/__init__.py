"""Pure pandas and scikit-learn: no web, database, clock or disk."""
