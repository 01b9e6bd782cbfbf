"""What projects choose from: avatars, voices, pictures, videos and music, uploaded and stored."""
