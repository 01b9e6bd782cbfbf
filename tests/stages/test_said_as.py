"""SSML's say-as: every kind and format that the documents of Google, Amazon and Azure show, with examples of our own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rendering.stages import script
from rendering.stages.reading.said_as import ALIKE, KINDS

FORMS = [
    ("characters", "", "dog", "D, O, G"),
    ("spell-out", "", "B2-x", "B, two, dash, X"),
    ("verbatim", "", "xy", "X, Y"),
    ("cardinal", "", "2,468", "two thousand four hundred sixty-eight"),
    ("cardinal", "", "-7.5", "minus seven point five"),
    ("cardinal", "", "XIV", "fourteen"),
    ("number", "", "640", "six hundred forty"),
    ("ordinal", "", "7", "seventh"),
    ("ordinal", "", "42nd", "forty-second"),
    ("ordinal", "", "IX", "ninth"),
    ("digits", "", "907", "nine, zero, seven"),
    ("number_digit", "", "907", "nine, zero, seven"),
    ("fraction", "", "7/20", "seven twentieths"),
    ("fraction", "", "4+1/2", "four and a half"),
    ("fraction", "", "4 3/4", "four and three quarters"),
    ("fraction", "", "4 ½", "four and a half"),
    ("unit", "", "12 foot", "twelve foot"),
    ("unit", "", "3/4inch", "three quarters inch"),
    ("unit", "", "1meter", "one meter"),
    ("unit", "", "6kg", "six kilograms"),
    ("currency", "", "$17.05", "seventeen dollars and five cents"),
    ("currency", "", "five dollars", "five dollars"),
    ("unit", "", "ten feet", "ten feet"),
    ("currency", "", "12.5 USD", "twelve US dollars and fifty cents"),
    ("date", "mdy", "3/8/1971", "March eighth, nineteen seventy-one"),
    ("date", "dmy", "8-3-1971", "March eighth, nineteen seventy-one"),
    ("date", "ymd", "1971-03-08", "March eighth, nineteen seventy-one"),
    ("date", "ydm", "1971-8-3", "March eighth, nineteen seventy-one"),
    ("date", "yyyymmdd", "19710308", "March eighth, nineteen seventy-one"),
    ("date", "yyyymmdd", "1971-03-08", "March eighth, nineteen seventy-one"),
    ("date", "yyyymmdd", "????0308", "March eighth"),
    ("date", "yyyymmdd", "1971????", "nineteen seventy-one"),
    ("date", "yyyymmdd", "197103??", "March nineteen seventy-one"),
    ("date", "md", "3/8", "March eighth"),
    ("date", "dm", "8.3", "March eighth"),
    ("date", "ym", "1971-03", "March nineteen seventy-one"),
    ("date", "my", "03/1971", "March nineteen seventy-one"),
    ("date", "d", "8", "eighth"),
    ("date", "m", "3", "March"),
    ("date", "y", "1971", "nineteen seventy-one"),
    ("date", "mdy", "March 8, 1971", "March eighth, nineteen seventy-one"),
    ("date", "", "3/8/1971", "March eighth, nineteen seventy-one"),
    ("time", "hms12", "7:45pm", "seven forty-five P.M."),
    ("time", "hms12", "7:45:09 am", "seven forty-five A.M. and nine seconds"),
    ("time", "hms24", "19:45", "nineteen forty-five"),
    ("time", "hms24", "19:45:30", "nineteen forty-five and thirty seconds"),
    ("time", "", "3'07\"", "three minutes seven seconds"),
    ("duration", "hms", "02:09:40", "two hours nine minutes and forty seconds"),
    ("duration", "hm", "02:09", "two hours and nine minutes"),
    ("duration", "ms", "02:09", "two minutes and nine seconds"),
    ("duration", "", "02:09", "two minutes and nine seconds"),
    ("telephone", "", "4155550123", "four one five, five five five, zero one two three"),
    ("telephone", "1", "(415) 555-0123", "four one five, five five five, zero one two three"),
    ("telephone", "", "5550123", "five five five, zero one two three"),
    ("telephone", "", "5550123x45", "five five five, zero one two three, extension four five"),
    ("telephone", "", "+44 20 7946", "plus four four, two zero, seven nine four six"),
    ("address", "", "240th CT SE, Salem, OR", "two hundred fortieth Court Southeast, Salem, Oregon"),
    ("address", "", "240 Oak St, Salem, OR", "two forty Oak Street, Salem, Oregon"),
    ("name", "", "TED", "Ted"),
    ("expletive", "", "darn", "bleep"),
    ("bleep", "", "darn", "bleep"),
]  # fmt: skip
IN_BRITAIN = [
    ("date", "mdy", "3/8/1971", "the eighth of March, nineteen seventy-one"),
    ("date", "", "8/3/1971", "the eighth of March, nineteen seventy-one"),
    ("cardinal", "", "640", "six hundred and forty"),
    ("telephone", "", "5550123", "five five five, oh one two three"),
    ("unit", "", "1.5 l", "one point five litres"),
]


def read(kind, form, text, language="en-US", more=""):
    quoted = text.replace('"', "&quot;")
    tag = f'<say-as interpret-as="{kind}" format="{form}" {more}>{quoted}</say-as>'
    return script.run(f"Hear {tag} now", markup="ssml", language=language)


def said(line):
    return line.sentences[0].text.removeprefix("Hear ").removesuffix(" now")


@pytest.mark.parametrize(("kind", "form", "text", "words"), FORMS)
def test_each_form_is_said_as_the_documents_show(kind, form, text, words):
    line = read(kind, form, text)
    assert said(line) == words
    assert not line.warnings


@pytest.mark.parametrize(("kind", "form", "text", "words"), IN_BRITAIN)
def test_each_form_is_said_the_british_way(kind, form, text, words):
    assert said(read(kind, form, text, "en-GB")) == words


def test_a_zero_is_zero_where_it_is_asked_for():
    line = read("telephone", "", "5550123", "en-GB", 'google:style="zero-as-zero"')
    assert said(line) == "five five five, zero one two three"


@pytest.mark.parametrize(
    ("kind", "form", "text"),
    [
        ("date", "dmy", "45/45/2024"),
        ("date", "yyyymmdd", "2024"),
        ("date", "yyyymmdd", "????????"),
        ("date", "xyz", "1/2/2024"),
        ("time", "hms12", "99:99:99"),
        ("duration", "hms", "1:2"),
        ("ordinal", "", "soon"),
        ("cardinal", "", "many"),
        ("digits", "", "none"),
        ("interjection", "", "wow"),
    ],
)
def test_what_does_not_fit_is_read_as_usual_with_a_warning_under_it(kind, form, text):
    line = read(kind, form, text)
    assert [line.source[warning.start : warning.end] for warning in line.warnings] == [text]
    assert "read as usual" in line.warnings[0].message


@settings(max_examples=1500, deadline=None)
@given(
    st.sampled_from([*KINDS, *ALIKE]),
    st.text("ymdhs124", max_size=9),
    st.text("0123456789?:/.,-+ '\"xXVIampAM½$st", min_size=1, max_size=16).filter(str.strip),
    st.sampled_from(["en-US", "en-GB"]),
)
def test_any_kind_form_and_text_is_said_or_warned_about(kind, form, text, language):
    line = read(kind, form, text, language)
    assert line.sentences[0].text.strip()
