from studio.models.batches import Batch, BatchRow
from studio.models.brand import BrandKit
from studio.models.history import Change
from studio.models.letters import Letter
from studio.models.library import Avatar, Clip, Picture, Pronunciation, Voice
from studio.models.people import ApiKey, IdempotencyKey, Membership, User, Workspace
from studio.models.projects import Project, Scene
from studio.models.reviews import Comment, Verdict
from studio.models.shares import Play, Share
from studio.models.teams import Invitation
from studio.models.templates import Template

__all__ = [
    "ApiKey",
    "Avatar",
    "Batch",
    "BatchRow",
    "BrandKit",
    "Change",
    "Clip",
    "Comment",
    "IdempotencyKey",
    "Invitation",
    "Letter",
    "Membership",
    "Picture",
    "Play",
    "Project",
    "Pronunciation",
    "Scene",
    "Share",
    "Template",
    "User",
    "Verdict",
    "Voice",
    "Workspace",
]
