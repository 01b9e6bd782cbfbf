"""Videos that are asked for."""
