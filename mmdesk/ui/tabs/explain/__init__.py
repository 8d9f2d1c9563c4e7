"""Why the model says what it says of an entity."""
