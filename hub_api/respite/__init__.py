"""Respite requests: asking for sleepovers, the checks, and the hub carer's decision."""
