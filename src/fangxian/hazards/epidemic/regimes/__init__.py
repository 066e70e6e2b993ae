"""Which measures whom meets and until when: rule books in editions, plans computed and explained,
and lists of risk areas. Who is under them is in arrivals."""
