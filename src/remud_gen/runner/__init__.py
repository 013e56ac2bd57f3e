"""The runner: files, checkpoints, resume, workers, progress and errors are owned here alone."""
