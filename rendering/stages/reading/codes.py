"""Addresses of the web and of mail, telephone numbers, and numbers and letters that are names: codes, versions, models."""

from __future__ import annotations

import re

from rendering.stages.reading.grammar import START, Dialect, Rules, letters, pairs
from rendering.stages.reading.numbers import LONGEST, cardinal, digits, year

TLDS = (
    "com|org|net|edu|gov|mil|int|io|co|uk|de|fr|it|es|nl|be|ch|at|se|no|dk|fi|pl|pt|cz|ie|info|biz|us|ca|au|nz|in|jp|cn|"
    "br|mx|za|tv|me|ai|app|dev|eu|to|ly|gg|sh|fm|studio|example|store|shop|online|agency|cloud|xyz|site|tech|blog|live|news"
)
SAID = {
    ".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", "+": "plus", "?": "question mark", "=": "equals",
    "&": "ampersand", ":": "colon", "#": "hash", "%": "percent", "~": "tilde", ",": "comma", ";": "semicolon",
    "!": "exclamation mark", "$": "dollar", "*": "asterisk", "'": "apostrophe", "(": "open parenthesis",
    ")": "close parenthesis",
}  # fmt: skip
SPELLED = frozenset(
    """
    uk io us tv edu eu de fr au ca it es nl be ch at dk ly gg sh fm url html css php xml pdf api faq www http
    https ftp sql aws sm id ip hr pr vip ceo usa uae bbc cnn nbc abc ibm rtx gtx dgx usb
    """.split()  # noqa: SIM905
)
MAILBOX = frozenset(
    """
    help info sales support press office team service customer contact hello pro shop jobs career careers news
    events billing account accounts media privacy legal security partner partners order orders booking bookings
    admin enterprise global dev web mail post ask my get try go hq
    """.split()  # noqa: SIM905
)
"""Words that are written together in the names of mailboxes."""
EXTENSIONS = (
    r"md|txt|pdf|docx?|xlsx?|pptx?|csv|json|ya?ml|toml|xml|html?|css|js|ts|py|rb|go|rs|java|sh|exe|zip|tar|gz|mp[34]|mov|avi|wav|"
    r"flac|webm|png|jpe?g|gif|svg|webp"
)
KEYED = (
    r"zip(?: code)?|post ?code|pin|passcode|password|otp|code|card (?:number )?ending(?: in)?|ending in|ends in|last four(?: digits)?|"
    r"account(?: number)?|acct\.?|routing number|ssn|isbn|issn|sku|imei|ref(?:erence)?\.?(?: number)?|tracking number|"
    r"order number|invoice number|serial number|extension|ext\.|dial|hotline"
)
CALLED = r"call|dial|ring|phone|text"
NAMED = (
    r"Room|room|Suite|suite|Flight|flight|Highway|Hwy\.?|Interstate|Route|route|Bus|bus|Boeing|Airbus|Area|Studio|Gate|gate|Channel|"
    r"Building|Apt\.?|Apartment|Unit|error|Error|status|Status|port|Port|page|Page|Xbox|RTX|GTX|Radeon|Ryzen|Porsche|Peugeot|BMW|"
    r"Class|Windows|Office|HTTP|Nikon|Canon|DC|ISO|EN|DIN"
)


SEATS = r"[Ss]eat|[Rr]ow|[Pp]latform|[Bb]ay|[Tt]able|[Ll]ot|[Pp]ier|[Ff]lat|[Ss]tand|[Bb]ooth|[Hh]all|Section|Apt\.?|Bldg\.?"


def _short(text: str) -> str:
    return pairs(text) if len(text) > 2 else cardinal(int(text))


