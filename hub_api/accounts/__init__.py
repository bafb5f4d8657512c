"""People who can log in: accounts, the roles they hold, and their sessions."""
