"""Voices that can be chosen."""
