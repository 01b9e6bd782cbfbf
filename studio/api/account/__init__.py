"""The credits of a workspace."""
