"""Measurements, each runnable with one command."""
