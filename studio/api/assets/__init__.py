"""Pictures, videos and music of a workspace."""
