"""What leaves the case: exports and reports."""
