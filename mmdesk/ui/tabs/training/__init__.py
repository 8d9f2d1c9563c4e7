"""A training: its settings, its curves, its result."""
