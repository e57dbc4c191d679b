"""Text in a CSV file that a spreadsheet may open: how it is written, and read back."""

_FORMULA = tuple("=+-@\t\r'")  # How text begins that a spreadsheet computes instead of showing it.


def cell_of_text(value: object) -> object:
    """Text for a CSV file with an apostrophe before what a spreadsheet takes for a formula.

    Other values are unchanged. `text_of_cell` is the way back.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def text_of_cell(cell: str) -> str:
    """The text that `cell_of_text` was given."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell
