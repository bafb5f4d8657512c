"""Satellite households and hub households: their adults and children."""
