"""Work in the background, started by the command line or by a schedule."""
