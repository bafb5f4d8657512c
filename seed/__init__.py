"""Demo data, made through the services so that it obeys the rules."""
