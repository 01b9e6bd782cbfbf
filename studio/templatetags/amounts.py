"""Numbers as people say them: credits, lengths, sizes, waiting times."""

from django import template
from django.utils.translation import gettext

from billing import amounts

register = template.Library()


register.filter("price", amounts.price)
register.filter("left", amounts.left)


@register.filter
def clock(seconds: float) -> str:
    """A length or a moment of a video: 68.4 -> "1:08", from an hour on "1:02:03"."""
    minutes, rest = divmod(int((seconds or 0) + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@register.filter
def moment(seconds: float) -> str:
    """The second of a video that is shown at a moment, as players count: 4.5 -> "0:04"."""
    return clock(int(seconds or 0))


@register.filter
def seconds(moment: float) -> str:
    """A moment to the tenth: 63.24 -> "1:03.2"."""
    tenths = round(10 * (moment or 0))
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


@register.filter
def about(seconds: float) -> str:
    """A waiting time, no more exact than it is known: "40 s", "3 min", "2 h 10 min"."""
    seconds = max(1, seconds or 0)
    if seconds < 100:
        step = 1 if seconds < 10 else 5
        return f"{int(-(-seconds // step) * step)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


@register.filter
def size(count: int) -> str:
    """Bytes in decimal units: 4213000 -> "4.2 MB"."""
    count = count or 0
    for unit, scale, digits in (("GB", 1e9, 1), ("MB", 1e6, 1), ("kB", 1e3, 0)):
        if count >= scale:
            return f"{count / scale:.{digits}f} {unit}"
    return f"{count} bytes"


BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Macintosh", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


@register.filter
def device(agent: str) -> str:
    """A browser as people call it, from what it says of itself: "Firefox on Windows"."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    if browser and system:
        return gettext("{browser} on {system}").format(browser=browser, system=system)
    return browser or system or gettext("A program or an unknown browser")


@register.filter
def percent(fraction: float) -> int:
    return int(100 * (fraction or 0))
