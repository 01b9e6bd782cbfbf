"""What the avatars wear: fitted meshes of the MakeHuman Community in our cloth and colours."""

from __future__ import annotations

from scene import Colour

SHIRT = (9, 10, 11, 14)
"""Islands of male_casualsuit05 that are the shirt below the jacket."""


def blazer(colour: Colour, shirt: Colour, kind: str = "wool", **shirt_look) -> dict:
    """A jacket with lapels over a shirt with an open collar."""
    return {
        "mesh": "male_casualsuit05",
        "kind": kind,
        "colour": colour,
        "thickness": 0.003,
        "parts": ((SHIRT, {"kind": "cotton", "colour": shirt, **shirt_look}),),
    }


def shirt(colour: Colour, **look) -> dict:
    """A buttoned shirt with an open collar."""
    return {
        "mesh": "male_casualsuit03",
        "kind": "cotton",
        "colour": colour,
        "thickness": 0.002,
        **look,
    }


def polo(colour: Colour, collar: Colour | None = None, **look) -> dict:
    """A knitted shirt with a soft collar."""
    trim = {"colour": collar} if collar else {}
    return {
        "mesh": "male_casualsuit01",
        "kind": "knit",
        "gauge": 260,
        "colour": colour,
        "thickness": 0.002,
        "parts": (((5,), {"kind": "cotton", **trim}),),
        **look,
    }


def blouse(colour: Colour, **look) -> dict:
    """A blouse with a small collar."""
    return {
        "mesh": "female_elegantsuit01",
        "kind": "cotton",
        "colour": colour,
        "thickness": 0.002,
        **look,
    }


def sweater(colour: Colour, band: float, mesh: str = "male_casualsuit02", **look) -> dict:
    """A knitted sweater with a ribbed collar of `band` metres."""
    return {
        "mesh": mesh,
        "kind": "knit",
        "colour": colour,
        "thickness": 0.003,
        "band": band,
        **look,
    }
