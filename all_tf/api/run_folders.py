"""What the folders of trainings hold that can be read without a network: curves and reports."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from all_tf.api.figure import ShownFigure
from all_tf.api.set_options import AnyPath
from all_tf.api.table import Table
from all_tf.runs.checksums import unchanged
from all_tf.runs.finished import require_finished
from all_tf.runs.folder import HISTORY_FILE, METRICS_FILE, RunError, read_config, read_metrics
from all_tf.runs.history_file import read_history
from all_tf.runs.members import runs_together
from all_tf.system.checks import one_of
from tfrecords.class_names import ClassNames, class_names_of


class RunFolders:
    """Runs, cross-validations or ensembles on disk, which together stand for one classifier.

    Args:
        folders: Of runs, cross-validations or ensembles.

    Raises:
        RunError: There is no run, it has not ended, or the runs cannot be an ensemble.
    """

    def __init__(self, folders: Sequence[Path]):
        require_finished(folders)
        self.folders = list(folders)
        self.runs = runs_together(folders)
        configs = [read_config(run) for run in self.runs]
        self._archs = list(dict.fromkeys(experiment.arch for experiment, _ in configs))
        self._experiment, self._facts = configs[0]

    @property
    def classes(self) -> ClassNames:
        """What the two classes are called, as the records of the training name them."""
        return class_names_of(self._facts)

    @cached_property
    def history(self) -> Table:
        """The metrics of each epoch: of training, and with `val_` of the selection set.

        Raises:
            RunError: These are several networks, or the file was changed.

        Example:
            >>> all_tf.load("runs/first").history.column("epoch")
            [1]
        """
        return Table(read_history(unchanged(self._one_run("drawn") / HISTORY_FILE)))

    def draw_curve(self, key: str = "kappa") -> ShownFigure:
        """Plot a metric over the epochs of the training.

        Args:
            key: "f1", "kappa", "loss" or another metric of `history` that is plotted.

        Raises:
            RunError: These are several networks, or a file was changed.
            ConfigError: That metric is not plotted.

        Example:
            >>> all_tf.load("runs/first").draw_curve("loss").save("loss.svg")
            PosixPath('loss.svg')
        """
        from all_tf.plots.learning_curves import CURVES, draw_curve

        one_of("key", key, tuple(CURVES))
        report = unchanged(self._one_run("drawn") / METRICS_FILE)
        best_epoch = read_metrics(report.parent)["best_epoch"]
        return ShownFigure(draw_curve(self.history, key, best_epoch=best_epoch))

    def write_report(self, out: AnyPath | None = None, *, cells: bool = True) -> Path:
        """Write report.html, a page to read and to hand on, and MODEL_CARD.md.

        Args:
            out: The folder; None for the run's.
            cells: Whether the page may show images of cells.

        Returns:
            The path of the page.

        Raises:
            RunError: A file of a run is damaged.

        Example:
            >>> all_tf.load("runs/first").write_report(cells=False)
            PosixPath('runs/first/report.html')
        """
        from all_tf.reports.html_report.write import write_about

        folder = None if out is None else Path(out)
        return write_about(self.folders, folder, cells=cells)[0]

    def __repr__(self) -> str:
        networks = ", ".join(self._archs) + (f" x {len(self.runs)}" if len(self.runs) > 1 else "")
        where = ", ".join(map(str, self.folders))
        negative, positive = self.classes
        return f"{type(self).__name__} of {positive} and {negative}: {networks} in {where}"

    @property
    def _is_one_run(self) -> bool:
        return len(self.runs) == 1

    def _one_run(self, purpose: str) -> Path:
        if len(self.runs) > 1:
            raise RunError(
                f"Networks are {purpose} one by one. Choose one of these: "
                f"{', '.join(map(str, self.runs))}"
            )
        return self.runs[0]
