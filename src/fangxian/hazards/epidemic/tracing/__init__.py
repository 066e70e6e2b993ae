"""Who met whom, where and when: persons, places, vehicles, flights, vessels and goods in one graph,
and what was not looked at. Who is under measures for it is in arrivals."""
