"""What the benchmark of the filters is made of."""
