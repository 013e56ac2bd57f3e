"""`remud import`: records of another run, and what reviewers decided, brought into a run."""
