"""`deskmate import`: a shop's own CSV files, cleaned and put into the database."""
