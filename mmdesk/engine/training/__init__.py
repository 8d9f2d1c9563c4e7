"""Training, runs and their verification."""
