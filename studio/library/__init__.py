"""What projects choose from: avatars, voices, pictures, videos and music, taken in and kept."""
