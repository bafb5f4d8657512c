"""Services of other people, stood in for by real HTTP servers on the loopback address.

The real libraries talk to them; nothing inside those is mocked.
"""
