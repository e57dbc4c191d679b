"""Tables line up, show what is missing, and keep numbers as they are in a CSV."""

from all_tf.system.tables import Column, csv_text, decimal, markdown, per_cent, whole, write_csv


def test_missing_values_and_line_breaks_leave_the_table_whole():
    columns = (Column("run", "run"), Column("F1", "f1", per_cent))
    rows = [{"run": "a\nb", "f1": 0.776}, {"run": "c", "f1": None}, {"run": "d"}]
    assert markdown(rows, columns).splitlines()[2:] == [
        "| a b | 77.6 |",
        "| c   |    - |",
        "| d   |    - |",
    ]


def test_csv_has_full_precision_and_empty_fields(tmp_path):
    path = tmp_path / "rows.csv"
    write_csv(path, [{"name": "a,b", "x": 1 / 3}, {"name": "c", "x": None}])
    assert path.read_text() == f'name,x\n"a,b",{1 / 3!r}\nc,\n'


def test_table_without_rows_has_its_header():
    assert csv_text([], columns=("a", "b")) == "a,b\n"
    assert csv_text([{"a": 1, "b": 2}], columns=("a", "b")) == "a,b\n1,2\n"


def test_numbers_are_shown_as_people_read_them():
    assert (per_cent(0.5), whole(12345), decimal(1234.56)) == ("50.0", "12,345", "1,234.6")
