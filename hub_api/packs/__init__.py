"""The child's pack: what whoever looks after a child for a night must know, and the medicines."""
