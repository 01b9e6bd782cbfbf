"""Reading takes time in proportion to the length of the text, whatever it contains."""

import ast
import contextlib
import gc
import importlib
import inspect
import pkgutil
import re
import string
import time
from collections import deque
from functools import partial
from itertools import pairwise

import pytest

from moderation import folding, rules
from moderation import screen as screening
from rendering.stages import (
    captions,
    guesses,
    layout,
    lettering,
    markdown,
    pasted,
    reading,
    runs,
    script,
    ssml,
)
from rendering.values import BadInput
from studio.models import mending
from studio.projects import anchors, cues, manuscript, overlays

SUBJECTS = [
    importlib.import_module(module.name)
    for module in pkgutil.iter_modules(reading.__path__, f"{reading.__name__}.")
]
READING = (script, runs, markdown, ssml, layout, pasted, guesses, reading, *SUBJECTS)
AROUND = (manuscript, anchors, overlays, cues, captions, lettering, mending)
SCREENING = (screening, folding, rules)

LONGEST = 20_000
PIECES = [
    *string.punctuation,
    *("a", "A", "1", "é", "中", "²", "—", "😀", " ", "\t", "\n", "\n\n", "\u2028", "\u200b"),
    *("a ", "A.", "1 ", "1,", "1-", "1/", "a@", "a-", "a1", "[a]", "[a](", "![", "<a ", "<!--"),
]
"""Pieces that hostile input repeats; each pattern is tried with the words of its own source as well."""
SCRIPTS = [
    *(
        "a ",
        "a\t",
        "a\n\n",
        "a. ",
        "A.",
        "Mr. ",
        "# a\n\n",
        "\n- ",
        "1 ",
        "1,",
        "10 kW ",
        "é",
        "中 ",
    ),
    *(
        "😀",
        "* ",
        "*a**b",
        "_a ",
        "`a",
        "[a](b)",
        "![a](b)",
        "<!--",
        "<a ",
        "[pause 1s]",
        "[smile] ",
    ),
    *("[pause].", "\\*", "°", "1°"),
]
DOCUMENTS = ["a. ", "<p>a</p>", "<break/>", "<sub alias='b'>a</sub>", "&amp;", "<a b='c' ", "<!--"]
SCREENED = ["a ", "a b ", "@", "1!|", "<", "é", "how to make ", "you are all "]


def seconds(work, text, times=1):
    """Processor seconds of the work."""
    begun = time.process_time()
    for _ in range(times):
        with contextlib.suppress(BadInput):
            work(text)
    return time.process_time() - begun


def grows_evenly(work, small, large):
    """Eight times the length takes at most ten times as long, each measured over 20 ms at least. Another process may
    have the caches for seconds, and a moment's higher clock would favour one of the two: so there are many tries,
    and only neighbours are compared."""
    times = 1 + int(0.02 / max(seconds(work, large), 1e-6))
    once, eightfold = deque(maxlen=5), deque(maxlen=5)
    for _ in range(200):
        once.append(seconds(work, small, 8 * times) / 8)
        eightfold.append(seconds(work, large, times))
        if min(eightfold) <= 10 * min(once):
            return True
    return False


def repeated(piece, size):
    return f"a{piece * (size // len(piece))}b"


# -- patterns -------------------------------------------------------------------------------------


def held_patterns(thing, seen):
    """The patterns among the values of a module, however deep they lie."""
    if isinstance(thing, re.Pattern):
        yield thing
    elif id(thing) not in seen and not isinstance(thing, str | bytes | type):
        seen[id(thing)] = thing
        if isinstance(thing, dict):
            within = list(thing.values())
        elif isinstance(thing, list | tuple | set | frozenset):
            within = list(thing)
        else:
            within = [getattr(thing, name) for name in getattr(thing, "__dataclass_fields__", ())]
        for one in within:
            yield from held_patterns(one, seen)


class Names(dict):
    """The names of a module; a name that only a function knows stands for a letter."""

    def __missing__(self, name):
        return "a"


