"""The coast: vessels, crews, tracks, patrols, tip-offs."""
