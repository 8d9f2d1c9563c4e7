"""Tables and media into the case."""
