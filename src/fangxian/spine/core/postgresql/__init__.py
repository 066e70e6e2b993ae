"""Django's backend for PostgreSQL, with what Fangxian needs of it."""
