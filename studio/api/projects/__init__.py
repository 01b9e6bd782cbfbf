"""Projects that are edited in the studio."""
