"""Where a page is open."""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.simple_tag(takes_context=True)
def by_name(context: dict[str, Any]) -> str:
    """The address of this page by name, where it is open by the number of this machine; else empty."""
    request = context["request"]
    name, _, port = request.get_host().partition(":")
    if name != "127.0.0.1":
        return ""
    return f"{request.scheme}://localhost{':' + port if port else ''}{request.path}"
