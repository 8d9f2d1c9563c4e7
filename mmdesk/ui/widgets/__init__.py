"""Dumb widgets: data in, signals out."""
