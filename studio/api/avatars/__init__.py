"""Faces that can be rendered."""
