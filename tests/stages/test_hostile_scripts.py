"""Numbers of any length and every letter and sign of Unicode can be read. (How long that takes: test_linear_reading.py.)"""

import unicodedata

import pytest

from moderation import screen as screening
from rendering.stages import layout, pasted, reading, script
from rendering.stages.reading import abbreviations
from rendering.values import BadInput
from rendering.voices import english
from studio.projects import manuscript

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
def test_numbers_of_any_length_are_read_without_an_error(language):
    for shape in [*SHAPES, "{} km", "{} million", "USD {}", "{} USD", "Chapter {}", "1 {}/2"]:
        for digits in DIGITS:
            script.run(f"Yes, {shape.replace('{}', digits)}"[:20_000], language=language)


def test_numbers_of_any_length_are_read_or_refused_in_ssml():
    kinds = "characters verbatim digits telephone cardinal ordinal date time unit currency"
    for kind in kinds.split():
        for text in (*DIGITS, f"1/{DIGITS[0]}", f"{DIGITS[0]}/1/{DIGITS[0]}", ",,", "²"):
            for form in ("", "dmy") if kind == "date" else ("",):
                tag = f"<say-as interpret-as='{kind}' format='{form}'>{text}</say-as> a"
                script.run(tag[:20_000], markup="ssml")
    for tag in ("<break time='{}s'/>a", "<prosody rate='{}%'>a</prosody>"):
        for digits in (*DIGITS, "1e9"):
            with pytest.raises(BadInput):
                script.run(tag.replace("{}", digits), markup="ssml" if "<" in tag else "text")


def test_every_unit_is_read_after_any_number_and_has_a_plural():
    for unit in abbreviations.UNITS:
        for number in ("0", "1", "10", "-3", "2-5", "3 1/2"):
            for language in ("en-US", "en-GB"):
                script.run(f"It is {number} {unit}, {number}{unit}.", language=language)
    read = script.run("The new charger gives 10 kW.")
    assert read.sentences[0].text == "The new charger gives ten kilowatts."


# -- every letter and sign ------------------------------------------------------------------------


def assigned(kinds):
    """All characters of these kinds; of the ideographs and syllables from U+3400 on, which are alike, one in 200."""
    chars = (
        chr(n)
        for n in range(0x110000)
        if n < 0x3400 or n % 200 == 0 or unicodedata.category(chr(n)) != "Lo"
    )
    return [char for char in chars if unicodedata.category(char)[0] in kinds]


@pytest.mark.parametrize("form", ["{} yes ", "an{}ber yes "])
def test_a_letter_or_sign_is_warned_about_when_nothing_is_said_for_it(form):
    """A character is warned about exactly where nothing of it reaches the voice."""
    step = 900
    chars = assigned("LNSP")
    for at in range(0, len(chars), step):
        part = chars[at : at + step]
        read = script.run("".join(form.replace("{}", char) for char in part), markup="text")
        warned = {read.source[w.start : w.end] for w in read.warnings if w.code == "not_spoken"}
        warned = set("".join(warned))
        for char in part:
            silent = unicodedata.category(char)[0] == "P" or unicodedata.category(char) == "Sk"
            silent = (
                silent or ord(char) in reading.PLAIN
            )  # read as its plain twin: a slash, a colon
            if silent or char in "|^`~*_<>+=$" or abbreviations.SIGNS.get(char) == "":
                continue  # they have no sound of their own, or are markup
            twin = pasted.plain(char).text
            said = layout.EMOJI.match(twin) is None and bool(
                abbreviations.SIGNS.get(twin) or twin.isdecimal() or layout.sound(twin[0]).strip()
            )
            assert (char in warned) != said, (char, hex(ord(char)), said)


def test_the_voice_has_a_sound_for_every_letter_that_it_gets():
    for char in sorted(layout.LETTERS - set("ʻˈ")):
        heard = set(english.phonemes(char)) - english.PUNCTUATION
        assert heard or set(english.phonemes(f"k{char}k")) != set(english.phonemes("kk")), char


def test_words_that_are_spoken_are_not_warned_about():
    read = script.run("x² and CO₂ and m³ and H₂O, Ⅳ, ⅓, café, Łódź, 𝐛𝐨𝐥𝐝.", markup="text")
    assert read.warnings == ()


def test_line_breaks_of_other_programmes_divide_words():
    read = script.run("One\vtwo\fthree\u2028four\u2029five")
    assert read.sentences[0].text == "One two three four five"
    assert [line.text for line in script.lines("One\f\fTwo")] == ["One", "Two"]


def test_any_character_is_read_or_refused_without_an_error():
    for text in ("\x00a", "a\ud800", "\udfffa", *map(chr, range(0x0, 0x3000, 23))):
        for kind in ("markdown", "text", "ssml"):
            try:
                script.run(f"Yes {text}", markup=kind)
                script.lines(text, kind)
            except BadInput:
                pass
        manuscript.words_of(text)
        screening.screen(text)
