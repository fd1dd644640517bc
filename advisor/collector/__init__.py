"""The collector room."""
