"""Django's SQLite with writers that are let in promptly."""
