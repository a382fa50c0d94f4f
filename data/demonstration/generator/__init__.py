"""Makes the sources of the demonstration region from a few facts: an invented map over real names and codes."""
