"""A table is a list of rows that shows itself, keeps its kind in slices, and goes to pandas."""

import csv

import pandas
import pytest

from all_tf.api.table import Table

ROWS = [{"name": "<b>", "score": 1 / 3, "why": None}, {"name": "=1+1", "score": 1.0, "why": "x"}]


def test_pandas_takes_it_as_it_is():
    frame = pandas.DataFrame(Table(ROWS))
    assert frame.columns.tolist() == ["name", "score", "why"]
    assert frame["score"].tolist() == [1 / 3, 1.0]
    assert pandas.DataFrame(Table()).empty


def test_notebook_shows_text_as_text():
    page = Table(ROWS)._repr_html_()
    assert "<td>&lt;b&gt;</td><td>0.3333</td><td></td>" in page
    assert Table()._repr_html_().endswith("no rows")


def test_slice_is_a_table_and_a_place_a_row():
    table = Table(ROWS)
    assert isinstance(table[:1], Table) and table[1] == ROWS[1]
    assert str(table[1:]).splitlines()[-1] == "| =1+1 | 1     | x   |"


def test_long_table_says_how_many_rows_are_not_shown():
    table = Table([{"n": n} for n in range(70)])
    assert str(table).endswith("... and 10 more rows")
    assert table._repr_html_().endswith("... and 10 more rows")
    assert table.columns == ["n"] and len(table.column("n")) == 70


def test_file_has_all_digits_and_no_formula(tmp_path):
    path = Table(ROWS).to_csv(tmp_path / "table.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["score"]) == 1 / 3 and rows[1]["name"] == "'=1+1"
    with pytest.raises(ValueError, match="no rows"):
        Table().to_csv(tmp_path / "none.csv")
