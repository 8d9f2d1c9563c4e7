"""Errors, jobs, types, settings, paths, hashing and atomic files."""
