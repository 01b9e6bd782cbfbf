"""Every new word on a screen, in a mail or an error can be translated; older words are counted down."""

import re
from collections import Counter

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from rendering.models import Render
from rows import events
from studio.renders import mails
from tests import words
from tests.studio.rows import deliver, make_project, make_render
from tests.words import pseudo


def listed(found):
    return "\n".join(map(str, found))


# -- the list of what is not marked -------------------------------------------------------------


def test_every_new_word_is_marked_for_translators():
    new = words.new_ones(words.unmarked(), words.read_list())
    assert not new, f"Put these through gettext (tests/words.py says how):\n{listed(new)}"


def test_words_that_are_marked_or_gone_leave_the_list():
    gone = words.gone_ones(words.unmarked(), words.read_list())
    assert not gone, f"{gone.total()} words of the list are not written any more: run `make words`."


PAGE = words.BASE / "templates" / "studio" / "outbox.html"
MAIL = words.BASE / "templates" / "emails" / "render_failed.txt"
MODULE = words.BASE / "studio" / "renders" / "mails.py"


@pytest.mark.parametrize(
    ("file", "planted", "text"),
    [
        (PAGE, "<p>Burn all letters.</p>", "Burn all letters."),
        (PAGE, "<p>Burn {{ mail.subject }} now</p>", "Burn {} now"),
        (PAGE, "<p>{% if mails %}Burn them{% endif %}</p>", "Burn them"),
        (PAGE, '<button title="Burn all letters"></button>', "Burn all letters"),
        (PAGE, '<input type="submit" value="Burn">', "Burn"),
        (PAGE, '<p data-wrong="Burn them all"></p>', "Burn them all"),
        (PAGE, '{{ mail.subject|default:"Nothing said" }}', "Nothing said"),
        (PAGE, '{% include "a.html" with label="Burn them" %}', "Burn them"),
        (PAGE, "<code>x</code> Burn <code>y</code>", "Burn"),
        (MAIL, "Burn this letter.", "Burn this letter."),
        (MODULE, 'raise BadInput("Burn this letter.")', "Burn this letter."),
        (MODULE, 'raise BadInput(f"Burn {count} letters.")', "Burn {} letters."),
        (MODULE, 'raise BadInput("Burn this " "letter.")', "Burn this letter."),
        (MODULE, 'x = Problem(1, "a", title="Burn")', "Burn"),
        (MODULE, 'x = gettext(f"Burn {count} letters.")', "Burn {} letters."),
        (MODULE, 'x = {"burn": "Burn all letters"}', "Burn all letters"),
    ],
)
def test_an_unmarked_word_is_found_wherever_it_is_planted(file, planted, text):
    before = file.read_text()
    look = words.unmarked_in_module if file.suffix == ".py" else words.unmarked_in_template
    known = Counter(one.key for one in look(file, before))
    new = words.new_ones(look(file, f"{before}\n{planted}\n"), known)
    assert [one.text for one in new] == [text]
    assert new[0].line == len(before.splitlines()) + 1 or new[0].line == before.count("\n") + 2
    assert words.new_ones(new, words.read_list()) == new  # and today's list does not have it


@pytest.mark.parametrize(
    ("file", "planted"),
    [
        (PAGE, '<p>{% translate "Burn all letters." %} · Likeness Studio</p>'),
        (PAGE, "{% blocktranslate with a=b %}Burn {{ a }}{% endblocktranslate %}"),
        (PAGE, '{{ mail.subject|default:_("Nothing said") }}'),
        (PAGE, '{% include "a.html" with label=_("Burn them") level="3" %}'),
        (PAGE, '<p translate="no">Burn <b>all</b> letters.</p>'),
        (PAGE, "{# Burn all letters. #}{% comment %}Burn all letters.{% endcomment %}"),
        (PAGE, "<script>Burn(all)</script><code>burn --all</code>"),
        (MODULE, 'raise BadInput(gettext("Burn {count} letters.").format(count=count))'),
        (MODULE, 'raise ValueError("Burn all letters.")'),
        (MODULE, 'log.info("Burn all letters.")'),
        (MODULE, 'x = "Burn all letters."  # verbatim'),
        (MODULE, 'def burn():\n    """Burn all letters."""'),
        (MODULE, 'x = "SELECT a FROM letters"'),
    ],
)
def test_words_that_are_marked_or_that_nobody_reads_are_let_through(file, planted):
    before = file.read_text()
    look = words.unmarked_in_module if file.suffix == ".py" else words.unmarked_in_template
    known = Counter(one.key for one in look(file, before))
    assert listed(words.new_ones(look(file, f"{before}\n{planted}\n"), known)) == ""


def test_an_old_word_on_one_more_line_is_new():
    found = words.unmarked()
    again = next(one for one in found if one.text == "Delete")
    new = words.new_ones([*found, again], words.read_list())
    assert {one.text for one in new} == {"Delete"}


