"""The four tabs."""
