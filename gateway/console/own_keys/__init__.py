"""Keys that users make for themselves, and who may make which."""
