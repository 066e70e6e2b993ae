"""The coast: vessels, crews, tracks, patrols, tip-offs; which shore nobody has looked at."""
