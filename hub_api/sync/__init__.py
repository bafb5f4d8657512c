"""Catching up: what has changed for a phone since it last asked."""
