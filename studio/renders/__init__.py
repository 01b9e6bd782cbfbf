"""Renders before they have a row: planned, screened, ordered."""
