"""Opening a child's record in an emergency: with a reason, for an hour, and looked at by others."""
