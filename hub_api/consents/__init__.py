"""Who has said that a child may sleep away, and what makes the social worker the one to ask."""
