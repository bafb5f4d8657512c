"""Measured comparisons, each runnable with one command."""
