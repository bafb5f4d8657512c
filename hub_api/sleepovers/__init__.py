"""Sleepovers: one child's stay at the hub, and the bed-nights it holds."""
