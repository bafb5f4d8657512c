"""Telling people: the inbox and what becomes of each notification."""
