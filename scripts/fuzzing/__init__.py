"""Damaged files of every kind that is read, and what the real command line makes of them."""
