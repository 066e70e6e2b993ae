"""Drought and the sudden turn from drought to flood (旱涝急转), by county, on stored rain."""
