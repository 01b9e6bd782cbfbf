"""Reading takes time in proportion to the length, whatever is in it; numbers of any length and every sign of Unicode are taken."""

import contextlib
import string
import time
import unicodedata
from functools import partial

import pytest

from moderation import screen as screening
from rendering.stages import abbreviations, layout, markup, script
from rendering.values import BadInput
from rendering.voices import english
from studio import anchors, manuscript

PIECES = [
    *string.punctuation,
    *("a", "A", "é", "e\u0301", "я", "中", "1", "²", "½", "…", "—", "“", "™", "€", "😀", "\u200b"),
    *(" ", "\t", "\n", "\n\n", "\u00a0", "\u2028", "word ", "a. ", "A.", "Mr. ", "St. ", "no. "),
    *(
        "1,",
        "1.",
        "1-",
        "1/",
        "1 ",
        "$1",
        "1%",
        "1st ",
        "12:00 ",
        "(555) ",
        "+1 ",
        "10 kW ",
        "3/4 ",
    ),
    *("[a", "[a]", "[pause", "[pause ", "[pause 1s]", "[smile]", "[a](", "[a](b)", "![", "![a](b)"),
    *(
        "<a ",
        "<!--",
        "-->",
        "<b>",
        "<http://",
        "```",
        "`a",
        "~~",
        "**",
        "*a**b",
        "_a__b",
        "*a",
        "a_",
    ),
    *(
        "# ",
        "# a\n",
        "> ",
        "- ",
        "1. ",
        "\n- ",
        "* * ",
        "\\*",
        "a@",
        "a.",
        "www.",
        "a-",
        "a1",
        "--",
    ),
    *(
        "<p>",
        "</p>",
        "<p>a</p>",
        "<break/>",
        "<a b='c' ",
        "<?xml ",
        "&amp;",
        "&#1;",
        "[smile][pause]",
    ),
]
BROKEN = (BadInput, RecursionError)


def took(work, text, most=3):
    best = 99.0
    for _ in range(most):
        begun = time.process_time()
        with contextlib.suppress(BROKEN):
            work(text)
        best = min(best, time.process_time() - begun)
    return best


def grows_evenly(work, make, size):
    """make(size) is worked on in proportion: eight times of it at most ten times as long."""
    while (once := took(work, make(size))) < 0.02:
        size *= 2
    for _ in range(3):  # another process may have had the caches meanwhile
        if took(work, make(8 * size)) <= 10 * once:
            return True
        once = max(once, took(work, make(size)))
    return False


def repeated(piece, size, inside):
    many = piece * (size // len(piece))
    return f"a{many}b" if inside else many


@pytest.fixture
def without_limits(monkeypatch):
    monkeypatch.setattr(script, "LONGEST", 10**9)
    monkeypatch.setattr(markup, "MOST_TAGS", 10**9)


DOORS = {
    "markdown": lambda text: script.run(text, dictionary=(("a", "alias", "b"),)),
    "ssml": partial(script.run, markup="ssml"),
    "lines": script.lines,
    "lines of ssml": partial(script.lines, markup="ssml"),
    "words": manuscript.words_of,
    "seconds": partial(manuscript.rough_seconds, speed=1.0),
    "ranges": partial(anchors.word_ranges, markup="markdown"),
    "screening": screening._screened,
}


@pytest.mark.parametrize("door", DOORS)
def test_reading_is_linear(door, without_limits):
    """All is tried at a small size; what takes longest there, and what grows most, at a large one."""
    work = DOORS[door]
    work("Yes.")
    tried = []
    for piece in PIECES:
        make = partial(repeated, piece, inside=door != "ssml")
        small, large = took(work, make(250), 1), took(work, make(2000), 1)
        tried.append((large / max(small, 1e-4), large, piece, make))
    worst = {piece: make for _, _, piece, make in sorted(tried, key=lambda row: row[1])[-1:]}
    worst |= {piece: make for _, _, piece, make in sorted(tried, key=lambda row: row[0])[-2:]}
    slow = [piece for piece, make in worst.items() if not grows_evenly(work, make, 2000)]
    assert not slow


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\t" * 19_998 + "b",
        "*a**b" * 4000,
        "<!--" * 5000,
        "`" * 20_000,
        "a" + "." * 19_998 + "b",
        "1. " * 6666,
        "![" * 10_000,
        "[pause]." * 2500,
        "[smile]" * 2857,
    ],
    ids=["tabs", "stars", "comments", "ticks", "stops", "items", "pictures", "pauses", "marks"],
)
def test_known_worst_scripts_are_read_at_once(text):
    begun = time.process_time()
    with_words = f"Yes. {text}"[:20_000]
    for line in script.lines(with_words):
        script.run(line.text)
    assert (
        time.process_time() - begun < 1
    )  # .1 to .3 s on an idle machine; 1 to 30 s when it was quadratic


