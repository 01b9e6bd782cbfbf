"""Domain exception -> (status, code, sentence), for the site and the API. What only the API refuses is in api/problems.py."""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext, ngettext
from kombu.exceptions import OperationalError as BrokerDown
from redis.exceptions import RedisError

from billing.amounts import left, price, priced
from billing.models import NotEnoughCredits
from consent.models import NotAllowed
from rendering.models import WrongStatus
from rendering.store import StoreAway, StoreFull
from rendering.values import BadInput, Unavailable
from studio.models.projects import RevisionConflict
from studio.people.roles import NotAllowedHere


@dataclass(frozen=True)
class Problem:
    status: int
    code: str
    title: str
    sentence: str
    errors: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    retryable: bool = False
    retry_after: int | None = None  # seconds

    def for_scripts(self) -> dict[str, Any]:
        """As the scripts of our pages read it."""
        said = {"code": self.code, "title": self.title, "sentence": self.sentence}
        return {**said, "errors": self.errors, **self.extra}


def wants_json(request: HttpRequest) -> bool:
    """Whether a page's own script sent the request."""
    return request.headers.get("Accept", "").startswith("application/json")


class ScriptRefused(Exception):
    """The words are refused, and why; nothing was charged."""

    def __init__(self, sentence: str, lines: list[dict[str, Any]]) -> None:
        super().__init__(sentence)
        self.lines = lines


class PriceRose(Exception):
    """It would cost more than the page said when the button was pressed. Nothing was made."""

    def __init__(self, seen: int | None, now: int) -> None:
        super().__init__(f"{seen} seen, {now} now")
        self.seen, self.now = seen, now


class VariablesInvalid(Exception):
    """Values that do not fit the variables of a template. errors: [{"path", "code", "message"}], one for each."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = errors


class PictureRefused(Exception):
    def __init__(self, title: str, noun: str = "picture") -> None:
        super().__init__(title)
        self.title, self.noun = title, noun


AWAY = (OperationalError, InterfaceError, RedisError, BrokerDown)
"""The database or the broker does not answer, so the page that says so must not need them."""

BAD_INPUT_STATUS = {
    "above_max_cost": 402,
    "avatar_limit": 403,
    "voice_limit": 403,
    "plan_limit": 403,
    "template_limit": 403,
    "wrong_status": 409,
    "batch_cap_reached": 402,
    "too_many_batches": 429,
    "file_too_large": 413,
    "body_too_large": 413,
    "statement_changed": 409,
    "rate_limited": 429,
    "too_many_tries": 429,
    "too_many_renders": 429,
    "fair_use_reached": 429,
}


STORE_WAIT = 60  # seconds after which a store that is full or away is worth another try


def explain(error: BaseException) -> Problem | None:
    """What to answer, or None if it is a bug of ours."""
    match error:
        case BadInput():
            status = BAD_INPUT_STATUS.get(error.code, 422)
            where = {k: v for k, v in error.where.items() if v is not None}
            wait = where.pop("retry_after", None)
            errors = [{"code": error.code, **where}] if where else []
            title = "Too often" if wait else "That cannot be used"
            if error.code == "plan_limit":
                title = "More than the plan allows"
            return Problem(
                status,
                error.code,
                title,
                error.sentence,
                errors,
                retryable=wait is not None,
                retry_after=wait,
            )
        case ScriptRefused():
            sentence = f"Not rendered, not charged. {error}"
            return Problem(451, "script_refused", "Script refused", sentence, error.lines)
        case PictureRefused():
            sentence = f"This {error.noun} cannot be used. Rule: {error.title}. Choose another one."
            return Problem(451, "image_refused", "Picture refused", sentence)
        case VariablesInvalid():
            title, more = gettext("That does not fill the template"), len(error.errors) - 1
            sentence = str(error)
            if more:
                sentence += " " + ngettext(
                    "{n} more is wrong.", "{n} more are wrong.", more
                ).format(n=more)
            return Problem(422, error.errors[0]["code"], title, sentence, errors=error.errors)
        case NotAllowed():
            drafts = error.code == "consent_drafts_only"
            title = "Drafts only" if drafts else "No valid consent"
            return Problem(403, error.code, title, error.sentence)
        case NotAllowedHere():
            return Problem(403, "role_not_allowed", gettext("Not with this role"), error.sentence)
        case PriceRose():
            if error.seen is None:
                begin = "The page did not say what this costs; it is too old."
            else:
                begin = f"The page showed at most {priced(error.seen)}."
            sentence = (
                f"{begin} It would cost at most {priced(error.now)} now. "
                "Nothing was made or charged; press again to go on."
            )
            extra = {"quoted": error.now}
            return Problem(409, "price_changed", "Another price", sentence, extra=extra)
        case NotEnoughCredits():
            sentence = (
                f"This needs {price(error.needed)} credits ({error.needed} s) and "
                f"{left(error.available)} ({error.available} s) are left. Shorten it by "
                f"{error.needed - error.available} s. Nothing was charged."
            )
            extra = {"needed": error.needed, "available": error.available}
            return Problem(402, "not_enough_credits", "Not enough credits", sentence, extra=extra)
        case RevisionConflict():
            return Problem(409, "revision_conflict", "Changed elsewhere", str(error))
        case WrongStatus():
            sentence = gettext(
                "This render has ended already, so that is no longer possible; start a new one."
            )
            return Problem(409, "render_over", "Already over", sentence)
        case Unavailable():
            return Problem(
                503, error.code, "That voice is away", error.sentence, retryable=error.again
            )
        case RequestDataTooBig():
            sentence = "The fields of this form are too large; send less text at once."
            return Problem(413, "body_too_large", "Too much at once", sentence)
        case TooManyFieldsSent() | TooManyFilesSent():
            sentence = "The form has too many fields or files; send fewer at once."
            return Problem(400, "invalid_form", "Too much at once", sentence)
        case MultiPartParserError():
            sentence = "The form is damaged and cannot be read; send it again."
            return Problem(400, "invalid_form", "That cannot be read", sentence)
        case StoreAway():
            title = "Our store does not answer"
            return Problem(
                503, "unavailable", title, error.sentence, retryable=True, retry_after=STORE_WAIT
            )
        case StoreFull():
            sentence = "Our disk is full, so this could not be saved. Nothing was lost or charged; try again later."
            return Problem(
                503, "unavailable", "No room left", sentence, retryable=True, retry_after=STORE_WAIT
            )
        case OperationalError() if "lock" in str(error).lower():
            sentence = "Many people save at this moment, so this was not done. Nothing was charged; try again."
            title = "Very busy"
            return Problem(503, "unavailable", title, sentence, retryable=True, retry_after=2)
        case _ if isinstance(error, AWAY):
            sentence = "A part of the studio does not answer. Nothing was lost or charged; try again in a moment."
            title = "We are away for a moment"
            return Problem(503, "unavailable", title, sentence, retryable=True, retry_after=10)
    return None
