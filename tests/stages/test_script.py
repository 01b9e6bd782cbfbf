import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rendering.stages import script
from rendering.values import BadInput
from rendering.voices import CONTROLS


def spoken(text, **how):
    line = script.run(text, supports=CONTROLS, **how)
    return " | ".join(sentence.text for sentence in line.sentences)


def shown(text, **how):
    line = script.run(text, **how)
    return " | ".join("".join(span.shown for span in s.spans) for s in line.sentences)


# -- lines --------------------------------------------------------------------------------------


def test_a_paragraph_is_a_line_and_a_heading_a_chapter():
    source = "Hello.\nStill here.\n\n# The *first* part\nOne.\n\n\nTwo.  \n## Next\n\nThree."
    assert [(line.text, line.chapter) for line in script.lines(source)] == [
        ("Hello.\nStill here.", None),
        ("One.", "The first part"),
        ("Two.", "The first part"),
        ("Three.", "Next"),
    ]


def test_plain_text_has_no_headings():
    assert [line.text for line in script.lines("# One\n\nTwo", "text")] == ["# One", "Two"]


def test_ssml_paragraphs_are_lines():
    source = "<speak>\n<p>One.</p>\n<p>Two <break/> three.</p></speak>"
    found = script.lines(source, "ssml")
    assert [line.text for line in found] == ["<p>One.</p>", "<p>Two <break/> three.</p>"]
    assert spoken(found[0].text, markup="ssml") == "One."


def test_ssml_that_is_not_all_paragraphs_is_one_line():
    source = "<speak>Hi <p>One.</p></speak>"
    assert [line.text for line in script.lines(source, "ssml")] == [source]


@given(
    st.text(alphabet="ab .\n#\t*<p>/é😀", max_size=80),
    st.sampled_from(["markdown", "text", "ssml"]),
)
def test_lines_stand_where_they_were_typed(source, markup):
    at = 0
    for line in script.lines(source, markup):
        assert line.start >= at
        assert source[line.start : line.end] == line.text
        assert line.text.strip()
        at = line.end


# -- sentences ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three? Four", 4),
        ("Dr. Smith met Mrs. Jones at St. Mary's.", 1),
        ("We saw J. K. Rowling, e.g. in the U.S. Senate.", 1),
        ("He lives in the U.S. She does not.", 2),
        ("No. 5 costs $4.20, i.e. 3.5% more.", 1),
        ("Did you? No. Never.", 3),
        ("Well... maybe. And then... Nothing.", 3),
        ('"Stop!" he said. "Why?" she asked.', 2),
        ("It ends at 5 p.m. Then we go.", 2),
        ("It ends at 5 p.m. on Monday.", 1),
        ("Apples, pears, etc. are fruit. Yes.", 2),
        ("- First point\n- Second point", 2),
        ("See www.example.com. It is new.", 2),
    ],
)
def test_sentences_end_at_their_ends_and_not_at_abbreviations(text, count):
    assert len(script.run(text).sentences) == count


