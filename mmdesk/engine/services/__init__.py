"""What a window, a command line or a server may call; takes and returns plain frozen data."""
