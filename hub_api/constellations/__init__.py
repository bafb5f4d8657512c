"""Constellations, their hub homes and beds, and which households belong to them when."""
