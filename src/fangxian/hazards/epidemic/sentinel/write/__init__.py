"""Services of the sentinels, the only writers of their tables: counts, cases, inquiries."""
