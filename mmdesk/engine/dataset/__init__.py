"""From the case to snapshot, ragged arrays and batches; splits; synthetic data."""
