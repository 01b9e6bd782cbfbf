"""Renders: requests, their answers and their routes."""
