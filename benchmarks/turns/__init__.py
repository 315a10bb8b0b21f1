"""Measures turns, from a visitor's message to its answer, on the real processes."""
