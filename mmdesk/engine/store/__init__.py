"""Tables, sessions, bulk traffic, migrations and artifact files."""
