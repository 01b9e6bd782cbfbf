"""Every code that a program can meet has an entry in the table of the API."""

import ast

from django.conf import settings

from studio.api.problems import CODES
from studio.errors import BAD_INPUT_STATUS

POSITIONS = {"Refusal": 0, "NotAllowed": 1, "Problem": 1, "Away": 1, "Refused": 1, "invalid": 2}
"""Position of the code among the arguments of these calls."""
NO_REFUSALS = {"Warn", "Finding"}
"""Rows of a render or an avatar, which carry codes of their own."""
NOBODY_AGREES_BY_PROGRAM = {
    "challenge_over",
    "face_too_small",
    "many_faces",
    "no_face",
    "not_alive",
    "not_as_asked",
    "not_locked",
    "not_surely_the_same_person",
    "not_the_same_person",
    "statement_changed",
    "too_many_tries",
}
OF_PAGES_AND_COMMANDS = {
    "film_unreadable",
    "invalid",
    "not_waiting",
    "price_changed",
    "text_short",
    "too_many_comments",
    "version_without_source",
    "words_differ",
}
ELSEWHERE = NOBODY_AGREES_BY_PROGRAM | OF_PAGES_AND_COMMANDS


def written(node):
    """The codes that an expression can be; none where it is computed."""
    if isinstance(node, ast.IfExp):
        return {*written(node.body), *written(node.orelse)}
    plain = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value
    return {node.value} if plain else set()


def codes_in(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in NO_REFUSALS:
                continue
            if name in POSITIONS and len(node.args) > POSITIONS[name]:
                yield from written(node.args[POSITIONS[name]])
            for given in node.keywords:
                if given.arg == "code":
                    yield from written(given.value)
        elif isinstance(node, ast.arguments):
            named = [*node.posonlyargs, *node.args]
            usual = zip(named[len(named) - len(node.defaults) :], node.defaults, strict=True)
            for argument, value in (*usual, *zip(node.kwonlyargs, node.kw_defaults, strict=True)):
                if argument.arg == "code" and value is not None:
                    yield from written(value)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = zip(target.elts, node.value.elts, strict=True)
                for name, value in pairs:
                    if isinstance(name, ast.Name) and name.id == "code":
                        yield from written(value)


def codes_raised():
    """Every code that the apps can raise outside their pages."""
    base = settings.BASE_DIR
    for app in ("studio", "rendering", "consent", "billing", "moderation"):
        for file in (base / app).rglob("*.py"):
            pages = file.is_relative_to(base / "studio" / "views")
            if not pages and not {"assets", "migrations"} & set(file.parts):
                yield from codes_in(ast.parse(file.read_text()))


def test_every_code_that_a_program_can_meet_has_an_entry():
    raised = set(codes_raised())
    assert len(raised) > 60  # the search still finds them
    assert raised - ELSEWHERE - set(CODES) == set()
    assert {"avatar_deleted", "voice_deleted"} <= set(CODES)  # put together in consent/models.py


def test_codes_that_programs_do_not_meet_are_raised_and_not_in_the_table():
    assert set(codes_raised()) >= ELSEWHERE
    assert set(CODES).isdisjoint(ELSEWHERE)


def test_the_table_has_the_status_with_which_each_code_is_answered():
    for code, status in BAD_INPUT_STATUS.items():
        assert code in ELSEWHERE or CODES[code][0] == status, code
