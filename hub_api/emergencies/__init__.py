"""Emergencies: a child needs a bed now. Who is asked, in which order, and what they say."""
