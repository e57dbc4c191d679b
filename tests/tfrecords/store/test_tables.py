"""Tables are read whole, or the line that is wrong is named."""

import os

import pytest

from tfrecords.packing.near_duplicate_scan import read_suspects
from tfrecords.store.tables import MAX_TABLE_BYTES, TableError, read_table


@pytest.fixture
def table(tmp_path):
    """Write a table and read its columns a and b."""

    def read(data: str | bytes, **options):
        path = tmp_path / "table.csv"
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return [(row.line, *row.text.values()) for row in read_table(path, columns="ab", **options)]

    return read


@pytest.mark.parametrize(
    "data",
    [
        "a,b\n1,x\n2,y\n",
        "\ufeffa,b\n1,x\n2,y\n",
        "a,b\r\n1,x\r\n2,y\r\n",
        "a,b\n1,x\n2,y",
        'a,"b"\n"1",x\n2,"y"\n\n\n',
    ],
)
def test_forms_of_one_table_are_read_alike(table, data):
    assert table(data) == [(2, "1", "x"), (3, "2", "y")]


def test_text_stays_text(table):
    words = ["nan", "NA", "null", "1e5", "007", "", "True", "-0", "a\u2028b", 'q"q', "x,y", " s "]
    lines = ['"' + word.replace('"', '""') + f'",{number}' for number, word in enumerate(words)]
    assert [row[1] for row in table("a,b\n" + "\n".join(lines))] == words


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ('a,b\n1,x\n2,"y\n3,z\n', "line 3: a quote is not closed"),
        ('a,b\n1,x\n"2,y\n"3",z\n', "line 3: a quote is not closed"),
        ('a,b\n1,"x\ny"\n', "line 2: a quote is not closed"),
        ('a,b\n1,x"y\n', "line 2: a quote is not closed, or stands inside a field"),
        ('a,b\n1,"x"y\n', "line 2: a quote is not closed, or stands inside a field"),
        ('a,"b\n1,x\n', "line 1: a quote is not closed"),
        ("a,b\n1\n", "line 2: expected 2 fields, as in the header; received: 1"),
        ("a,b\n1,x,\n", "line 2: expected 2 fields, as in the header; received: 3"),
        ("a,b\n1,x\n\n2,y\n", "line 3: expected 2 fields, as in the header; received: 0"),
        ("a,b\n1,x\0\n", "line 2: a NUL byte"),
        ("a,b\r1,x\r2,y\r", "line 1: a carriage return"),
        (b"a,b\n1,x\n2,\xe4\n", "line 3: the text is not UTF-8"),
        ("a,b\n1,x\n".encode("utf-16"), "line 1: the text is not UTF-8"),
        (f"a,b\n1,x\n2,{'y' * 40_000}\n", "line 3: a field has more than 32,768 characters"),
        (f"a,b\n1,{'y' * 140_000}\n", "line 2: field larger than field limit"),
        (f"a,b\n{'y,' * 600_000}\n", "line 2: the line has more than"),
        ("a,b,a\n1,x,2\n", "line 1: two columns have one name; received: a,b,a"),
        ("a;b\n1;x\n", "line 1: expected the columns a,b; received: a;b"),
        ("", "expected the columns a,b; received: none"),
        ("\n\n", "expected the columns a,b; received: none"),
    ],
)
def test_wrong_table_is_refused_with_its_line(table, data, reason):
    with pytest.raises(TableError, match=f"table.csv.*{reason}"):
        table(data)


@pytest.mark.parametrize("name", [" c", "C", "C ", "\u00a0c", "A", " b"])
def test_column_that_is_known_in_another_spelling_is_refused(name, table):
    known = name.strip().lower()
    with pytest.raises(TableError, match=f"line 1: expected the column '{known}' in this spelling"):
        table(f"a,b,{name}\n1,x,2\n", optional=("c",))
    assert table("a,b,c\n1,x,2\n", optional=("c",)) == [(2, "1", "x", "2")]
    assert table("a,b,cc\n1,x,2\n", optional=("c",)) == [(2, "1", "x", "2")]


def test_two_rows_of_one_key_are_refused_where_it_has_to_be_unique(table):
    assert len(table("a,b\n1,x\n1,x\n")) == 2
    with pytest.raises(TableError, match="line 4: the same a as in line 2: '1'"):
        table("a,b\n1,x\n2,x\n1,y\n", key="a")


def test_cut_within_the_last_field_is_noticed_where_every_line_ends(table):
    with pytest.raises(TableError, match="line 3: the line is cut"):
        table("a,b\n1,31\n2,3", ours=True)


def test_our_own_tables_have_their_columns_alone(table):
    assert table("b,a,c\n1,x,y\n") == [(2, "1", "x", "y")]
    with pytest.raises(TableError, match="line 1: expected the columns a,b; received: a,b,1,x"):
        table("a,b,1,x\n", ours=True)  # As a lost line end leaves it.


@pytest.mark.parametrize("kind", ["fifo", "device", "folder"])
def test_only_a_regular_file_is_read(kind, tmp_path):
    path = tmp_path / "table.csv"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    said = "is a folder" if kind == "folder" else "is not a regular file"
    with pytest.raises(TableError, match=f"table.csv {said}. Expected a CSV file"):
        read_table(path, columns="ab")


def test_huge_file_is_refused_before_it_is_parsed(tmp_path):
    path = tmp_path / "table.csv"
    with path.open("wb") as file:
        file.truncate(MAX_TABLE_BYTES + 1)
    with pytest.raises(TableError, match="larger than"):
        read_table(path, columns="ab")


@pytest.mark.parametrize("distance", ["", "x", "1.0", "-3", "1e3", "\u00b2", "12345"])
def test_suspects_with_a_wrong_distance_are_refused(distance, tmp_path):
    header = "name_a,name_b,distance,patient_a,patient_b,group_a,group_b"
    path = tmp_path / "suspects.csv"
    path.write_text(f"{header}\na,b,{distance},1,2,1,2\n", encoding="utf-8")
    with pytest.raises(TableError, match="line 2: expected a distance in bits"):
        read_suspects(tmp_path)
