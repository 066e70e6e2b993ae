"""Tracing on screen."""

ROUTES = ()
