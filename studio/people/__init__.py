"""People: their accounts, and what they may do in a workspace."""