# -- what is said -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("$4.20", "four dollars and twenty cents"),
        ("$3.5 million", "three point five million dollars"),
        ("$12k", "twelve thousand dollars"),
        ("$0.99", "ninety-nine cents"),
        ("£1", "one pound"),
        ("5€", "five euros"),
        ("-$5", "minus five dollars"),
        ("3.50", "three point five zero"),
        ("12.5%", "twelve point five percent"),
        ("5-10%", "five to ten percent"),
        ("1,234,567", "one million two hundred thirty-four thousand five hundred sixty-seven"),
        ("1999", "nineteen ninety-nine"),
        ("2005", "two thousand five"),
        ("2024", "twenty twenty-four"),
        ("1990s", "nineteen nineties"),
        ("the '80s", "the eighties"),
        ("21st", "twenty-first"),
        ("103rd", "one hundred third"),
        ("March 5, 2024", "March fifth, twenty twenty-four"),
        ("2024-03-05", "March fifth, twenty twenty-four"),
        ("3/5/2024", "March fifth, twenty twenty-four"),
        ("5 March", "the fifth of March"),
        ("10:30 am", "ten thirty A.M."),
        ("7:00", "seven o'clock"),
        ("14:05", "fourteen oh five"),
        ("555-123-4567", "five five five, one two three, four five six seven"),
        ("1/2", "one half"),
        ("2 1/2 cups", "two and a half cups"),
        ("2 1/2 kg", "two and a half kilograms"),
        ("16:9", "sixteen by nine"),
        ("1920x1080", "nineteen twenty by ten eighty"),
        ("5 km/h", "five kilometers per hour"),
        ("6 ft", "six feet"),
        ("1 kg", "one kilogram"),
        ("20°C", "twenty degrees Celsius"),
        ("jane.doe@example.com", "jane dot doe at example dot com"),
        ("https://www.example.com/my-page", "H.T.T.P.S. colon slash slash W.W.W. dot example dot com slash my dash page"),
        ("Dr. Who", "Doctor Who"),
        ("12 Elm St. near", "twelve Elm Street near"),
        ("No. 5", "Number five"),
        ("Henry VIII", "Henry the eighth"),
        ("World War II", "World War two"),
        ("MP4", "M.P. four"),
        ("COVID-19", "COVID nineteen"),
        ("Python 3.11.7", "Python three point eleven point seven"),
        ("007", "zero zero seven"),
        ("-5", "minus five"),
        ("5 * 3", "five times three"),
        ("salt & pepper", "salt and pepper"),
    ],
)  # fmt: skip
def test_numbers_and_signs_are_read_aloud(text, words):
    assert " ".join(spoken(text, markup="text").split()) == words


def test_captions_show_what_was_typed():
    text = "On March 5, 2024, Dr. Smith paid $4.20 & left."
    assert shown(text) == text


def test_dates_and_numbers_are_read_the_british_way_in_british_english():
    assert spoken("3/4/2024", language="en-GB") == "the third of April, twenty twenty-four"
    assert spoken("It is 120.", language="en-GB") == "It is one hundred and twenty."


def test_a_swallowed_full_stop_still_ends_the_sentence():
    assert spoken("Bring pens, paper, etc.") == "Bring pens, paper, et cetera."


# -- markdown -----------------------------------------------------------------------------------


def manners(text, **how):
    return [
        (span.text.strip(), span.emphasis)
        for sentence in script.run(text, **how).sentences
        for span in sentence.spans
        if span.emphasis != "none"
    ]


def test_stars_and_underscores_emphasise():
    assert manners("a *b* **c** ***d*** _e_ __f__ *g **h** i*") == [
        ("b", "moderate"), ("c", "strong"), ("d", "strong"), ("e", "moderate"), ("f", "strong"),
        ("g", "moderate"), ("h", "strong"), ("i", "moderate"),
    ]  # fmt: skip


def test_stars_that_emphasise_nothing_stay():
    assert manners("2 * 3 * 4 and snake_case_name and \\*so\\* *on") == []


def test_links_are_spoken_as_their_text():
    assert spoken("See [our *new* site](https://a.example/b) and `code`.") == (
        "See our new site and code."
    )


def test_pauses_have_the_length_that_is_written():
    line = script.run("One [pause 0.5] two. [pause 300ms] Three. [pause]")
    assert [span.pause for span in line.sentences[0].spans if span.pause] == [0.5]
    assert [round(sentence.pause, 3) for sentence in line.sentences] == [0.3, 0.5]


def test_a_pause_before_the_first_word_is_a_silence_of_its_own():
    line = script.run("[pause 1] Hello.")
    assert (line.sentences[0].spans, line.sentences[0].pause) == ((), 1.0)


def test_headings_are_not_spoken():
    assert spoken("# Title\nHello.") == "Hello."


