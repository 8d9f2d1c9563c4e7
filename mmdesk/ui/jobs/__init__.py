"""The only room with threads."""
