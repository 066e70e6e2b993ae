"""Services of directives, the only writers of their tables."""
