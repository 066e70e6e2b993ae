"""Ready: plans, teams, supplies, shelters, trainings and drills, and what of them is missing."""
