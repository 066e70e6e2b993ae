"""Services of readiness: stock, teams, shelters, drills."""
