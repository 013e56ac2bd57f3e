"""What is told of a run: summaries of commands, its status, single records."""