SHAPES = [
    "{}",
    "${}",
    "£{}",
    "{}%",
    "{}st",
    "{}th",
    "{}.5",
    "0.{}",
    ".{}",
    "1/{}",
    "{}/2",
    "{}-{}",
    "{}km",
    "{}:30",
    "5:{}",
    "+{}",
    "#{}",
    "No.{}",
    "{}x",
    "{}x{}",
    "${}m",
    "{}¢",
    "March{}",
    "{}.{}.{}",
    "a{}",
    "{}a",
    "{}s",
    "-{}%",
    "{}°C",
    "1,{}",
    "{},111",
    "a@{}.com",
    "www.a{}.com",
    "{}m²",
    "1e{}",
    "{}k",
    "'{}0s",
    "Q{}",
    "{}/{}/{}",
    "{}pm",
    "{}kW",
]
DIGITS = ("1" * 4400,)


@pytest.mark.parametrize("language", ["en-US", "en-GB"])
def test_numbers_of_any_length_are_said(language):
    for shape in [*SHAPES, "{} km", "{} million", "USD {}", "{} USD", "Chapter {}", "1 {}/2"]:
        for digits in DIGITS:
            script.run(f"Yes, {shape.replace('{}', digits)}"[:20_000], language=language)


def test_numbers_of_any_length_are_said_or_refused_in_ssml():
    kinds = "characters verbatim digits telephone cardinal ordinal date time unit currency"
    for kind in kinds.split():
        for text in (*DIGITS, f"1/{DIGITS[0]}", f"{DIGITS[0]}/1/{DIGITS[0]}", ",,", "²"):
            for form in ("", "dmy"):
                tag = f"<say-as interpret-as='{kind}' format='{form}'>{text}</say-as> a"
                script.run(tag[:20_000], markup="ssml")
    for tag in ("<break time='{}s'/>a", "<prosody rate='{}%'>a</prosody>"):
        for digits in (*DIGITS, "1e9"):
            with pytest.raises(BadInput):
                script.run(tag.replace("{}", digits), markup="ssml" if "<" in tag else "text")


def test_units_have_a_plural():
    for unit in abbreviations.UNITS:
        for number in ("0", "1", "10", "-3", "2-5", "3 1/2"):
            for language in ("en-US", "en-GB"):
                script.run(f"It is {number} {unit}, {number}{unit}.", language=language)
    read = script.run("The new charger gives 10 kW.")
    assert read.sentences[0].text == "The new charger gives ten kilowatts."


# -- every letter and sign ------------------------------------------------------------------------


def assigned(kinds):
    """All of these kinds; of the ideographs and syllables from U+3400 on, which are alike, every fortieth."""
    chars = (
        chr(n)
        for n in range(0x110000)
        if n < 0x3400 or n % 40 == 0 or unicodedata.category(chr(n)) != "Lo"
    )
    return [char for char in chars if unicodedata.category(char)[0] in kinds]


@pytest.mark.parametrize("form", ["{} yes ", "an{}ber yes "])
def test_a_letter_or_sign_is_warned_about_when_nothing_is_said_for_it(form):
    """What is left of a word when the voice gets it: of a sign alone, something or nothing."""
    step = 900
    chars = assigned("LNSP")
    for at in range(0, len(chars), step):
        part = chars[at : at + step]
        read = script.run("".join(form.replace("{}", char) for char in part), markup="text")
        warned = {read.source[w.start : w.end] for w in read.warnings if w.code == "not_spoken"}
        warned = set("".join(warned))
        for char in part:
            silent = unicodedata.category(char)[0] == "P" or unicodedata.category(char) == "Sk"
            if silent or char in "|^`~*_<>+=$" or abbreviations.SIGNS.get(char) == "":
                continue  # they have no sound of their own, or are markup
            said = layout.EMOJI.match(char) is None and bool(
                abbreviations.SIGNS.get(char) or char.isdecimal() or layout.sound(char).strip()
            )
            assert (char in warned) != said, (char, hex(ord(char)), said)


def test_the_voice_has_a_sound_for_every_letter_that_it_gets():
    for char in sorted(layout.LETTERS - set("ʻˈ")):
        heard = set(english.phonemes(char)) - english.PUNCTUATION
        assert heard or set(english.phonemes(f"k{char}k")) != set(english.phonemes("kk")), char


def test_words_that_are_spoken_are_not_warned_about():
    read = script.run("x² and CO₂ and m³ and H₂O, Ⅳ, ⅓, café, Łódź, 𝐛𝐨𝐥𝐝.", markup="text")
    assert read.warnings == ()


def test_line_breaks_of_other_programmes_part_words():
    read = script.run("One\vtwo\fthree\u2028four\u2029five")
    assert read.sentences[0].text == "One two three four five"
    assert [line.text for line in script.lines("One\f\fTwo")] == ["One", "Two"]


def test_nothing_that_is_typed_breaks_reading():
    for text in ("\x00a", "a\ud800", "\udfffa", *map(chr, range(0x0, 0x3000, 7))):
        for kind in ("markdown", "text", "ssml"):
            try:
                script.run(f"Yes {text}", markup=kind)
                script.lines(text, kind)
            except BadInput:
                pass
        manuscript.words_of(text)
        screening.screen(text)
