"""Many videos at once: a table is read, checked, and rendered row by row."""
