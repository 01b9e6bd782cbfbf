"""Renders before there is a row: planned, screened, ordered."""
