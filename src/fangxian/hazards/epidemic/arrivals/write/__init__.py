"""Services of arrivals, the only writers of its tables, one file a part of the way."""
