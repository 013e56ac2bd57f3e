"""What each reason code means, in one phrase: a summary must be understood without the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

MEANINGS: Final[Mapping[str, str]] = {
    # files
    "BROKEN_LINK": "a link to a file that is not there",
    "COPY_PROTECTED": "locked by its publisher",
    "DAMAGED_FILE": "cut short or damaged",
    "DAMAGED_TABLE": "a table that cannot be read",
    "EMPTY_FILE": "no bytes in it",
    "FILE_CHANGED": "changed while the run was going on",
    "FILE_TOO_LARGE": "larger than a text can be",
    "FILE_UNREADABLE": "the system does not let it be read",
    "FILE_VANISHED": "no longer where it was",
    "LABELS_OF_IMAGES": "gives words to the pictures around it",
    "LABELS_WITHOUT_IMAGE": "names pictures that are not there",
    "MEMBER_MISSING": "a piece of the file is missing",
    "MISSING_EXTRA": "needs a package that is not installed",
    "NOT_A_DOCUMENT": "set aside: no document by its kind",
    "NOT_TEXT": "called a text, but none",
    "NO_CHAPTERS": "a book without chapters",
    "OLD_WORD_FILE": "a Word file of the old kind",
    "PART_OF_DOCUMENT": "read with the document beside it",
    "PASSWORD_PROTECTED": "locked by a password",
    "TABLE_TOO_LARGE": "larger than a table can be",
    "UNKNOWN_ENCODING": "letters in no known encoding",
    "UNREADABLE_FILE": "cannot be opened",
    "UNREADABLE_FORMAT": "not what its name says, or a kind that is not read",
    "UNSUPPORTED_KIND": "set aside: a kind that no reader takes",
    "ZERO_PAGES": "no pages in it",
    "ARCHIVE_BOMB": "unpacks to far too much",
    # pages and pictures
    "DAMAGED_PAGE": "one page is damaged",
    "FIGURE_TOO_LARGE": "too large as one picture",
    "IMAGE_MISSING": "a picture of the run is gone",
    "IMAGE_UNREADABLE": "a picture of the run is damaged",
    "NO_IMAGE": "holds no pixels",
    "NO_SUCH_PAGE": "the file has no such page any more",
    "OCR_FAILED": "its text could not be recognised",
    "PAGE_TOO_LARGE": "too many pixels",
    "PAGE_TOO_LONG": "too narrow and long for a model",
    "PAGE_TOO_SMALL": "too small to be a page",
    "PICTURE_MISSING": "a linked picture is not there",
    "PICTURE_NOT_RASTER": "a drawing, not made of pixels",
    "PICTURE_OUTSIDE": "a link that leads out of the folder",
    "PICTURE_REMOTE": "a picture on the net, not fetched",
    "PICTURE_TOO_LARGE": "a linked picture has too many pixels",
    "PICTURE_TOO_SMALL": "a bullet or dot, no figure",
    "PICTURE_UNREADABLE": "a linked picture is damaged",
    # pairs
    "INCOMPLETE_QUESTION": "the bank gives no question or no answer",
    "IDENTIFIERS_FOUND": "names somebody, and is to be blocked: see privacy.*",
    "NOT_ULTRASOUND": "a picture of another kind",
    "NO_PAIR": "a page without figure, and too little text",
    "PICTURE_WITHOUT_TEXT": "no words for it in reach",
    "REPEATED_PICTURE": "the same on many pages, such as a logo",
    "TABLE": "a table, no figure",
    # models
    "BOXES_MISFIT": "the model's boxes fit nothing on the page",
    "BOX_INVALID": "a box that is not four numbers",
    "BOX_INVERTED": "a box of the model is inside out",
    "BOX_ON_BLANK": "a box of the model lies on blank paper",
    "CONNECTION_LOST": "the endpoint broke off",
    "CONTENT_FILTER": "refused by the endpoint's filter",
    "COORDS_WRONG": "the model counts its boxes in another way",
    "JSON_INVALID": "the reply is not of the asked-for form",
    "LOW_CONFIDENCE": "the pair is too unsure to ask about",
    "NOT_WANTED": "the configuration asks nothing about it",
    "NOT_FORESEEN": "depends on a reply that is not there yet",
    "NO_FACTS": "no fact of the model quotes the source",
    "NO_EVIDENCE": "no words that an answer could rest on",
    "NO_THINKING": "the model gave no thinking",
    "OVERLOADED": "the endpoint was overloaded",
    "RATE_LIMITED": "the endpoint asked to slow down",
    "REFUSAL": "the model declined",
    "REPHRASED": "asked for in a way the endpoint does not take",
    "REPLY_MISSING": "no stored reply to it",
    "REPLY_TRUNCATED": "the reply broke off",
    "REQUEST_REFUSED": "the endpoint did not take the request",
    "REQUEST_TOO_LONG": "longer than the model can read",
    "SELF_INCONSISTENT": "solved anew, another answer; kept without thinking",
    "SERVER_ERROR": "the endpoint failed",
    "THINK_META": "thinking about the task; kept without thinking",
    "TIMEOUT": "the endpoint did not answer in time",
    "UNREACHABLE": "the endpoint was not there",
    "UNUSABLE": "what the source says does not carry a question",
    # imports
    "ALREADY_THERE": "the run has a record with this id",
    "BAD_JSON": "no record in the form of this version",
    "IMAGE_CHANGED": "a picture is not what the record names",
    "IMAGE_PATH": "a picture is not named by its content",
    "NOT_A_TASK": "not of an export of remud-gen",
    # the run itself
    "NOTHING_PRODUCED": "went in, and nothing came out",
    "NOT_UNICODE": "half a character in its text",
    "OUT_OF_MEMORY": "not enough memory",
    "PART_DAMAGED": "record files were damaged",
    "TIMED_OUT": "took longer than runner.part_timeout_s",
    "TOO_MUCH_MEMORY": "took more than runner.worker_memory_mb",
    "UNEXPECTED": "a defect of remud-gen",
    "WORKER_DIED": "crashed its worker",
}


def tell_codes(stage: str, codes: Sequence[tuple[str, int]]) -> Iterator[str]:
    """A line for each code: how often, and what it means."""
    for code, count in codes:
        meaning = MEANINGS.get(code)
        yield f"{stage}: {code} {count}" + (f" ({meaning})" if meaning else "")
