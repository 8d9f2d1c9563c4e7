"""The engine: everything but the window and the command line, and free of Qt."""
