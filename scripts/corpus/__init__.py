"""Made-up corpora with planted duplicates, for measuring the corpus filters."""
