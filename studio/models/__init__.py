from studio.models.batches import Batch, BatchRow
from studio.models.history import Change
from studio.models.library import Avatar, Clip, Picture, Pronunciation, Voice
from studio.models.people import ApiKey, IdempotencyKey, Membership, User, Workspace
from studio.models.projects import Project, Scene
from studio.models.templates import Template

__all__ = [
    "ApiKey",
    "Avatar",
    "Batch",
    "BatchRow",
    "Change",
    "Clip",
    "IdempotencyKey",
    "Membership",
    "Picture",
    "Project",
    "Pronunciation",
    "Scene",
    "Template",
    "User",
    "Voice",
    "Workspace",
]
