import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from rendering.stages.captions import (
    GAP,
    LINES,
    LONGEST,
    WIDTH,
    Cue,
    cues,
    of_lines,
    srt,
    transcript,
    vtt,
)
from rendering.values import Chapter, CueEdit, Word

SPEECH = (
    "Likeness Studio turns a script into a video of a talking person, and it shows that the person "
    "agreed. You write, you listen, and you change a line. Only that line is made again — which is "
    "why a correction on a Friday afternoon takes a minute and not a weekend."
)


def said(text, start=0.25):
    """Words at about 15 characters a second, with a pause after each sentence."""
    words = []
    for word in text.split():
        length = 0.06 * len(word) + 0.05
        words.append(Word(word, start, start + length))
        start += length + (0.3 if word[-1] in ".?!" else 0.02)
    return words


def test_captions_break_where_the_sense_breaks():
    assert [cue.text for cue in cues(said(SPEECH))] == [
        "Likeness Studio turns a script\ninto a video of a talking person,",
        "and it shows that the person agreed.",
        "You write, you listen,\nand you change a line.",
        "Only that line is made again —\nwhich is why a correction",
        "on a Friday afternoon takes\na minute and not a weekend.",
    ]


@given(
    st.lists(
        st.tuples(
            st.text("abcdefgh.,?!-'\"", min_size=1, max_size=60),
            st.floats(0.02, 2),
            st.floats(0, 3),
        ),
        max_size=40,
    )
)
def test_captions_keep_their_limits_whatever_is_said(parts):
    words, at = [], 0.0
    for text, length, pause in parts:
        words.append(Word(text, at, at + length))
        at += length + pause
    found = cues(words)
    joined = "".join(cue.text for cue in found)
    assert re.sub(r"\s", "", joined) == "".join(text for text, _, _ in parts)
    for cue in found:
        assert len(cue.text.split("\n")) <= LINES
        assert all(0 < len(line) <= WIDTH for line in cue.text.split("\n"))
        assert cue.start < cue.end <= cue.start + LONGEST
    for cue, following in itertools.pairwise(found):
        assert cue.start < following.start


def test_captions_stay_apart_and_can_be_read_in_time():
    found = cues(said(SPEECH))
    for cue, following in itertools.pairwise(found):
        assert cue.end <= following.start - GAP + 1e-9
    for cue in found:
        assert len(cue.text) / (cue.end - cue.start) <= 20


def test_a_long_pause_ends_a_cue():
    words = [Word("One", 0, 0.4), Word("two", 3, 3.4)]
    assert [(cue.text, cue.start) for cue in cues(words)] == [("One", 0), ("two", 3)]


def test_nothing_said_gives_no_cue():
    assert cues([]) == []
    assert vtt([]) == "WEBVTT\n\n"


def test_srt_and_vtt_are_written_as_their_readers_expect():
    cue = Cue("a < b --> c &\nd", 3661.5, 3662.25)
    assert srt([cue]) == "1\n01:01:01,500 --> 01:01:02,250\na < b --> c &\nd\n\n"
    assert vtt([cue]) == ("WEBVTT\n\n01:01:01.500 --> 01:01:02.250\na &lt; b --&gt; c &amp;\nd\n\n")


def test_the_transcript_stands_under_its_chapters():
    chapters = [Chapter("Opening", 0, 65), Chapter("Close", 65, 80)]
    text = transcript([(0.0, "Hello."), (61.0, "More."), (65.0, "Bye.")], chapters)
    assert text == "Opening\n\n[0:00] Hello.\n\n[1:01] More.\n\nClose\n\n[1:05] Bye.\n"


spoken_lines = st.lists(
    st.tuples(
        st.lists(
            st.tuples(
                st.text("abc.?", min_size=1, max_size=9), st.floats(0.02, 9), st.floats(0, 3)
            ),
            max_size=12,
        ),
        st.lists(
            st.builds(
                CueEdit,
                st.integers(0, 11),
                st.integers(0, 11),
                st.just(""),
                st.floats(-3, 3),
                st.floats(-3, 3),
            ),
            max_size=4,
        ),
        st.floats(0.2, 0.6),  # seconds after the last word
    ),
    min_size=1,
    max_size=5,
)


def seconds_of(stamp):
    hours, minutes, seconds = stamp.replace(",", ".").split(":")
    return round(1000 * (3600 * int(hours) + 60 * int(minutes) + float(seconds)))


@given(spoken_lines)
def test_captions_end_with_the_film_and_none_lasts_over_seven_seconds(parts):
    """Whatever is said and changed by hand; times are read from the files, in milliseconds."""
    lines = []
    for spoken, edits, rest in parts:
        words, at = [], 0.25
        for text, length, pause in spoken:
            words.append(Word(text, at, at + length))
            at += length + pause
        lines.append((words, edits, round((at + rest) * 25) / 25))
    total = round(1000 * sum(seconds for _, _, seconds in lines))
    found = of_lines(lines)
    whole = [cue for line in found for cue in line]
    for text in (srt(whole), vtt(whole)):
        rows = [row.split(" --> ") for row in text.splitlines() if " --> " in row]
        times = [(seconds_of(start), seconds_of(end)) for start, end in rows]
        assert len(times) == len(whole)
        for start, end in times:
            assert 0 <= start < end <= total
            assert end - start <= 7000
        for (_, end), (following, _) in itertools.pairwise(times):
            assert end <= following


def test_the_last_caption_is_over_when_the_film_is():
    """One short word: a cue stays for a second where there is time."""
    words = [Word("Yes.", 0.25, 0.5)]
    (first,), (last,) = of_lines([(words, (), 1.0), (words, (), 1.0)])
    assert (first.start, first.end) == (0.25, 1.17)
    assert (last.start, last.end) == (1.25, 2.0)


def test_a_slow_sentence_becomes_captions_of_at_most_seven_seconds():
    words = [Word(f"word{n}", n * 1.1, n * 1.1 + 1.0) for n in range(6)] + [Word("end.", 6.6, 6.95)]
    assert all(cue.end - cue.start <= LONGEST for cue in cues(words))
    held = cues(words, [CueEdit(0, 6, "All of it", 0.0, 3.0)])
    assert [cue.end - cue.start for cue in held] == [LONGEST]