# -- SSML ---------------------------------------------------------------------------------------


def test_every_tag_of_the_ssml_subset_is_read():
    line = script.run(
        '<speak><p><s>Hi <emphasis level="strong">you</emphasis> &amp; me'
        '<break time="300ms"/> now</s></p>'
        '<prosody rate="slow" pitch="+2st">Slow</prosody> '
        '<say-as interpret-as="characters">B2</say-as> '
        '<say-as interpret-as="ordinal">3</say-as> '
        '<say-as interpret-as="date" format="dmy">3/4/2024</say-as> '
        '<say-as interpret-as="telephone">555 12</say-as> '
        '<say-as interpret-as="cardinal">2024</say-as> '
        '<sub alias="World Wide Web">WWW</sub> '
        '<phoneme alphabet="ipa" ph="təˈmeɪtoʊ">tomato</phoneme>'
        '<mark name="smile"/> end.</speak>',
        markup="ssml",
        supports=CONTROLS,
    )
    first, second = line.sentences
    assert " ".join(first.text.split()) == "Hi you and me now"
    assert [(span.text, span.emphasis) for span in first.spans if span.emphasis != "none"] == [
        ("you", "strong")
    ]
    assert sum(span.pause for span in first.spans) == 0.3
    assert (second.spans[0].rate, second.spans[0].pitch) == (0.8, 2.0)
    assert " ".join(second.text.split()) == (
        "Slow B, two third March fourth, twenty twenty-four five five five, one two "
        "two thousand twenty-four World Wide Web tomato end."
    ).replace("March fourth", "April third")
    assert "WWW" in "".join(span.shown for span in second.spans)
    assert [span.phonemes for span in second.spans if span.phonemes] == ["təmˈAtO"]
    assert [mark.name for mark in line.marks] == ["smile"]
    assert line.warnings == ()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<speak>hello", "never closed"),
        ("<speak>a</p></speak>", "not open"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><speak>&a;</speak>', "document type"),
        ("<speak>&lol;</speak>", "no known entity"),
        ("<speak>a & b</speak>", "no known entity"),
        ("<speak>1 < 2</speak>", "broken tag"),
        ("<s>" * 20 + "a" + "</s>" * 20, "deeper"),
        ("<s>a</s>" * 600, "more than 1,000"),
        ('<audio src="x"/>', "not offered"),
        ('<break time="soon"/>a', "no length"),
        ('<break time="60s"/>a', "too long"),
        ('<prosody rate="900%">a</prosody>', "cannot be spoken"),
        ('<prosody pitch="+40st">a</prosody>', "cannot be spoken"),
        ('<phoneme alphabet="ipa" ph="ʘʘ">a</phoneme>', "no sound"),
        ('<phoneme alphabet="x-sampa" ph="a">a</phoneme>', "alphabet"),
        ("<sub>a</sub>", "alias"),
        ("<sub alias='x'><s>a</s></sub>", "text only"),
    ],
)
def test_broken_ssml_is_refused_with_its_reason(source, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        script.run(source, markup="ssml")
    assert refusal.value.code == "text_unspeakable"
    assert 0 <= refusal.value.where.get("start", 0) <= len(source)


# -- dictionary ---------------------------------------------------------------------------------


def test_the_dictionary_replaces_whole_words_in_any_case():
    line = script.run(
        "ACME and Acmeville met siobhan's friend Siobhan.",
        dictionary=(("acme", "alias", "Ack me"), ("Siobhan", "ipa", "ʃɪˈvɔːn")),
    )
    assert line.sentences[0].text == "Ack me and Acmeville met siobhan's friend Siobhan."
    assert [(s.shown, s.phonemes) for s in line.sentences[0].spans if s.phonemes] == [
        ("siobhan", "ʃɪvˈɔn"),
        ("Siobhan", "ʃɪvˈɔn"),
    ]


def test_the_longest_entry_wins():
    rows = (("New York", "alias", "the city"), ("York", "alias", "jork"))
    assert spoken("New York and York.", dictionary=rows) == "the city and jork."


# -- warnings and refusals ----------------------------------------------------------------------


def test_what_the_voice_cannot_do_is_warned_about():
    line = script.run("A *b* [pause 1] c.")
    assert [(w.code, line.source[w.start : w.end]) for w in line.warnings] == [
        ("not_supported", "b"),
        ("not_supported", "[pause 1]"),
    ]


def test_emoji_and_foreign_words_are_left_out_with_a_warning():
    line = script.run("Hello 😀 мир, friends 👍🏽!", supports=CONTROLS)
    assert [line.source[w.start : w.end] for w in line.warnings] == ["😀", "мир", "👍🏽"]
    assert "😀" not in line.sentences[0].text


def test_a_foreign_language_in_ssml_is_warned_about():
    line = script.run('Hi <lang xml:lang="de-DE">Welt</lang>', markup="ssml")
    assert [warning.code for warning in line.warnings] == ["language_kept"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("😀🎉", "only emoji"),
        ("Привет мир", "English voice cannot read"),
        ("a\x00b", "U\\+0000"),
        ("a\x1b[31m", "U\\+001B"),
        ("...", "nothing to say"),
        ("# Only a title", "nothing to say"),
        ("x" * 20_001, "20,000"),
    ],
)
def test_text_that_cannot_be_spoken_is_refused(text, reason):
    with pytest.raises(BadInput, match=reason) as refusal:
        script.run(text)
    assert refusal.value.code == "text_unspeakable"


