"""Who signs in on a laptop, and what that person finds. Made by `manage.py seed`, never in production."""

EMAIL = "demo@likeness.example"
PASSWORD = "a-face-that-agreed"  # noqa: S105 (shown at every start)

WELCOME = "Welcome to Likeness Studio"
OPENING = """Hello. This is a *script*, read by a face that belongs to nobody.

Change one line, and only that line is made again. The rest is kept, and stays paid."""
PROOF = "Every film carries its own papers: who made it, with what, and who agreed."

NEXT = "Your first ninety seconds"
DRAFT = """Write a paragraph for each line. Press Listen to hear it at once.

Then choose a face, look at the price beside the button, and press Render."""
