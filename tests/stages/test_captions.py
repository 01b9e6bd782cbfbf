import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from rendering.stages.captions import GAP, LINES, WIDTH, Cue, cues, srt, transcript, vtt
from rendering.values import Chapter, Word

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


def test_it_breaks_where_the_sense_breaks():
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
def test_it_keeps_its_limits_whatever_is_said(parts):
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
        assert cue.start < cue.end
    for cue, following in itertools.pairwise(found):
        assert cue.start < following.start


def test_cues_stay_apart_and_can_be_read():
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