def test_an_unknown_language_is_refused():
    with pytest.raises(BadInput, match="de-DE"):
        script.run("Hallo", language="de-DE")


SNIPPETS = (  # noqa: SIM905
    "* ** _ [ ] ( ) ` \\ # < > & / <s> </s> <speak> </speak> <break/> &amp; <p> <mark name='x'/> "
    "[pause [pause] 1,2 3.5 $ % 1/2 10:30 e.g. U.S. A. ... ' \" 😀 мир é ½ ~~ - 1) http://a.io "
    "a@b.co II x² \u200b \u00ad ﷺ ₂"
).split(" ")
PIECES = st.one_of(st.sampled_from(SNIPPETS), st.text(max_size=4))


@settings(max_examples=1000, deadline=None)
@given(
    st.lists(PIECES, max_size=24).map("".join),
    st.sampled_from(["markdown", "ssml", "text"]),
    st.sampled_from(["en-US", "en-GB"]),
)
@example("<say-as interpret-as='date' format='y'>99999999</say-as>", "ssml", "en-US")
def test_any_text_is_read_or_refused_with_a_sentence(source, markup, language):
    try:
        line = script.run(
            source, markup=markup, language=language, dictionary=(("a", "ipa", "eɪ"),)
        )
    except BadInput as refusal:
        assert refusal.sentence.endswith(".")  # noqa: PT017
        return
    assert line.source == source
    spans = [span for sentence in line.sentences for span in sentence.spans]
    assert spans
    for part in [*spans, *line.warnings]:
        assert 0 <= part.start <= part.end <= len(source)
    assert [span.start for span in spans] == sorted(span.start for span in spans)


@pytest.mark.parametrize(
    "source", ["a" * 20_000, "1" * 20_000, "a." * 10_000, "*" * 20_000, "[" * 20_000, "<!--" * 5_000,
               "a-" * 10_000, "_a" * 10_000, "1 " * 10_000, "a@" * 10_000, "a/" * 10_000]
)  # fmt: skip
def test_hostile_texts_of_the_largest_length_are_read_within_three_seconds(source):
    import time

    started = time.process_time()
    for markup in ("markdown", "ssml"):
        try:
            script.run(source, markup=markup)
        except BadInput:
            continue
    assert time.process_time() - started < 3
