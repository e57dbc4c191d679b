"""README has the table of the study, as the settings give it."""

from all_tf.config.study_table import study_table
from tests.conftest import ROOT


def test_readme_has_the_table_of_the_study():
    table = study_table()
    assert table in (ROOT / "README.md").read_text(encoding="utf-8"), (
        f"Replace the table of README.md by what study_table() of {study_table.__module__} "
        f"returns:\n{table}"
    )
