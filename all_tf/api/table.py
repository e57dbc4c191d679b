"""A table of rows that shows itself in a notebook, and that pandas takes as it is."""

from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, SupportsIndex, overload

from all_tf.system.tables import Column, markdown, write_csv
from tfrecords.names import legible

_MOST_SHOWN = 60  # Rows; `to_csv` and pandas have all of them.


class Table(list[dict[str, Any]]):
    """Rows of one table: a list of dicts with the same keys.

    In a notebook it shows itself; `pandas.DataFrame(table)` takes it as it is.

    Args:
        rows: Values by the names of the columns.

    Example:
        >>> rows = [{"cell": "a.png", "score": 0.25}, {"cell": "b.png", "score": 1.0}]
        >>> table = all_tf.Table(rows)
        >>> table.column("score")
        [0.25, 1.0]
        >>> print(table[:1])
        | cell  | score |
        | ----- | ----- |
        | a.png | 0.25  |
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()):
        super().__init__(dict(row) for row in rows)

    @overload
    def __getitem__(self, place: SupportsIndex) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> "Table": ...
    def __getitem__(self, place: SupportsIndex | slice) -> "dict[str, Any] | Table":
        """The row at a place, or the table of some rows."""
        found = super().__getitem__(place)
        return Table(found) if isinstance(found, list) else found

    @property
    def columns(self) -> list[str]:
        """The names of the columns; none where there are no rows."""
        return list(self[0]) if self else []

    def column(self, name: str) -> list[Any]:
        """The values of a column, from top to bottom.

        Raises:
            KeyError: There is no column of that name.

        Example:
            >>> all_tf.Table([{"a": 1}, {"a": 2}]).column("a")
            [1, 2]
        """
        return [row[name] for row in self]

    def to_csv(self, path: str | Path) -> Path:
        """Write the rows in full precision, over a file that is there.

        Raises:
            ValueError: There are no rows, and so no names of columns.

        Example:
            >>> all_tf.Table([{"a": 1}]).to_csv("table.csv").read_text()
            'a\\n1\\n'
        """
        if not self:
            raise ValueError(f"There are no rows to write to {path}.")
        write_csv(Path(path), self)
        return Path(path)

    def __repr__(self) -> str:
        shown = self[:_MOST_SHOWN]
        texts = [{key: _shown(value) for key, value in row.items()} for row in shown]
        text = markdown(texts, [Column(name, name) for name in self.columns]) if self else ""
        return text + self._rest()

    def _repr_html_(self) -> str:
        rows = [map(_shown, row.values()) for row in self[:_MOST_SHOWN]]
        body = "".join(f"<tr>{_html_cells(row, 'td')}</tr>" for row in rows)
        head = _html_cells(self.columns, "th")
        return f"<table><tr>{head}</tr>{body}</table>{escape(self._rest())}"

    def _rest(self) -> str:
        if not self:
            return "no rows"
        more = len(self) - _MOST_SHOWN
        return f"\n... and {more:,} more rows" if more > 0 else ""


def _html_cells(texts: Iterable[str], tag: str) -> str:
    return "".join(f"<{tag}>{escape(legible(text))}</{tag}>" for text in texts)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
