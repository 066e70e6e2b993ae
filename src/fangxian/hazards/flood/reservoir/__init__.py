"""Reservoirs: plans raced against the forecast, the chosen one an order."""
