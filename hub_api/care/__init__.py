"""Care: what is written about a child's stay while the child is at the hub, and around it."""
