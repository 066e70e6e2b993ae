"""Services of inspections: visits, photos, findings, accepted blind spots."""
