"""README has every row, with what was reported and measured of it and what it costs."""

from all_tf.config.presets import EXPERIMENTS
from all_tf.doctor.readme_table import readme_table
from tests.conftest import ROOT


def test_readme_has_every_row():
    table = readme_table()
    assert all(f"| `{name}` " in table for name in EXPERIMENTS)
    assert table in (ROOT / "README.md").read_text(encoding="utf-8"), (
        f"Replace the table of README.md by what readme_table() of {readme_table.__module__} "
        f"returns:\n{table}"
    )
