"""docs/study.md has the table of the study, as the settings give it."""

from all_tf.config.study_table import study_table
from tests.conftest import ROOT


def test_page_has_the_settings_of_the_study():
    table = study_table()
    assert table in (ROOT / "docs/study.md").read_text(encoding="utf-8"), (
        f"Replace the table of docs/study.md by what study_table() of {study_table.__module__} "
        f"returns:\n{table}"
    )
