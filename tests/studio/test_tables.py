"""Tables as people send them, and result files that run nothing."""

import codecs
import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rendering.values import BadInput
from studio.batches import table

ENCODINGS = {
    "utf-8": lambda text: text.encode(),
    "utf-8 with its mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "utf-16-le": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "utf-16-be": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "utf-16-le without a mark": lambda text: text.encode("utf-16-le"),
    "utf-16-be without a mark": lambda text: text.encode("utf-16-be"),
    "windows-1252": lambda text: text.encode("cp1252"),
}


def read(data):
    with table.opened(io.BytesIO(data)) as found:
        return found.columns, list(found.rows)


def cells(data):
    return [row.cells for row in read(data)[1]]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", table.DELIMITERS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_table_is_read_in_every_encoding_delimiter_and_line_end(encoding, delimiter, newline):
    text = newline.join(
        [
            delimiter.join(["key", "First name", "note"]),
            delimiter.join(["1", "Zoë", f'"two{newline}lines{delimiter} ""quoted"""']),
            "",
            delimiter.join(["2", "Łukasz" if encoding != "windows-1252" else "Jürgen"]),
        ]
    )
    columns, rows = read(ENCODINGS[encoding](text))
    assert columns == ["key", "First name", "note"]
    assert rows[0].cells["First name"] == "Zoë"
    assert rows[0].cells["note"] == f'two{newline}lines{delimiter} "quoted"'
    assert [row.number for row in rows] == [1, 2]
    assert not any(row.problem for row in rows)
    assert rows[1].cells.get("note") is None


def test_windows_quotation_marks_and_euros_are_read():
    assert cells("name\n“5 €”".encode("cp1252")) == [{"name": "“5 €”"}]


def test_the_delimiter_that_excel_names_is_used():
    assert cells(b"sep=;\r\na;b,c\r\n1;2,3\r\n") == [{"a": "1", "b,c": "2,3"}]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "The table is empty"),
        (b"\n\n ,, \n", "The table is empty"),
        (b'a,b\n1,"2\n', "never closed"),
        (b'a,b\n1,"2"3\n', "marks in line 2"),
        (b"a,,b\n1,2,3\n", "Column 2 has no name"),
        (b"a,b,A\n1,2,3\n", "Two columns are called"),
        (",".join(f"c{n}" for n in range(101)).encode(), "101 columns; at most 100"),
        (b"x" * 90 + b"\n1\n", "name of column 1 cannot be used"),
        (b"a\x00b\n1\n", "name of column 1 cannot be used"),
        (b"name\n\x81\x8d\n", "cannot be read"),
        (codecs.BOM_UTF16_LE + b"a\x00\n\x00\x00\xd8a\x00", "cannot be read"),
        (b'a\n"' + b"x" * 140_000 + b'"\n', "more than 131,000"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_reason(data, says):
    with pytest.raises(BadInput, match=says) as raised:
        read(data)
    assert raised.value.code == "table_unreadable"


def test_what_is_wrong_with_one_row_is_told_of_that_row():
    columns, rows = read(b"a,b\n1,2,3\n1,x\x00y\n" + b"1," + b"z" * 6_000 + b"\nfine,\n")
    said = [row.problem for row in rows]
    assert "3 cells, the table 2 columns" in said[0]
    assert "b holds a character" in said[1]
    assert "b has 6,000 characters; at most 5,000" in said[2]
    assert said[3] == ""
    assert rows[1].cells["b"] == "x\ufffdy"
    assert columns == ["a", "b"]


def test_a_table_with_too_many_rows_is_refused():
    with pytest.raises(BadInput, match="more than 5,000 rows"):
        read(b"a\n" + b"1\n" * 5_001)


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
tables = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(text, min_size=width, max_size=width), min_size=1, max_size=6)
)


@given(
    tables,
    st.sampled_from(
        [name for name in ENCODINGS if name != "windows-1252" and "without" not in name]
    ),
    st.sampled_from(table.DELIMITERS),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
@example([["\ufeff"], ["a"]], "utf-8", ",", csv.QUOTE_ALL)
def test_whatever_a_spreadsheet_writes_is_read_back(rows, encoding, delimiter, quoting):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting)
    columns = [f"c{n}" for n in range(len(rows[0]))]
    writer.writerows([columns, *rows])
    if quoting == csv.QUOTE_MINIMAL and any("\r" in c or "\n" in c for row in rows for c in row):
        return  # such a cell is always quoted
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    found_columns, found = read(ENCODINGS[encoding](out.getvalue()))
    assert found_columns == columns
    assert [list(row.cells.values()) for row in found] == kept


@given(st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
@example(b'"')
@example(b"\x00")
def test_no_bytes_break_the_reader(data):
    """Any bytes are a table, or refused."""
    try:
        columns, rows = read(data)
    except BadInput:
        return
    assert columns
    for row in rows:
        assert set(row.cells) <= set(columns)
        assert not any("\x00" in cell for cell in row.cells.values())


# -- results -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "＝1", "\n=1"],
)
def test_a_cell_that_could_be_a_formula_is_written_as_text(cell):
    assert table.harmless(cell) == f"'{cell}"


@given(st.lists(st.lists(text, min_size=1, max_size=4), min_size=1, max_size=4))
def test_what_is_written_can_be_read_and_runs_nothing(rows):
    data = b"".join(table.lines(rows)).decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(data, newline="")))
    assert [[cell.removeprefix("'") for cell in row] for row in found] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not any(cell.lstrip(" ")[:1] in set(table.FORMULA) for row in found for cell in row)


def test_plain_cells_stay_as_they_are():
    assert table.harmless("Ada") == "Ada"
    assert table.harmless("") == ""
    assert table.harmless("a=b") == "a=b"
