"""The targets of a film: for what is read back from it (TARGETS), and for what the renderer measures while it draws
(DRAWN)."""

TARGETS: dict[str, tuple[str, float, float, str]] = {
    "auc": ("Closures are told from open speech (AUC)", 0.95, 1.0, ""),
    "shut": ("Lips meet on P, B and M", 0.95, 1.0, "share"),
    "open": ("Vowels are seen open", 0.90, 1.0, "share"),
    "contrast": ("The mouth moves around a closure", 0.85, 1.0, "share"),
    "loudness": ("Opening follows loudness", 0.45, 1.0, ""),
    "lag": ("Sound behind the lips, seconds", -0.04, 0.02, ""),
    "blinks": ("Blinks a minute", 10.0, 30.0, ""),
    "identity": ("Distance to the source's face", 0.0, 0.40, ""),
    "ground": ("Noise beside the person, levels of 255", 0.0, 1.5, ""),
    "cut": ("Blinks cut by the end of a line", 0.0, 0.0, ""),
    "shimmer": ("Change that no motion explains: 99.9th percentile over median", 0.0, 3.0, ""),
    "jump": ("Jump where lines meet over the 95th percentile inside", 0.0, 1.0, ""),
}
"""figure -> (in words, least, most, unit). `jump` is present only where lines meet."""


DRAWN: dict[str, tuple[str, float, float]] = {
    "jacobian": ("Least Jacobian determinant of every warp: at 0 skin folds", 0.2, 2.0),
    "silence": ("Gap of the lips in silences as drawn, pixels", 0.0, 0.0),
    "changed": ("Pixels changed beside the person, before encoding", 0.0, 0.0),
}
"""What the renderer measures of itself while it draws (portrait.Gauge): figure -> (in words, least, most)."""
