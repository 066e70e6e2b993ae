"""Telling people: outbox, deliveries, channels, answers."""
