"""Directives (督办): texts from above, their items with owner and deadline, followed to closure."""
