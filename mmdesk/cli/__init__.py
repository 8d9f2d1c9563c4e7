"""The command line: one file per command group; parse, call a service, print."""