def written(module):
    """The patterns that are written where they are used, in calls of re."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Call(ast.Attribute(ast.Name("re"), name), [first, *_]) if name != "escape":
                code = compile(ast.Expression(first), module.__name__, "eval")
                yield re.compile(eval(code, {}, Names(vars(module))))


def patterns(*modules):
    found, seen = {}, {}
    for module in modules:
        names = {name: value for name, value in vars(module).items() if name != "__builtins__"}
        for pattern in (*held_patterns(names, seen), *written(module)):
            found[pattern.pattern, pattern.flags] = pattern
    return list(found.values())


def own_pieces(pattern, most=10):
    """Pieces with which a text comes far into the pattern: its words, and pairs of neighbours among them."""
    words = re.findall(r"[A-Za-z']{2,}|[^\w\s\\]{2,}", re.sub(r"\?P?<\w+>", " ", pattern.pattern))
    words = list(dict.fromkeys(words))
    some = words[:: 1 + len(words) // most]
    return [*some, *(f"{one} " for one in some), *map(" ".join, pairwise(some))]


def is_slow(pattern, piece):
    """Tries short texts first, so that a pattern that would take for ever is found at once."""

    def work(text):
        for _ in pattern.finditer(text):
            pass

    def least(size):
        """Once, and again where that was long, since another process may have been in the way."""
        taken = seconds(work, repeated(piece, size))
        return taken if taken < 0.1 else min(taken, seconds(work, repeated(piece, size)))

    for size in (*range(16, 40, 2), 60, 250, 800):
        if least(size) > 0.1:
            return True
    for _ in range(4):
        short, long = (seconds(work, repeated(piece, size)) for size in (250, 2000))
        if long < 9 * short:
            return False
    if long > 20 * short:
        return True
    longest = least(LONGEST)
    if longest < 0.002 or longest > 0.5:
        return longest > 0.5
    return not grows_evenly(work, repeated(piece, LONGEST // 8), repeated(piece, LONGEST))


@pytest.fixture(autouse=True)
def without_collecting():
    """Python would collect the garbage of other tests meanwhile."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    ("modules", "step"),
    [(READING, 1), (AROUND, 1), (SCREENING, 3)],
    ids=["reading", "around it", "screening"],
)
def test_no_pattern_takes_more_than_linear_time(modules, step):
    found = patterns(*modules)
    if reading in modules:
        found += [rule for rule, *_ in reading._rules(False)]
    slow = [
        (pattern.pattern[:80], piece)
        for pattern in found
        for piece in (*PIECES[::step], *own_pieces(pattern))
        if is_slow(pattern, piece)
    ]
    assert not slow


def test_patterns_are_found_wherever_they_stand_and_slow_ones_are_recognised():
    assert {markdown._MARKDOWN, layout.EMOJI} <= set(patterns(*READING))
    assert {rule.pattern for rule in rules.RULES} <= set(patterns(*SCREENING))
    inside = r"\+?(\d{1,6}(?:[.,]\d{1,6})?|[.,]\d{1,6})\s*(ms|milliseconds?|s|secs?\.?|seconds?|)"
    assert inside in {pattern.pattern for pattern in written(runs)}
    assert is_slow(re.compile(r"(\w+)*!"), "a")  # takes for ever
    assert is_slow(re.compile(r" +$"), " ")  # takes 100 times as long for 10 times the length


# -- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("work", "pieces"),
    [
        (partial(script.run, dictionary=(("a", "alias", "b"),)), SCRIPTS),
        (partial(script.run, markup="ssml"), DOCUMENTS),
        (partial(anchors.word_ranges, markup="markdown"), [p for p in SCRIPTS if "\n" in p]),
        (partial(script.lines, markup="ssml"), DOCUMENTS),
        (screening._screened, SCREENED),
    ],
    ids=["scripts", "documents", "lines", "lines of documents", "screening"],
)
def test_the_time_of_reading_grows_with_the_length_alone(work, pieces, monkeypatch):
    for module in (markdown, ssml):
        monkeypatch.setattr(module, "MOST_TAGS", 10**9)
    work("Yes.")
    slow = [
        piece
        for piece in pieces
        if not grows_evenly(work, piece * (250 // len(piece)), piece * (250 // len(piece) * 8))
    ]
    assert not slow
