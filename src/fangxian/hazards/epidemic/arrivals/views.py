"""People under measures on screen."""

ROUTES = ()
