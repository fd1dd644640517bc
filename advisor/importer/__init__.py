"""The importer room."""
