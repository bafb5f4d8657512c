"""Concerns about people, which those they are about, and their households, never learn of."""
