"""The budget of every way in: what may come, what it costs at most, and what its sender reads. `manage.py limits` prints it.

Figures of cost are measured, by `python -m tests.bench_limits` with the worst inputs that are known; the limits themselves
are imported from the modules that enforce them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from billing.plans import DRAFTS_A_DAY, LONGEST_FILM, PLANS
from rendering import clips, decoding, pictures
from rendering.faces import brush
from rendering.voices import recording
from studio import limits
from studio.api.batches import bodies
from studio.batches import links, plan, table
from studio.library import footage
from studio.models.fields import LONGEST_BODY, LONGEST_SCRIPT
from studio.models.mending import LONGEST_TEXT
from studio.models.projects import MOST_SCENES
from studio.models.reviews import LONGEST_COMMENT
from studio.people import teams
from studio.people.audit import AT_ONCE
from studio.projects import cues, overlays, templates
from studio.projects.brand import MOST_COLOURS
from studio.projects.sharing import LONGEST_PASSWORD
from studio.renders.plan import MAX_CHARACTERS, MAX_LINES
from studio.reviews.approval import LONGEST_REASON
from studio.reviews.comments import MOST_COMMENTS
from studio.views.audit import PAGE
from studio.views.avatars import LONGEST_SAMPLE
from studio.views.keys import MOST_KEYS
from studio.views.shares import MOST as MOST_SHARES


@dataclass(frozen=True)
class Way:
    """A way in. routes: names of routes, those of the API after api-1:. most: what may come. cost: what one request costs
    at most. told: the sentence that the sender reads beyond the limit."""

    name: str
    routes: tuple[str, ...]
    most: str
    cost: str
    told: str

    @property
    def bytes(self) -> int:
        """Of a whole request."""
        return max(limits.BYTES.get(name, limits.FORM) for name in self.routes)


FREE = PLANS["free"]
BIG = pictures.MEMORY // 1_000_000
PRESS = "one press: no text, numbers of at most 9 digits"
DECODER = f"a process of its own within {BIG} MB and {pictures.SECONDS} s of processor time, {pictures.AT_ONCE} at once; no lock"


def _api(*names: str) -> tuple[str, ...]:
    return tuple(f"api-1:{name}" for name in names)


WAYS = (
    Way(
        "Words of a scene",
        ("scene_save",),
        f"{LONGEST_SCRIPT:,} characters are stored, {MAX_CHARACTERS:,} a video; {overlays.MOST} overlays of {LONGEST_TEXT}, "
        f"{cues.MOST} captions, {LONGEST_BODY} characters beside the person",
        ".05 s, no more memory; 15 ms of the lock",
        "This scene has 120,000 characters; at most 100,000 can be stored. Split it into two projects.",
    ),
    Way(
        "The editor and what stands in it",
        ("project_edit", "scene_captions", "scene_avatars", "scene_voices", "api-1:caption_list"),
        f"{MOST_SCENES} scenes a project",
        ".6 s, 20 MB; no lock",
        f"A project has at most {MOST_SCENES} scenes; go on in another project.",
    ),
    Way(
        "Looks at the price",
        ("project_estimate",),
        f"{limits.ESTIMATES.most} a minute; {MAX_CHARACTERS:,} characters and {MAX_LINES} lines are read",
        ".6 s, 45 MB; no lock",
        "The script has 24,000 characters; a video takes at most 20,000. Split it into two projects.",
    ),
    Way(
        "A render",
        ("render_create", "render_retry", "api-1:render_create"),
        f"{MAX_CHARACTERS:,} characters, {MAX_LINES} lines, {FREE.longest_film // 60} to {LONGEST_FILM // 60} minutes of film by plan, "
        f"{DRAFTS_A_DAY // 60} minutes of drafts a day, {FREE.renders_waiting} waiting on the free plan; a body of the API has {limits.JSON:,} bytes",
        ".4 s, 55 MB; 18 ms of the lock, 26 at worst",
        "5 renders wait already, as many as the Free plan allows",
    ),
    Way(
        "A sound before the render",
        (
            "line_sound",
            "scene_speak",
            "voice_sample",
            "avatar_sound",
            "pronunciation_sound",
            "pronunciation_try",
        ),
        f"{limits.SOUNDS.most} a minute; {LONGEST_SAMPLE} characters of a sample",
        ".05 s, no more memory; no lock; spoken by a worker",
        f"A sample takes at most {LONGEST_SAMPLE} characters; shorten it.",
    ),
    Way(
        "A picture, video or music for scenes",
        ("asset_create", "api-1:asset_create"),
        f"pictures: {pictures.MOST_BYTES // 1_000_000} MB, {decoding.MOST_PIXELS // 1_000_000} million pixels of a JPEG, {decoding.MOST_KEPT // 8_000_000} to "
        f"{decoding.MOST_PIXELS_WHOLE // 1_000_000} of a progressive one by its channels, {decoding.MOST_PIXELS_WHOLE // 1_000_000} of others, {limits.PICTURES.most} an hour; "
        f"videos: {clips.MOST_BYTES['video'] // 1_000_000} MB, {clips.LONGEST['video'] / 60:.0f} minutes, 4096 x 2304, {limits.VIDEOS.most} an hour, "
        f"{footage.MOST_WAITING} waiting; music: {clips.MOST_BYTES['music'] // 1_000_000} MB, {clips.LONGEST['music'] / 60:.0f} minutes, {limits.TUNES.most} an hour",
        f"pictures: {DECODER}; videos: looked at here, encoded by a worker",
        "The picture has 12,000 x 12,000 pixels; at most 50 million and 12,000 a side can be used. Make it smaller and choose it again.",
    ),
    Way(
        "A cut of a picture",
        ("picture_crop",),
        f"four numbers; counted as a picture, {limits.PICTURES.most} an hour",
        DECODER,
        f"The width of a cut is at least {decoding.SMALLEST_CUTOUT} pixels.",
    ),
    Way(
        "A corrected cut-out",
        ("avatar_cutout",),
        f"{brush.MOST_STROKES} strokes, {brush.MOST_POINTS:,} points; counted as a photo, {limits.PHOTOS.most} an hour, until the avatar is kept",
        ".06 s, 5 MB; the face is made again by a worker",
        "The strokes are too long to be taken; use a larger brush.",
    ),
    Way(
        "A photo for an avatar",
        ("avatar_create", "api-1:avatar_create"),
        f"{pictures.MOST_BYTES // 1_000_000} MB, pixels as of pictures, {limits.PHOTOS.most} an hour, {FREE.photo_avatars} at once",
        f"{DECODER}; the face is made by a worker",
        "The workspace has sent 40 photos within an hour; wait 12 minutes and send it again.",
    ),
    Way(
        "Pictures of the camera",
        ("avatar_unlock", "avatar_challenge"),
        f"4 pictures, {limits.CAMERA // 1_000_000} MB together, {limits.CAMERA_OPENINGS.most} openings of the camera an hour",
        f"four times {DECODER}",
        "The camera was opened 5 times within an hour; wait 12 minutes and try again.",
    ),
    Way(
        "A recording of a voice",
        ("voice_create",),
        f"{recording.MOST_BYTES // 1_000_000} MB, {recording.LONGEST:.0f} s, {limits.RECORDINGS.most} an hour, {FREE.recordings} at once",
        "not measured; a process of its own with 30 s, then a worker",
        "The recording has 40 MB; at most 30 MB fit. Save it as an MP3.",
    ),
    Way(
        "A search of projects",
        ("project_list",),
        f"{limits.MOST_WORDS} words, {limits.LONGEST_SEARCH} characters, {limits.SEARCHES.most} a minute",
        ".1 s, no more memory; no lock",
        f"A search takes at most {limits.MOST_WORDS} words, so only the first {limits.MOST_WORDS} were looked for.",
    ),
    Way(
        "A template",
        ("template_save", "template_remove"),
        f"{templates.MOST_VARIABLES} variables, values of {templates.LONGEST_VALUE:,} characters, {templates.MOST_TEMPLATES} templates",
        "not measured",
        f"A template takes at most {templates.MOST_VARIABLES} variables; this one has 41.",
    ),
    Way(
        "A project started from a template",
        ("template_start",),
        f"{limits.PROJECTS.most} a minute; pictures of {pictures.MOST_BYTES // 1_000_000} MB together, counted as pictures",
        f"pictures: {DECODER}; the rest: not measured",
        "first_name has 240 characters; at most 200 fit. Shorten it.",
    ),
    Way(
        "A table for a batch",
        ("batch_create", *_api("batch_create", "batch_create_csv")),
        f"{table.MOST_BYTES // 1_000_000} MB, {table.MOST_ROWS:,} rows and fewer by plan, {table.MOST_COLUMNS} columns, cells of {table.LONGEST_CELL:,} characters; "
        f"{bodies.MOST_ROWS:,} rows as JSON; {limits.BATCHES.most} an hour, {plan.MOST_OPEN} open at once",
        "not measured; rows are checked by a worker",
        "The table has more than 5,000 rows; split it into several.",
    ),
    Way(
        "Steps of a batch",
        (
            *(
                "batch_start",
                "batch_approve",
                "batch_pause",
                "batch_resume",
                "batch_cancel",
                "batch_retry",
                "batch_remove_values",
            ),
            *_api("batch_start", "batch_pause", "batch_resume", "batch_cancel"),
            *_api("batch_retry_failed", "batch_remove_values"),
        ),
        "one press, and a cap of at most 9 digits",
        "not measured",
        "The batch is at its cap; raise the cap to go on.",
    ),
    Way(
        "A row as a draft",
        ("batch_sample", *_api("batch_sample")),
        f"one number; {limits.SAMPLES.most} an hour, and {DRAFTS_A_DAY // 60} minutes of drafts a day",
        "as a render",
        "There is no such row that can be rendered; choose another one.",
    ),
    Way(
        "Links for the videos of a batch",
        ("batch_share", *_api("batch_share")),
        f"one press; a link for each row, {table.MOST_ROWS:,} at most",
        f"not measured; {links.AT_ONCE} links a round are made by the scheduler",
        "Confirm your e-mail address first: a link was mailed to you. Then share.",
    ),
    Way(
        "A batch and its rows",
        (
            *("batch_list", "batch_detail", "batch_result", "batch_errors", "template_columns"),
            *_api("batch_list", "batch_detail", "batch_row_list", "batch_result"),
        ),
        "25 rows a page, 500 of the API; files are sent row by row",
        "not measured",
        "(404 for a batch of another workspace)",
    ),
    Way(
        "Projects made",
        ("project_create", "project_duplicate"),
        f"{limits.PROJECTS.most} a minute",
        ".1 s, no more memory; 10 ms of the lock, a copy of 100 scenes 90 ms",
        "The workspace has sent 60 new projects within a minute; wait 20 seconds and send it again.",
    ),
    Way(
        "Overlays and captions by hand",
        (
            *("overlay_create", "overlay_save", "overlay_remove"),
            *("caption_save", "caption_split", "caption_join"),
            *_api("caption_update", "caption_split", "caption_join", "caption_reset"),
        ),
        f"{overlays.MOST} overlays of {LONGEST_TEXT} characters and {cues.MOST} captions of 84 a scene; an id of 32 letters, digits, _ and -",
        ".05 s, no more memory; 10 ms of the lock",
        f"A scene takes at most {overlays.MOST} overlays; this one has 21.",
    ),
    Way(
        "Settings of a project and steps back",
        (
            "project_save",
            "project_order",
            "project_undo",
            "project_redo",
            "scene_create",
            "scene_duplicate",
        ),
        f"a name of 200 characters, {MOST_SCENES} scenes, 200 steps of a person",
        "settings: .02 s, no more memory; 10 ms of the lock; steps back: not measured",
        "A project's name takes at most 200 characters; shorten it.",
    ),
    Way(
        "Words of the dictionary",
        ("pronunciation_list",),
        f"a word of 60 and a reading of 120 characters, {limits.MOST_PRONUNCIATIONS} words",
        ".02 s, no more memory; 5 ms of the lock",
        "A word takes at most 60 characters.",
    ),
    Way(
        "Links for viewers",
        ("share_list", "share_save", "share_close", "share_open", "share_remove"),
        f"{MOST_SHARES} links a project, {limits.SHARES.most} new ones an hour; a name of 80 and a password of {LONGEST_PASSWORD} characters",
        "not measured; a password is hashed, .3 s",
        "A project has at most 50 links; remove one that is not used.",
    ),
    Way(
        "A shared video",
        ("share_watch", "share_file", "share_poster"),
        f"{limits.PASSWORD_TRIES.most} tries of the password an hour and address, {limits.ALL_PASSWORD_TRIES.most} from everywhere; one range of bytes",
        "not measured; no lock; a password that is tried: .3 s",
        "The password was tried too often within an hour; wait 12 minutes and try again.",
    ),
    Way(
        "Counts of viewings",
        ("share_seen",),
        f"one number of at most 9 digits; {limits.COUNTS.most} a minute and address are counted",
        "not measured; one row a viewing, for a day",
        "(more are not counted)",
    ),
    Way(
        "Reports of viewers",
        ("share_report",),
        f"2,000 characters and an address; {limits.REPORTS.most} an hour and address",
        "not measured",
        "10 reports came from here within an hour; wait 12 minutes.",
    ),
    Way(
        "Reviews",
        ("review_list", "review_ask", "reviewer_erase", "comment_reply", "comment_resolve"),
        f"{limits.INVITATIONS.most} mails to reviewers an hour; {LONGEST_COMMENT:,} characters and {MOST_COMMENTS} comments a version",
        "not measured",
        "A comment has 1 to 2,000 characters.",
    ),
    Way(
        "What reviewers say",
        ("share_review",),
        f"{LONGEST_COMMENT:,} characters, a name and an address; {limits.SAID.most} an hour and address",
        "not measured",
        "60 comments came from here within an hour; wait 12 minutes.",
    ),
    Way(
        "Approval",
        ("render_approve", "render_decline", "render_remind", "workspace_rules"),
        f"a reason of {LONGEST_REASON} characters; a reminder an hour and render",
        "not measured",
        "They were reminded within the last hour; wait a while.",
    ),
    Way(
        "The team",
        (
            *(
                "team",
                "team_invite",
                "team_reviews",
                "team_ask",
                "team_leave",
                "team_join",
                "invitation_send",
            ),
            *("invitation_revoke", "member_role", "member_remove", "member_own"),
        ),
        f"{teams.MOST_ADDRESSES} addresses at once, {limits.TEAM_MAILS.most} mails an hour, {teams.MOST_OPEN} open invitations",
        "not measured",
        f"{teams.MOST_OPEN} invitations wait already; revoke some first.",
    ),
    Way(
        "The audit log",
        ("audit_list", "audit_export"),
        f"{PAGE} rows a page; {limits.EXPORTS.most} exports an hour, {AT_ONCE} rows in memory at a time",
        "not measured",
        "Write a day as year-month-day, such as 2026-03-31.",
    ),
    Way(
        "The brand kit",
        ("brand_kit", "brand_preview", "brand_sample", "project_brand"),
        f"{MOST_COLOURS} colours; one kit a workspace; one sample is drawn at a time, and stored",
        "not measured; how many projects use it is counted over all of them",
        f"A brand has at most {MOST_COLOURS} colours.",
    ),
    Way(
        "Versions",
        ("version_list", "version_name", "version_restore", "project_film"),
        f"two versions of {MAX_LINES} lines side by side; a name of 80 characters",
        "not measured",
        "The name of a version takes at most 80 characters; shorten it.",
    ),
    Way(
        "Keys for programs",
        ("key_list", "key_revoke"),
        f"{MOST_KEYS} keys, a name of 80 characters",
        ".02 s, no more memory; lock not measured",
        f"There are {MOST_KEYS} keys already; revoke one that is not used.",
    ),
    Way(
        "Requests of programs",
        _api(
            *("render_list", "render_detail", "render_cancel", "avatar_list", "avatar_detail"),
            *("avatar_delete", "voice_list", "voice_detail", "voice_delete", "asset_detail"),
            *("asset_delete", "usage", "openapi-json", "api-root", "template_list"),
            "template_detail",
        ),
        f"{limits.REQUESTS.most} a minute and key, {limits.WITHOUT_KEY.most} a minute and address without a key; 100 rows a page; "
        f"{limits.LONGEST_QUERY:,} characters of a query, and no parameter that is not known",
        "a list: .15 s, 5 MB; no lock; a body that is refused: .1 s, 6 MB; others: not measured",
        "There is no parameter statuss. Did you mean status?",
    ),
    Way(
        "Presses",
        (
            *("project_archive", "project_restore", "project_remove", "scene_move", "scene_remove"),
            *(
                "scene_restore",
                "voice_remove",
                "avatar_answer",
                "avatar_keep",
                "avatar_discard",
                "avatar_remove",
            ),
            *(
                "avatar_restore",
                "pronunciation_remove",
                "render_cancel",
                "render_mend",
                "workspace_choose",
            ),
        ),
        PRESS,
        ".02 s, no more memory; lock not measured",
        "What was sent holds a character that cannot be stored (NUL or half of a pair); remove it and send it again.",
    ),
    Way(
        "Pages and files",
        (
            *("template_list", "template_detail", "template_poster"),
            *("home", "scene_frame", "voice_list", "voice_detail", "avatar_list", "stock_avatar"),
            *("avatar_detail", "avatar_file", "picture_file", "clip_state", "clip_poster"),
            *(
                "clip_file",
                "line_film",
                "line_play",
                "render_detail",
                "render_download",
                "render_progress",
                "file_serve",
                "credit_list",
            ),
            *("api_docs", "healthz", "metrics", "fleet", "outbox"),
        ),
        f"{limits.LONGEST_QUERY:,} characters of a query; one range of bytes; numbers of at most 9 digits",
        ".05 s, no more memory; the first frame that a process draws loads 150 MB, which stay; a film or file: not measured",
        f"The address is too long: after the question mark it may have {limits.LONGEST_QUERY:,} characters; shorten it.",
    ),
    Way(
        "News of hosted models",
        ("prediction_hook",),
        "a signed body",
        "without a signature: .02 s, 5 MB; no lock; with one: not measured",
        "(404 without a signature)",
    ),
    Way(
        "Accounts",
        ("account_*", "mfa_*", "usersessions_*", "session_end"),
        "an address of 254 characters; tries as docs/deploy says",
        "a sign-in that is refused: .6 s, no more memory; no lock; others: not measured",
        "An email address has at most 254 characters.",
    ),
)


def rows() -> Iterator[str]:
    yield "| way in | bytes | at most | costs at most | the sender reads |"
    yield "|---|---|---|---|---|"
    for way in WAYS:
        yield f"| {way.name} | {way.bytes:,} | {way.most} | {way.cost} | {way.told} |"


MEASURED = """
Limits are what the code refuses beyond. Costs in seconds, megabytes and of the lock are measured, rounded up, or the row says that they
are not; what is said of a process of its own is its limit. They are of one request in a web process on SQLite, beside other work on two cores:
processor time (best of three), by how much the process grew (most of three), and processor time from the start of a transaction that
writes to its commit (most of three); what is done after the commit is not counted. `make bench-limits` takes them with the worst inputs that are known: 300 lines,
100,000 characters, 100 scenes, 20 overlays, 60 projects of 300 lines searched for ten words. What a process loads once, with its first request, is left out.
"""
