"""Tables as people have them: CSV files of any spreadsheet, read one row at a time, and results written so that none runs a formula.

Encodings: UTF-8 with or without its mark, UTF-16 of either order, Windows-1252. Columns are parted by commas, semicolons or tabs.
Cells may be quoted and hold line breaks.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from django.utils.translation import gettext

from rendering.values import BadInput
from rows.mended import NEVER

MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 5_000_000, 5_000, 100
LONGEST_CELL, LONGEST_NAME = 5_000, 80
SEEN = 4_096
"""Bytes by which UTF-16 without a mark is known: every second one is zero."""
DELIMITERS = (",", ";", "\t")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class TableRow:
    """number: from 1, without the header. cells: {column: value}. problem: why the row cannot be used. key: by which its sender
    knows it, if it is in no column. overrides: what of the template is different (studio/batches/overrides.py)."""

    number: int
    cells: dict[str, Any]
    problem: str = ""
    key: str = ""
    overrides: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """columns: in order. rows: read as they are asked for; raises BadInput where the file cannot be read."""

    columns: list[str]
    rows: Iterator[TableRow] = field(repr=False)


def encoding_of(file: BinaryIO) -> str:
    """The name of the codec that reads the whole file. Raises BadInput if none does."""
    file.seek(0)
    head = file.read(SEEN)
    for mark, codec in MARKS:
        if head.startswith(mark):
            return codec
    even, odd = head[0::2], head[1::2]
    if odd and odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if odd and even.count(0) > 0.4 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    for codec in ("utf-8", "cp1252"):
        if _decodes(file, codec):
            return codec
    raise _unreadable()


def _unreadable() -> BadInput:
    return BadInput(
        gettext(
            "The characters of this file cannot be read. In your spreadsheet, choose “Save as” and “CSV UTF-8”, and send that."
        ),
        code="table_unreadable",
    )


def _decodes(file: BinaryIO, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    file.seek(0)
    try:
        while chunk := file.read(1 << 16):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def delimiter_of(head: str) -> str:
    """What parts the columns of the first row: the most frequent of DELIMITERS outside quotation marks."""
    counts, quoted = dict.fromkeys(DELIMITERS, 0), False
    for letter in head:
        if letter == '"':
            quoted = not quoted
        elif letter in "\r\n" and not quoted:
            break
        elif letter in counts and not quoted:
            counts[letter] += 1
    return max(DELIMITERS, key=counts.__getitem__)


@contextmanager
def opened(file: BinaryIO) -> Iterator[Table]:
    """The table in the file, which stays open afterwards. Raises BadInput for a file that holds none."""
    codec = encoding_of(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=codec, newline="")  # type: ignore[type-var]
    try:
        yield _table(text)
    except UnicodeError:
        raise _unreadable() from None
    finally:
        text.detach()


def _table(text: io.TextIOWrapper) -> Table:
    first = text.readline(SEEN)
    declared = re.fullmatch(r"sep=([,;\t])[\r\n]*", first)  # as Excel writes it
    if declared:
        delimiter = declared[1]
    else:
        delimiter = delimiter_of(first + text.read(SEEN))
        text.seek(0)
    records = _records(text, delimiter)
    header = next((cells for cells in records if any(cell.strip() for cell in cells)), None)
    if header is None:
        raise BadInput(
            gettext("The table is empty. Its first row holds the names of the columns."),
            code="table_unreadable",
        )
    return Table(columns := _columns(header), _rows(records, columns))


def _records(text: io.TextIOWrapper, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = reader.line_num
            if "end of data" in str(error):
                sentence = gettext(
                    "A quotation mark is opened and never closed (the table ends in line {line}). Close it, or double it where it stands for itself."
                )
            elif "field limit" in str(error):
                sentence = gettext(
                    "A cell near line {line} has more than 131,000 characters; is a quotation mark not closed?"
                )
            else:
                sentence = gettext(
                    "The quotation marks in line {line} cannot be read: a mark within a quoted cell is doubled."
                )
            raise BadInput(sentence.format(line=line), code="table_unreadable", line=line) from None


def _columns(header: list[str]) -> list[str]:
    names = [" ".join(cell.split()) for cell in header]
    while names and not names[-1]:
        names.pop()
    if len(names) > MOST_COLUMNS:
        sentence = gettext("The table has {count} columns; at most {most} can be read.")
        raise _wrong(sentence.format(count=len(names), most=MOST_COLUMNS))
    for number, name in enumerate(names, start=1):
        if not name:
            raise _wrong(gettext("Column {number} has no name.").format(number=number))
        if len(name) > LONGEST_NAME or NEVER.search(name):
            sentence = gettext("The name of column {number} cannot be used; shorten it.")
            raise _wrong(sentence.format(number=number))
    folded = [name.casefold() for name in names]
    for name in names:
        if folded.count(name.casefold()) > 1:
            sentence = gettext("Two columns are called {name}; rename one.")
            raise _wrong(sentence.format(name=name))
    return names


def _wrong(sentence: str) -> BadInput:
    return BadInput(sentence, code="table_unreadable")


def _rows(records: Iterable[list[str]], columns: list[str]) -> Iterator[TableRow]:
    number = 0
    for cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        number += 1
        if number > MOST_ROWS:
            raise too_long(MOST_ROWS)
        yield _row(number, cells, columns)


def too_long(most: int) -> BadInput:
    sentence = gettext("The table has more than {most:,} rows; split it into several.")
    return BadInput(sentence.format(most=most), code="table_too_long")


def _row(number: int, cells: list[str], columns: list[str]) -> TableRow:
    problem = ""
    if any(cell.strip() for cell in cells[len(columns) :]):
        problem = gettext(
            "The row has {count} cells, the table {columns} columns; put a cell with the delimiter in it in quotation marks."
        ).format(count=len(cells), columns=len(columns))
    found = {}
    for name, cell in zip(columns, cells, strict=False):
        if NEVER.search(cell):
            cell = NEVER.sub("\ufffd", cell)
            problem = problem or gettext(
                "{column} holds a character that cannot be stored; remove it."
            ).format(column=name)
        if len(cell) > LONGEST_CELL:
            problem = problem or gettext(
                "{column} has {count:,} characters; at most {most:,} fit."
            ).format(column=name, count=len(cell), most=LONGEST_CELL)
            cell = cell[:LONGEST_CELL]
        found[name] = cell
    return TableRow(number, found, problem)


# -- results -------------------------------------------------------------------------------------

FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""A cell that begins with one of these, blanks aside, may be run by a spreadsheet."""


def harmless(cell: str) -> str:
    """The cell as text: spreadsheets show the apostrophe's cell as it stands, and run nothing."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA) else cell


def lines(rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """The rows as CSV in UTF-8 with its mark, by which Excel knows it; one at a time."""
    yield codecs.BOM_UTF8
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([harmless("" if cell is None else str(cell)) for cell in row])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
