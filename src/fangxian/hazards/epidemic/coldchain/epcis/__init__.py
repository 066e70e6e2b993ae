"""EPCIS 1.2 and 2.0, the world's format for what became of goods: read, judged, hashed, written."""
