"""The applier room."""
