"""Who did what, when: rows that are added and never changed."""