def _pieces(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+|\d+|[^\w\s]|_", text)


def _word(text: str) -> str:
    """A piece of an address: a word, or letters where it is none."""
    low = text.lower()
    if len(text) > 1 and (low in SPELLED or not re.search("[aeiouy]", low)):
        return letters(text)
    if len(text) == 1:
        return text.upper()
    if low not in MAILBOX and (parts := _joined(low)):
        return " ".join(
            letters(part) if not re.search("[aeiouy]", part) else part for part in parts
        )
    return text


def _joined(text: str) -> list[str] | None:
    """ "rtxprohelp" -> rtx, pro, help: words of mailboxes, and in front letters without a vowel."""
    if len(text) > 30:
        return None
    found: list[str] = []
    rest = text
    while rest:
        size = next((n for n in range(len(rest), 1, -1) if rest[-n:] in MAILBOX), 0)
        if not size:
            break
        found.insert(0, rest[-size:])
        rest = rest[:-size]
    if rest and (not 1 < len(rest) < 5 or re.search("[aeiouy]", rest)):
        return None
    return [*([rest] if rest else []), *found] if len(found) + bool(rest) > 1 else None


def address(text: str) -> str:
    """A URL, a mail address or a path, sign by sign."""
    words = []
    for piece in _pieces(text):
        if piece.isdecimal():
            words.append(digits(piece))
        elif piece in SAID:
            words.append(SAID[piece])
        elif piece.isalpha():
            words.append(_word(piece))
    return " ".join(words)


def serial(text: str) -> str:
    """Letters and digits that are written together: words stay, others are spelled, numbers are said as in names."""
    words = []
    parts = re.split(r"[-/]", text)
    for run in re.findall(r"[A-Za-z]+|\d+|[^A-Za-z\d]+", text):
        if run.isdecimal() and run in parts and len(run) < 4 and run[0] != "0":
            words.append(cardinal(int(run)))
        elif run.isdecimal():
            words.append(digits(run) if len(run) > 4 or run[0] == "0" else pairs(run))
        elif run == "/":
            words[-1:] = [words[-1] + "/"] if words else []
        elif run.isalpha():
            words.append(run if _is_word(run) else letters(run))
        elif run.strip("-–_/. "):
            words.append(run)
    return " ".join(words).replace("/ ", "/")


def _is_word(run: str) -> bool:
    if len(run) < (3 if run.isupper() else 2) or run.lower() in SPELLED:
        return False
    if run.isupper():
        return len(run) > 4 or (len(run) == 4 and _SYLLABLES.fullmatch(run) is not None)
    return re.search("[aeiouyAEIOUY]", run) is not None


_SYLLABLES = re.compile("(?:[^AEIOUY]{0,2}[AEIOUY]{1,2}[^AEIOUY]{1,2}){1,3}[AEIOUY]?")
"""Capital letters that are said as a word: SAVE, SARS, NATO."""


def _all(d: Dialect) -> tuple[Rules, Rules, Rules]:
    zero = d.zero

    def url(m: re.Match[str]) -> str:
        return address(m[0].rstrip("/"))

    def host(m: re.Match[str]) -> str | None:
        labels = m["host"].split(".")
        known = re.fullmatch(TLDS, labels[-1]) or m["path"]
        if not known and (
            any(len(label) < 2 for label in labels)
            or len(labels[-1]) > 6
            or m["host"] in ("a.m", "p.m")
        ):
            return None
        if any(label.isdecimal() for label in labels[-1:]):
            return None
        return url(m)

    def phone(m: re.Match[str]) -> str | None:
        if not 7 <= sum(c.isdecimal() for c in m[0]) <= 16:
            return None
        plus = "plus " if m[0].startswith("+") else ""
        return plus + ", ".join(digits(group, zero) for group in re.findall(r"\d+", m[0]))

    def vanity(m: re.Match[str]) -> str:
        """1-800-FLOWERS"""
        first = ["one"] if m[0].startswith("1") else []
        said = [d.n(m["area"])]
        rest = re.findall(r"[A-Z]+|\d+", m["rest"])
        for number, group in enumerate(rest):
            words = (
                digits(group, zero)
                if group.isdecimal()
                else (group.capitalize() if re.search("[AEIOUY]", group) else letters(group))
            )
            if number and group.isdecimal() and len(group) == 1:
                said[-1] += f" {words}"
            else:
                said.append(words)
        return ", ".join([*first, *said])

    def keyed(m: re.Match[str]) -> str:
        """The digits behind "PIN", "account number", "ISBN": one by one."""
        head = m.string[m.start() : m.start("digits")]
        groups = re.findall(r"\d+|[A-Za-z]+", m["digits"])
        said = [digits(g, zero) if g.isdecimal() else letters(g) for g in groups]
        code = re.fullmatch(r"[A-Za-z]{1,3}\d{1,40}", m["digits"])
        return head + (" " if code else ", ").join(said)

    def named(m: re.Match[str]) -> str:
        return m.string[m.start() : m.start("digits")] + pairs(m["digits"])

    def ip(m: re.Match[str]) -> str | None:
        groups = m[0].split(".")
        return " dot ".join(digits(group) for group in groups)

    def version(m: re.Match[str]) -> str:
        return " point ".join(
            cardinal(int(p)) if len(p) <= LONGEST else digits(p) for p in m["digits"].split(".")
        )

    def file(m: re.Match[str]) -> str:
        stem, _, ending = m[0].rpartition(".")
        said = (
            ending
            if ending.lower() in ("zip", "doc", "tar", "go", "java", "exe")
            else letters(ending)
        )
        return f"{_stem(stem)} dot {said}".strip()

    def _stem(text: str) -> str:
        words = []
        for part in re.findall(r"[A-Za-z]+|\d+|[-_.]", text):
            if part in "-_.":
                words.append({"-": "", "_": "", ".": "dot"}[part])
            elif part.isdecimal():
                words.append(pairs(part) if len(part) < 5 else digits(part))
            elif len(part) == 1:
                words.append(part.upper())
            else:
                words.append(
                    part.lower() if part.isupper() and re.search("[AEIOUY]", part) else part
                )
        return " ".join(word for word in words if word)

    def underscored(m: re.Match[str]) -> str:
        if "." in m[0]:
            return address(m[0])
        at = "at " if m[0].startswith("@") else ""
        words = [serial(part) for part in m[0].strip("@").split("_") if part]
        return at + (" underscore " if at else " ").join(words)

    def mixed(m: re.Match[str]) -> str | None:
        """B2B, C3PO, 1080p, SAVE20, top-10, MIG-25/235212"""
        text = m[0]
        if re.fullmatch(r"\d{1,40}(?:st|nd|rd|th)", text, re.I):
            return None
        if found := re.fullmatch(r"(\d{3,4})([pi])(\d{2,3})?", text):
            tail = f" {cardinal(int(found[3]))}" if found[3] else ""
            head = year(int(found[1])) if len(found[1]) == 4 else pairs(found[1])
            return f"{head} {letters(found[2])}{tail}"
        if found := re.fullmatch(r"[Ss]0?(\d{1,2})[Ee]0?(\d{1,3})", text):
            return f"season {cardinal(int(found[1]))} episode {cardinal(int(found[2]))}"
        if found := re.fullmatch(r"[vV](\d{1,15})", text):
            return f"version {d.n(found[1])}"
        if "-" in text and re.fullmatch(
            r"[a-z]{1,40}-\d{1,9}|\d{1,9}-[a-z]{1,40}(?:-\d{1,9})?|[A-Z]?[a-z]{1,40}-[A-Z]?[a-z]{1,40}-\d{1,9}",
            text,
        ):
            return None
        return serial(text)

    web: Rules = [
        (r"(?<![\w.+-])[\w.+&-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}(?:/[\w./-]*\w)?", url),
        (r"(?<!\w)(?:https?://|ftp://|file:///?|www\.)[^\s<>\"”]*[^\s<>\"”.,;:!?)\]'’]", url),
        (r"\blocalhost:(\d{2,5})(?:/[\w./-]*\w)?", lambda m: "localhost " + pairs(m[1]) if m[0].endswith(m[1]) else url(m)),
        (rf"(?<![\w.@/-])(?:[\w-]{{1,60}})?\.(?:{EXTENSIONS})\b(?![./@\w-])", file),
        (rf"(?<![\w.@-])(?P<host>(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.){{1,8}}[a-z]{{2,24}}|(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}(?:{TLDS}))(?P<path>/[\w./?=&%#-]*[\w/])?(?![\w@]|\.\w)", host),
    ]  # fmt: skip
    phones: Rules = [
        (r"(?<![\w.,$£€])(7[0-9]7)s\b", lambda m: pairs(m[1]) + "s"),
        (r"\b401\(k\)|\b401k\b", lambda m: "four oh one K"),
        (rf"\b(?:(?i:{KEYED}))(?: (?:is|was|number|no\.?|code))?:? ?#?(?P<digits>(?:[A-Za-z]{{1,3}})?\d{{3,}}(?:[- /]\d+)*)(?![\w%]|[.,]\d)", keyed),
        (rf"\b(?i:{CALLED}) (?P<digits>\d{{3}})(?![\w%$]|[.,-]\d| \d| (?:[a-z]{2,20}s|people|more|other)\b)", keyed),
        (r"(?<![\w.,/$£€])911(?= (?:call|operator|dispatch|emergency)|[.!?,])", lambda m: "nine one one"),
        (rf"\b(?:{NAMED}|{SEATS}) (?P<digits>\d{{1,4}})(?P<letter>[A-Z])(?!\w)", lambda m: f"{m.string[m.start():m.start('digits')]}{_short(m['digits'])} {m['letter']}"),
        (rf"\b(?:{NAMED}) (?P<digits>\d{{3,5}})(?![\w%]|[.,:]\d)", named),
        (r"(?<![\w-])(?:1[-. ])?(?P<area>8(?:00|33|44|55|66|77|88)|900)[-. ](?P<rest>(?:[A-Z]{2,10}|\d{1,4})(?:[- ](?:[A-Z]{2,10}|\d{1,4})){0,3})(?<=[A-Z])(?!\w)", vanity),
        (r"(?<![\w.,/-])\d{3}-\d{2}-\d{4}(?![\w-])", phone),
        (r"(?<![\w.,/])(?:\+?\d{1,3}[ .-]?)?(?:\(\d{2,5}\)[ .-]?|\d{3}[.-])\d{3,4}[ .-]\d{3,4}(?:-\d{1,5})?(?![\w-])", phone),
        (r"(?<![\w.,/-])(?:\d{4}[- ]){2,3}\d{4}(?![\w-])", phone),
        (r"(?<![\w.,/])\+\d{1,3}(?:[ .-]?\d{2,5}){2,5}(?![\w-])", phone),
        (r"(?<![\w.,/-])0\d{2,4} \d{3,4} \d{3,4}(?![\w-])", phone),
        (r"(?<![\w.,/-])\d{3}-\d{4}(?![\w-])", phone),
        (r"(?<![\w.,/-])97[89](?:-\d{1,7}){3,4}(?![\w-])", phone),
        (r"(?<![\w.,/-])\d(?:-\d){2,6}(?![\w-])", lambda m: " ".join(digits(g, zero) for g in m[0].split("-"))),
    ]  # fmt: skip
    names: Rules = [
        (r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\w|\w)", ip),
        (r"(?<![A-Za-z\d])[vV](?P<digits>\d+(?:\.\d+)+)(?!\w)", lambda m: "version " + version(m)),
        (rf"{START}(?P<digits>\d+(?:\.\d+){{2,}})(?!\w)", version),
        (rf"{START}802\.(\d\d)([a-z]{{1,2}})?(?!\w)", lambda m: f"eight oh two dot {cardinal(int(m[1]))}" + (f" {letters(m[2])}" if m[2] else "")),
        (r"\b([A-Z])\.(\d{3})\b", lambda m: f"{m[1]} {pairs(m[2])}"),
        (r"(?<!\w)0x([0-9A-Fa-f]{1,16})\b", lambda m: "zero X " + " ".join(digits(c) if c.isdecimal() else c.upper() for c in m[1])),
        (r"(?<![\w&])#([0-9A-Fa-f]{6})\b(?=.*)", lambda m: None if m[1].isdecimal() or (m[1].isalpha() and m[1].islower()) else "hash " + " ".join(digits(c) if c.isdecimal() else c.upper() for c in m[1])),
        (r"(?<![\w&])#(\d[\d,]*)([A-Za-z]+)\b", lambda m: f"hashtag {pairs(m[1]) if m[1].isdecimal() else d.n(m[1])} {m[2]}"),
        (r"(?<![\w&])#([A-Z])-(\d+)\b", lambda m: f"number {m[1]} {pairs(m[2])}"),
        (r"(?<![\w.@-])@?[A-Za-z][A-Za-z0-9]*(?:[_.][A-Za-z0-9]+)*_[A-Za-z0-9]+(?![\w@])", underscored),
        (r"(?<![\w.@])@[A-Za-z][\w]*\d[\w]*", underscored),
        (r"(?<![\w.$£€/])(?=[A-Za-z\d-]{0,60}\d)(?=[A-Za-z\d-]{0,60}[A-Za-z])[A-Za-z\d]{1,40}(?:-[A-Za-z\d]{1,40}){0,8}(?:/[A-Za-z\d]{1,40}(?:-[A-Za-z\d]{1,40}){0,8})?(?![\w]|[.,]\d|['’]s)", mixed),
    ]  # fmt: skip
    return web, phones, names


def web(d: Dialect) -> Rules:
    """Addresses, and names of files."""
    return _all(d)[0]


def phones(d: Dialect) -> Rules:
    """Digits that are said one by one, and those behind a word that makes them a name."""
    return _all(d)[1]


def names(d: Dialect) -> Rules:
    """Versions, models, and letters among digits."""
    return _all(d)[2]
