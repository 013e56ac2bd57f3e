"""Readers of pages, measured one beside the other."""
