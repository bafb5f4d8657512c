"""What operators and developers look at: health, metrics, and the API's own documentation."""
