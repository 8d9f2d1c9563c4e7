"""The audit chain; later encryption, roles and privacy."""
