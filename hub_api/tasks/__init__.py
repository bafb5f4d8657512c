"""Tasks: what waits for somebody to do it, from every slice, in one list."""
