"""Runs side by side, and the differences of two of them, patient by patient."""

from collections.abc import Sequence

from all_tf.api.set_options import AnyPath, folders_of
from all_tf.api.table import Table
from all_tf.reports.comparison import on_records
from all_tf.reports.comparison_text import compare_pair, comparison_table
from all_tf.reports.run_facts import RunFacts, read_facts
from all_tf.system.checks import ConfigError


def compare(runs: AnyPath | Sequence[AnyPath], *, on: str | None = None) -> "ComparedRuns":
    """Put finished runs side by side.

    Args:
        runs: Their folders, or one; a cross-validation's, too.
        on: The name of the records whose results are compared; None for those of the training.

    Returns:
        A row for each run: its metrics on the split validation, or on the set that its epoch was
        chosen on.

    Raises:
        ConfigError: No run was named.
        RunError: A run has not ended or is damaged, or has no result on these records.

    Example:
        >>> compared = all_tf.compare(["runs/first", "runs/first"])
        >>> compared.column("arch")
        ['base_cnn', 'base_cnn']
        >>> "do not differ" in compared.paired() or "cannot be said" in compared.paired()
        True
    """
    facts = [read_facts(run, name=str(run)) for run in folders_of(runs)]
    return ComparedRuns([on_records(run, on) for run in facts] if on else facts)


class ComparedRuns(Table):
    """A row for each run; as text, the table of `compare.py`.

    Args:
        runs: At least one.
    """

    def __init__(self, runs: Sequence[RunFacts]):
        super().__init__(run.row() for run in runs)
        self._runs = runs

    def paired(self) -> str:
        """The differences of two runs on the same images: intervals, p-values, which is better.

        Raises:
            ConfigError: These are not two runs.
            PairError: Their images are not the same.
        """
        if len(self._runs) != 2:
            raise ConfigError(f"Expected two runs to compare. Received: {len(self._runs)}")
        return compare_pair(*self._runs)

    def __repr__(self) -> str:
        return comparison_table(self._runs)