# -- catalogues ---------------------------------------------------------------------------------


def test_the_catalogues_contain_all_words_that_are_marked_today():
    committed = (words.LOCALE / "django.pot").read_text()
    assert committed == words.template(), "Run `make words`."
    for file in words.languages():
        language = words.read_language(file)
        assert file.read_text() == words.as_text(language), "Run `make words`."
        assert file.with_suffix(".mo").read_bytes() == words.compiled(language)


def test_a_language_is_begun_and_keeps_its_translations(tmp_path, monkeypatch):
    monkeypatch.setattr(words, "LOCALE", tmp_path)
    words.begin_language("de")
    (file,) = words.languages()
    assert file == tmp_path / "de" / "LC_MESSAGES" / "django.po"
    text = file.read_text().replace('msgid "Outbox"\nmsgstr ""', 'msgid "Outbox"\nmsgstr "Ausgang"')
    file.write_text(text)
    words.write_language(words.read_language(file), file.parent)
    assert 'msgstr "Ausgang"' in file.read_text()
    assert b"Ausgang" in file.with_suffix(".mo").read_bytes()


# -- in another language ------------------------------------------------------------------------


@pytest.fixture
def in_pseudo(tmp_path, settings):
    """The studio in a language in which every marked word stands in brackets."""
    words.write_pseudo_language(tmp_path)
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGE_CODE = "en-xa"
    with translation.override("en-xa"):
        yield


def main_of(page):
    return re.search(r"<main.*</main>", page, re.DOTALL)[0]


def pieces(html):
    """The texts that are read on a page."""
    return [one.text for one in words.unmarked_in_template(PAGE, html)]


@pytest.mark.django_db
def test_the_outbox_speaks_another_language(client_of, alice, settings, tmp_path, in_pseudo):
    settings.EMAIL_FILE_PATH = tmp_path / "outbox"
    page = client_of(alice).get("/outbox/").content.decode()
    assert f"<title>{pseudo('Outbox')} · Likeness Studio</title>" in page
    read = pieces(main_of(page))
    assert len(read) == 3
    assert all(text.startswith("[") and text.endswith("]") for text in read), read


@pytest.mark.django_db
def test_the_outbox_is_english_where_the_language_asked_for_is_missing(
    client_of, alice, settings, tmp_path
):
    settings.EMAIL_FILE_PATH = tmp_path / "outbox"
    headers = {"Accept-Language": "de"}
    page = client_of(alice).get("/outbox/", headers=headers).content.decode()
    assert pieces(main_of(page))[0] == "Outbox"


@pytest.mark.django_db
def test_the_mail_of_a_failed_render_speaks_another_language(alice, library, in_pseudo):
    render = make_render(make_project(alice.workspace, title="100 % <b>"), by=alice, quoted=54)
    render.fail("render_failed", "What went wrong.", ours=True)
    events.deliver()
    assert mails.render_ended(Render.objects.get(pk=render.pk))
    (message,) = mail.outbox
    end = pseudo("“%(title)s” could not be finished; all credits are back")
    assert message.subject == end.replace("%(title)s", "100 % <b>")
    lines = [line for line in message.body.splitlines() if line and "://" not in line]
    assert lines.pop(1) == f"What went wrong. {pseudo('This is our fault.')}"
    assert len(lines) == 5
    assert all(line.startswith("[") and line.endswith("]") for line in lines), lines
    html = message.alternatives[0].content
    read = pieces(html)
    for text in ("See it and try again", "You get this because you pressed Render."):
        assert any(pseudo(text) in piece for piece in read)
    assert "“100 % &lt;b&gt;”" in html


@pytest.mark.django_db
def test_the_forms_of_a_number_are_translated(alice, library, in_pseudo):
    for reused in ((1,), (1, 2)):
        project = make_project(alice.workspace)
        render = make_render(project, by=alice, quoted=54, done=3, reused=reused)
        deliver(render, used=48)
        events.deliver()
        mails.render_ended(Render.objects.get(pk=render.pk))
    one, two = (message.body for message in mail.outbox)
    assert pseudo("%(n)s line was reused and cost nothing.").replace("%(n)s", "1") in one
    assert pseudo("%(n)s lines were reused and cost nothing.").replace("%(n)s", "2") in two


@pytest.mark.django_db
def test_a_sentence_of_the_pipeline_speaks_another_language(client_of, alice, in_pseudo):
    """rendering does not import Django; the studio gives it a translator."""
    answer = client_of(alice).post(
        "/assets",
        {"image": SimpleUploadedFile("a.png", b"")},
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 422
    sentence = answer.json()["problem"]["sentence"]
    assert sentence == pseudo("The picture is empty; choose another file.")
