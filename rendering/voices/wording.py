"""Words that the rules of pronunciation get wrong: homographs by what they mean here, a lone A, brands, names, borrowed words.

A small layer over the voice's own dictionary. The parts of speech are those of its tagger (Penn Treebank); where these decide
wrongly, the words around do. Sounds are IPA, American first; checked against the CMU Pronouncing Dictionary where it has the
word and by hand elsewhere (tests/voices/test_wording.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from rendering.voices.ipa import ipa as misaki

LEXICON: dict[str, str | tuple[str, str]] = {
    # letters and short forms
    "aws": "ˌeɪdʌbəljuˈɛs", "gmbh": "ˌdʒiɛmbiˈeɪtʃ", "json": "ˈdʒeɪsən", "yaml": "ˈjæməl", "readme": "ˈridmi", "saas": "sæs",
    "paas": "pæs", "iaas": "ˈaɪæs", "oauth": "ˈoʊˌɔθ", "sql": "ˈsikwəl", "nosql": "ˌnoʊˈsikwəl", "mysql": "ˌmaɪˌɛskjuˈɛl",
    "postgresql": "ˌpoʊstɡrɛsˌkjuˈɛl", "postgres": "ˈpoʊstɡrɛs", "sqlite": "ˈsikwəlˌaɪt", "nginx": "ˌɛndʒɪnˈɛks",
    "kubectl": ("ˈkjubkənˌtroʊl", "ˈkjuːbkənˌtrəʊl"), "kubernetes": ("ˌkubɚˈnɛtiz", "ˌkuːbəˈnɛtiːz"), "linux": "ˈlɪnəks",
    "ubuntu": "ʊˈbʊntu", "debian": "ˈdɛbiən", "macos": "ˌmækoʊˈɛs", "ios": "ˌaɪoʊˈɛs", "wifi": "ˈwaɪfaɪ", "latex": "ˈleɪtɛk",
    "png": "ˌpiɛnˈdʒi", "jpeg": "ˈdʒeɪpɛɡ", "gif": "ɡɪf", "api": "ˌeɪpiˈaɪ", "apis": "ˌeɪpiˈaɪz", "ceo": "ˌsiiˈoʊ", "pin": "pɪn",
    # brands
    "ikea": "aɪˈkiə", "asus": "eɪˈsus", "adobe": "əˈdoʊbi", "nike": "ˈnaɪki", "xiaomi": "ˈʃaʊmi", "huawei": "ˈwɑweɪ",
    "givenchy": "ʒivɑnˈʃi", "versace": ("vɚˈsɑtʃi", "vəˈsɑːtʃi"), "hyundai": ("ˈhʌndeɪ", "ˈhaɪʌndaɪ"), "porsche": "ˈpɔrʃə",
    "hermès": ("ɛrˈmɛz", "ɛəˈmɛz"), "hermes": ("ˈhɝmiz", "ˈhɜːmiːz"), "vuitton": "vwiˈtɑn", "moët": "moʊˈɛt", "yves": "iv",
    "renault": ("rəˈnoʊ", "ˈrɛnəʊ"), "peugeot": ("ˈpuʒoʊ", "ˈpɜːʒəʊ"), "citroën": "ˈsɪtroʊən", "audi": "ˈaʊdi", "lidl": "ˈlidəl",
    "zapier": ("ˈzæpiɚ", "ˈzæpiə"), "asana": "əˈsɑnə", "hulu": "ˈhulu", "nvidia": "ɛnˈvɪdiə", "nestlé": "ˈnɛsleɪ",
    "loewe": "loʊˈɛveɪ", "balenciaga": "bəˌlɛnsiˈɑɡə", "dior": "diˈɔr", "lululemon": "ˌluluˈlɛmən", "uniqlo": "ˈjunikloʊ",
    "zara": "ˈzɑrə", "aesop": "ˈisɑp", "chevrolet": "ˌʃɛvroʊˈleɪ", "lancôme": "lɑnˈkoʊm", "l'oréal": "ˌlɔriˈæl",
    "github": "ˈɡɪthʌb", "gitlab": "ˈɡɪtlæb", "figma": "ˈfɪɡmə", "canva": "ˈkænvə", "miro": "ˈmɪroʊ", "klarna": "ˈklɑrnə",
    # names
    "siobhan": "ʃɪˈvɔn", "nguyen": "wɪn", "joaquin": "wɑˈkin", "zoë": "ˈzoʊi", "zoe": "ˈzoʊi", "chloë": "ˈkloʊi",
    "chloe": "ˈkloʊi", "saoirse": ("ˈsɝʃə", "ˈsɜːʃə"), "niamh": "niv", "aoife": "ˈifə", "xavier": "ˈzeɪviɚ", "björn": "bjɔrn",
    "søren": "ˈsɔrən", "jürgen": "ˈjɝɡən", "françois": "frɑnˈswɑ", "josé": "hoʊˈzeɪ", "jesús": "heɪˈsus", "juan": "wɑn",
    "guillermo": "ɡiˈjɛrmoʊ", "renée": "rəˈneɪ", "andré": "ˈɑndreɪ", "beyoncé": "biˈɑnseɪ", "hermione": "hɚˈmaɪəni",
    "penelope": "pəˈnɛləpi", "phoebe": "ˈfibi", "isla": "ˈaɪlə", "leah": "ˈliə", "elon": "ˈilɑn", "satya": "ˈsʌtjə",
    "sundar": "ˈsʊndɑr", "pichai": "pɪˈtʃaɪ", "nadella": "nəˈdɛlə", "schwarzenegger": "ˈʃwɔrtsənˌɛɡɚ",
    # places
    "são": "saʊ", "paulo": "ˈpaʊloʊ", "worcester": ("ˈwʊstɚ", "ˈwʊstə"), "leicester": ("ˈlɛstɚ", "ˈlɛstə"),
    "gloucester": ("ˈɡlɔstɚ", "ˈɡlɒstə"), "edinburgh": "ˈɛdɪnbərə", "greenwich": "ˈɡrɛnɪtʃ", "norwich": "ˈnɔrɪdʒ",
    "thames": "tɛmz", "versailles": ("vɚˈsaɪ", "vɛəˈsaɪ"), "louisville": "ˈluivɪl", "houston": "ˈhjustən",
    "tucson": "ˈtusɑn", "qatar": "ˈkɑtɑr", "oaxaca": "wəˈhɑkə", "yosemite": "joʊˈsɛmɪti",
    "arkansas": "ˈɑrkənsɔ", "illinois": "ˌɪləˈnɔɪ", "reykjavik": "ˈreɪkjəvik", "kyiv": "ˈkijɪv", "zürich": "ˈzʊrɪk",
    "köln": "kɝln", "münchen": "ˈmʊnʃən", "málaga": "ˈmæləɡə", "montréal": "ˌmʌntriˈɔl", "québec": "kwɪˈbɛk",
    # borrowed words
    "façade": "fəˈsɑd", "fiancé": "ˌfiɑnˈseɪ", "fiancée": "ˌfiɑnˈseɪ", "résumé": "ˈrɛzəˌmeɪ", "résumés": "ˈrɛzəˌmeɪz",
    "touché": "tuˈʃeɪ", "jalapeño": "ˌhɑləˈpeɪnjoʊ", "jalapeños": "ˌhɑləˈpeɪnjoʊz", "piñata": "pɪnˈjɑtə", "quinoa": "ˈkinwɑ",
    "açaí": "ˌɑsɑˈi", "acai": "ˌɑsɑˈi", "gnocchi": "ˈnjɑki", "bruschetta": "bruˈskɛtə", "espresso": "ɛˈsprɛsoʊ",
    "pho": "fʌ", "gyro": "ˈjɪroʊ", "gyros": "ˈjɪroʊz", "crêpe": "kreɪp", "naïve": "naɪˈiv",
    "naive": "naɪˈiv", "lingerie": "ˌlɑnʒəˈreɪ", "liaison": "liˈeɪzɑn", "prestige": "prɛˈstiʒ", "sovereign": "ˈsɑvrən",
    "almond": "ˈɑmənd", "bouquet": "buˈkeɪ", "courier": "ˈkɝiɚ", "croissant": "krəˈsɑnt", "massage": "məˈsɑʒ", "monarch": "ˈmɑnɑrk",
    "cliché": "kliˈʃeɪ", "soufflé": "suˈfleɪ", "entrée": "ˈɑntreɪ", "voilà": "vwɑˈlɑ", "déjà": "ˈdeɪʒɑ", "vu": "vu",
    "über": "ˈubɚ", "doppelgänger": "ˈdɑpəlˌɡæŋɚ", "schadenfreude": "ˈʃɑdənˌfrɔɪdə", "zeitgeist": "ˈzaɪtɡaɪst",
    "segue": "ˈsɛɡweɪ", "niche": "nitʃ", "chipotle": "tʃɪˈpoʊtleɪ", "sriracha": "sɪˈrɑtʃə", "worcestershire": "ˈwʊstɚʃɚ",
    "colonel": "ˈkɝnəl", "chassis": "ˈtʃæsi", "debris": "dəˈbri", "faux": "foʊ",
    "hyperbole": "haɪˈpɝbəli", "epitome": "ɪˈpɪtəmi", "açai": "ˌɑsɑˈi", "charcuterie": "ʃɑrˈkutəri", "hummus": "ˈhʌməs",
}  # fmt: skip
"""Word in small letters -> its sounds, or (American, British)."""
SPELLED_AS_WORDS = frozenset({"it", "us", "pin", "who", "am"})


@dataclass(frozen=True, slots=True)
class Near:
    """A word among others: itself as written, its tag, and in small letters the two before and the two after it."""

    text: str
    tag: str
    back: tuple[str, str]  # the nearest first
    ahead: tuple[str, str]
    tags_ahead: tuple[str, str]
    sentence: frozenset[str]

    @property
    def first(self) -> bool:
        return not self.back[0] or self.back[0] in ".!?:"


PRONOUNS = frozenset("i you we they he she it who people".split())  # noqa: SIM905
AUXILIARIES = frozenset(
    """
    to will would can could may might must should shall do does did don't doesn't didn't won't can't let's
    please not never i'll we'll you'll they'll
    """.split()  # noqa: SIM905
)
HAVE = frozenset(
    "have has had having i've we've you've they've he's she's been be was were is are being".split()  # noqa: SIM905
)
PAST = frozenset("yesterday ago last earlier then once already".split())  # noqa: SIM905
HABIT = frozenset("every always often usually daily weekly each never sometimes regularly".split())  # noqa: SIM905
DEFINITE = frozenset("it that this them your his her my our their about".split())  # noqa: SIM905
DETERMINERS = frozenset(
    "a an the this that my your our his her their its some any no every each".split()  # noqa: SIM905
)


def _verb(near: Near) -> bool:
    """Whether the word is a verb here: the tagger says so, or it follows a pronoun or an auxiliary, or gives an order."""
    before = near.back[0]
    if before in AUXILIARIES or before in PRONOUNS:
        return True
    if before in DETERMINERS:
        return False
    orders = near.first and (
        near.ahead[0] in DETERMINERS
        or near.ahead[0] in ("all", "it", "them", "to", "from", "with", "us", "me")
    )
    return near.tag.startswith("VB") or orders


def _read(near: Near) -> str | None:
    before = near.back[0]
    if before in HAVE or near.tag == "VBN":
        return "rɛd"
    if before in AUXILIARIES or near.first or near.tag == "VB" or near.tag.startswith("NN"):
        return "rid"
    if near.sentence & HABIT:
        return "rid"
    if near.sentence & PAST or before in ("he", "she", "it") or near.ahead[0] in DEFINITE:
        return "rɛd"
    return "rid" if before in PRONOUNS or near.tag in ("VBP", "VB") else "rɛd"


METAL = frozenset(
    "pipe pipes acid paint poisoning battery batteries free glass bullet bullets levels exposure toxic ore alloy solder crystal weights".split()  # noqa: SIM905
)
MATERIAL = frozenset("of with contains contain containing from tin copper zinc".split())  # noqa: SIM905


def _lead(near: Near) -> str | None:
    before = near.back[0]
    if near.ahead[0] in METAL or (
        near.ahead[0] in ("is", "was")
        and near.ahead[1] in ("toxic", "heavy", "a", "poisonous")
        and near.first
    ):
        return "lɛd"
    if before in MATERIAL and near.ahead[0] in ("", ".", ",", "!", "?", "and", "or", ";"):
        return "lɛd"
    return None


def _bow(near: Near) -> str | None:
    if near.back[0] in ("a", "his", "her", "their", "final", "deep") and near.back[1] in (
        "took",
        "take",
        "takes",
        "taking",
        "made",
        "make",
        "with",
        "final",
    ):
        return "baʊ"
    if near.back[0] in ("final", "deep"):
        return "baʊ"
    return "baʊ" if _verb(near) and near.ahead[0] in ("to", "down", "out", "before", "") else None


def _bass(near: Near) -> str | None:
    if near.ahead[0] in ("fish", "fishing", "swim", "swims", "fillet", "boat", "lake") or near.back[
        0
    ] in ("sea", "largemouth", "striped", "grilled", "caught", "catch"):
        return "bæs"
    return "beɪs"


def _minute(near: Near) -> str | None:
    if near.ahead[0] in (
        "detail",
        "details",
        "amount",
        "amounts",
        "quantities",
        "difference",
        "differences",
        "particles",
        "trace",
        "traces",
        "changes",
    ):
        return "maɪˈnut"
    return None


def _row(near: Near) -> str | None:
    if near.ahead[0] in ("broke", "erupted", "about", "over", "between", "with") and near.back[
        0
    ] in DETERMINERS | {"political", "public", "furious", "big"}:
        return "raʊ"
    return None


def _content(near: Near) -> str | None:
    if near.back[0] in (
        "am",
        "is",
        "are",
        "was",
        "were",
        "be",
        "feel",
        "feels",
        "felt",
        "quite",
        "perfectly",
        "not",
        "more",
    ) and near.ahead[0] in ("with", "to", "", ".", ",", "!", "in", "just"):
        return "kənˈtɛnt"
    return None


def _resume(near: Near) -> str | None:
    if (
        near.back[0]
        in DETERMINERS
        | {"and", "or", "of", "resume", "cv", "updated", "new", "strong", "good", "great"}
        and near.ahead[0] not in DETERMINERS
    ):
        return "ˈrɛzəˌmeɪ"
    return None


def _polish(near: Near) -> str | None:
    if near.text == "Polish" and near.first and near.ahead[0] in DETERMINERS | {"it", "up", "and"}:
        return "ˈpɑlɪʃ"
    return None


def _noun(verb: str, noun: str) -> Callable[[Near], str | None]:
    def chosen(near: Near) -> str | None:
        return verb if _verb(near) else noun

    return chosen


def _only_verb(verb: str) -> Callable[[Near], str | None]:
    def chosen(near: Near) -> str | None:
        return verb if _verb(near) else None

    return chosen


def _moped(near: Near) -> str | None:
    return (
        "moʊpt" if near.back[0] in PRONOUNS or near.ahead[0] in ("around", "about") else "ˈmoʊpɛd"
    )


def _sow(near: Near) -> str | None:
    return "saʊ" if near.back[0] in DETERMINERS and near.tag.startswith("NN") else None


def _invalid(near: Near) -> str | None:
    if near.back[0] in DETERMINERS and (
        near.tags_ahead[0].startswith("VB")
        or near.ahead[0] in ("", ".", ",", "!", "?", "was", "is", "sat", "who")
    ):
        return "ˈɪnvəlɪd"
    return None


def _live(near: Near) -> str | None:
    if (
        near.first
        and near.ahead[0] in ("in", "from", "at", "on")
        and near.ahead[1]
        in ("three", "two", "one", "five", "ten", "london", "paris", "new", "the", "stage", "air")
    ):
        return "laɪv"
    return None


def _place(
    sounds: str, ahead: frozenset[str], back: frozenset[str]
) -> Callable[[Near], str | None]:
    def chosen(near: Near) -> str | None:
        if not near.text[:1].isupper():
            return None
        if near.back[0] in back and not near.first:
            return sounds
        return sounds if near.first and near.ahead[0] in ahead else None

    return chosen


IN = frozenset("in to from near at of leave visit around".split())  # noqa: SIM905
HOMOGRAPHS: dict[str, Callable[[Near], str | None]] = {
    "read": _read, "reread": lambda near: None if _read(near) == "rɛd" else "ˌriˈrid", "lead": _lead, "bow": _bow, "bass": _bass,
    "minute": _minute, "row": _row, "content": _content, "resume": _resume, "resumes": _resume, "polish": _polish,
    "object": _noun("əbˈdʒɛkt", "ˈɑbdʒɛkt"), "project": _noun("prəˈdʒɛkt", "ˈprɑdʒɛkt"), "export": _noun("ɛkˈspɔrt", "ˈɛkspɔrt"),
    "import": _noun("ɪmˈpɔrt", "ˈɪmpɔrt"), "desert": _noun("dɪˈzɝt", "ˈdɛzɚt"), "refuse": _only_verb("rɪˈfjuz"),
    "protest": _noun("prəˈtɛst", "ˈproʊtɛst"), "appropriate": _only_verb("əˈproʊpriˌeɪt"), "alternate": _only_verb("ˈɔltɚˌneɪt"),
    "graduate": _only_verb("ˈɡrædʒuˌeɪt"), "record": _only_verb("rɪˈkɔrd"), "permit": _only_verb("pɚˈmɪt"),
    "progress": _only_verb("prəˈɡrɛs"), "contract": _only_verb("kənˈtrækt"), "contrast": _only_verb("kənˈtræst"),
    "am": lambda near: "æm" if near.text == "Am" and near.back[0] == "pan" else None,
    "moped": _moped, "sow": _sow, "invalid": _invalid, "live": _live,
    "reading": _place("ˈrɛdɪŋ", frozenset({"is", "was", "station", "university"}), frozenset({"in", "from", "near", "leave", "visit", "around"})),
    "nice": _place("nis", frozenset({"is", "was", "airport"}), frozenset({"in", "from", "near", "leave", "visit", "around"})),
}  # fmt: skip
VERSION = 1
"""Part of the key of the sentences that this layer may change: others keep their sound."""
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
CLASSED = frozenset(
    """
    team type grade exhibit section terminal point plan option vitamin hepatitis class series group level
    appendix part figure schedule block gate zone wing version variant phase tier side column building hall line
    unit model
    """.split()  # noqa: SIM905
)
"""Words behind which a capital A is a letter."""


def _letter_a(near: Near) -> bool:
    """Whether a lone capital A is the letter and not the article."""
    before, after = near.back[0], near.ahead[0]
    if (
        before in CLASSED
        or before in ("&", "/", "-")
        or after in ("&", "/", ")", "to", "or", "and", "plus", "minus")
    ):
        return True
    if near.first:
        return len(after) == 1 and after.isalpha()
    return (
        not after
        or not after[0].isalnum()
        or near.tags_ahead[0] in ("IN", "CC", "TO", "MD", "VBZ", "VBD", "VBP")
    )


def touches(text: str) -> bool:
    """Whether a sentence has a word of this layer."""
    words = _WORDS.findall(text)
    return "A" in words or any(
        word in LEXICON or word in HOMOGRAPHS for word in (found.lower() for found in words)
    )


@cache
def _sounds(ipa: str, british: bool) -> str:
    return misaki(ipa, british)


def given(words: Sequence[tuple[str, str, bool]], british: bool) -> list[str | None]:
    """The sounds, in the misaki alphabet, of those (word, tag, whether a rule of reading wrote it) that the dictionary would get
    wrong; None for all others."""
    low = [word.lower().replace("’", "'") for word, _, _ in words]
    found: list[str | None] = []
    for at, (word, tag, written) in enumerate(words):
        key = low[at]
        entry = LEXICON.get(key)
        if entry is not None and not (word.isupper() and key in SPELLED_AS_WORDS):
            sounds: str | None = entry if isinstance(entry, str) else entry[british]
        elif key in HOMOGRAPHS or word == "A":
            near = Near(
                word,
                tag,
                (_at(low, at - 1), _at(low, at - 2)),
                (_at(low, at + 1), _at(low, at + 2)),
                (_at_tag(words, at + 1), _at_tag(words, at + 2)),
                frozenset(low),
            )
            sounds = (
                HOMOGRAPHS[key](near)
                if key in HOMOGRAPHS
                else ("eɪ" if written or _letter_a(near) else None)
            )
        else:
            sounds = None
        found.append(_sounds(sounds, british) if sounds else None)
    return found


def _at(words: Sequence[str], index: int) -> str:
    return words[index] if 0 <= index < len(words) else ""


def _at_tag(words: Sequence[tuple[str, str, bool]], index: int) -> str:
    return words[index][1] if 0 <= index < len(words) else ""
