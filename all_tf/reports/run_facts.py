"""A finished run as its files describe it, for tables, pages and model cards."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.one_class import MISSING
from all_tf.metrics.paired import ScoredRun
from all_tf.metrics.registry import shown_in
from all_tf.metrics.scored_set import ScoredSet
from all_tf.reports.analysis_files import read_explanations, read_probes
from all_tf.reports.result_words import scoring_in_words
from all_tf.reports.scored_set_files import (
    evaluation_folders,
    labelled_sets,
    read_report,
    read_scored_set,
    require_keys,
)
from all_tf.reports.training_source import Source, read_source
from all_tf.runs import fields
from all_tf.runs.calibration_file import read_calibration
from all_tf.runs.checksums import unchanged
from all_tf.runs.cross_validation import out_of_fold_folder
from all_tf.runs.folder import (
    CALIBRATION_FILE,
    CONFIG_FILE,
    CROSS_VALIDATION_FILE,
    HISTORY_FILE,
    checked_experiment,
    evaluation_folder,
    is_cross_validation,
    other_records,
    read_config,
    refuse_links,
    set_name,
)
from all_tf.runs.history_file import read_history
from all_tf.runs.records_label import UNNAMED, records_label
from all_tf.runs.required_files import holds_result
from all_tf.runs.strict_reading import read_object
from tfrecords.class_names import class_names_of
from tfrecords.names import legible

COMPARED_METRICS = tuple(shown_in("runs"))
COST = ("num_parameters", "images_per_second")  # Of the run; older ones have neither.
# The keys that are read. A file without one of them is damaged or of another version.
_CONFIG_KEYS = {"view", "num_parameters", "folds", "manifest_sha256", "folds_sha256"}


@dataclass(frozen=True, eq=False)
class RunFacts:
    """A finished run, or a cross-validation.

    The fields are what every table shows. The properties read their file when they are first used,
    so that a table needs neither the records nor the files that only a page shows; they raise
    RunError if that file is damaged.
    """

    folder: Path
    name: str  # What tables and pages call it.
    experiment: Experiment
    evaluated: ScoredSet  # The set whose metrics stand for the run.
    cost: Mapping[str, object]  # `COST`, as far as it was measured.
    folds: tuple[Path, ...]  # The runs of a cross-validation; empty for a run.
    records: Path | None  # None: where they were when the run was trained.

    @property
    def num_folds(self) -> int:
        """The number of networks of a cross-validation; 0 for a run."""
        return len(self.folds)

    @property
    def images(self) -> frozenset[tuple[str, str]]:
        """The images of the evaluated set, each with the digest of its records and its name."""
        records = self.evaluated.report.get("records_sha256")
        if records is None:  # Of an earlier version, which evaluated a run on its own records here.
            records = read_config(self._first)[1].get("manifest_sha256", "")
        return frozenset((records, name) for name in self.evaluated.predictions.names.tolist())

    @property
    def scored_run(self) -> ScoredRun:
        """The evaluated set as a paired comparison takes it."""
        return ScoredRun(self.evaluated.predictions, self.evaluated.report["threshold"])

    def row(self) -> dict[str, object]:
        """The run as a row of a table; a metric that its report lacks is None."""
        report = self.evaluated.report
        return {
            "run": self.name,
            "arch": self.experiment.arch,
            "protocol": self.experiment.protocol,
            "records": records_label(report),
            "set": set_name(report["split"], report["fold"]) + scoring_in_words(report),
            "num_images": report["num_images"],
            "num_patients": report["num_patients"],
            "selected_on": report["selected_on"],
            "best_epoch": report["best_epoch"],
            "stamps": "; ".join(report["stamps"]),
            "num_groups_all": report["num_groups_all"],
            "num_groups_hem": report["num_groups_hem"],
            **class_names_of(report).as_dict(),
            **{key: report.get(key) for metric in COMPARED_METRICS for key in ends(metric)},
            **{key: self.cost.get(key) for key in COST},
        }

    @cached_property
    def config(self) -> dict:
        """What config.json holds beside the experiment; of the first fold of a cross-validation."""
        unchanged(self._first / CONFIG_FILE)
        _, config = read_config(self._first)
        require_keys(self._first / CONFIG_FILE, config, _CONFIG_KEYS)
        return config

    @cached_property
    def environment(self) -> dict:
        """environment.json; empty if it is missing."""
        path = unchanged(self._first / "environment.json")
        return read_object(path, fields.ENVIRONMENT) if path.exists() else {}

    @cached_property
    def history(self) -> list[dict[str, float]]:
        """The rows of history.csv, one an epoch; a cross-validation has none."""
        path = unchanged(self.folder / HISTORY_FILE)
        return read_history(path) if path.exists() else []

    @cached_property
    def sets(self) -> list[ScoredSet]:
        """The labelled sets of the run's own records; the selection set of a run is first."""
        more = self.folds or evaluation_folders(self.folder, "evaluation/*")
        found = labelled_sets([_main_folder(self.folder), *more])
        return [each for each in found if not other_records(each.report, self.config)]

    @cached_property
    def external(self) -> list[ScoredSet]:
        """The labelled sets of other records, sorted by the records' name."""
        folders = evaluation_folders(self.folder, "evaluation/*") + evaluation_folders(
            self.folder, "evaluation/*/*"
        )
        found = labelled_sets(folders)
        found = [each for each in found if other_records(each.report, self.config)]
        # Earlier versions named no records.
        found = [replace(each, report={"records_name": UNNAMED, **each.report}) for each in found]
        return sorted(found, key=lambda each: records_label(each.report))

    @cached_property
    def calibration(self) -> Calibration:
        """What turns the logits into probabilities and decisions."""
        folder = _main_folder(self.folder)
        unchanged(folder / CALIBRATION_FILE)
        return read_calibration(folder)

    @cached_property
    def source(self) -> Source | None:
        """What the records say of the training images; None if the records are not there."""
        records = self.records or Path(self.config.get("records", ""))
        return read_source(records, self.experiment, self.config, every_fold=bool(self.folds))

    @cached_property
    def probes(self) -> dict | None:
        """probes.json; None if no probes were run on the evaluated set."""
        return self._of_own_records(read_probes(self.folder, self.evaluated.report))

    @cached_property
    def explanations(self) -> dict | None:
        """explanations.json; None if no heat maps were made of the evaluated set."""
        return self._of_own_records(read_explanations(self.folder, self.evaluated.report))

    def _of_own_records(self, found: dict | None) -> dict | None:
        return None if found is None or other_records(found, self.config) else found

    @property
    def _first(self) -> Path:
        """The folder of a run, or of the first fold."""
        return self.folds[0] if self.folds else self.folder


def ends(key: str) -> tuple[str, str, str]:
    """The keys of a metric and of the two ends of its interval."""
    return key, f"{key}_low", f"{key}_high"


def read_facts(run: Path, *, name: str | None = None, records: Path | None = None) -> RunFacts:
    """Read a finished run with the set whose metrics stand for it.

    That set is the split validation of its own records (C-NMC's preliminary phase), if the run was
    evaluated on cells of both classes there, else the selection set, whose report says that it is
    optimistic. For a cross-validation it is the training images, each predicted by the network that
    was not trained on its fold.

    Args:
        run: The folder of a run, or of a cross-validation, which has a run for each fold.
        name: What tables and pages call it; the name of the folder by default.
        records: Where the records are; None for where they were when it was trained.

    Raises:
        RunError: There is no run, it has not ended, a folder in it is a symbolic link, or a file
            that every table needs is damaged.
    """
    refuse_links(run)
    experiment, main = _read_experiment(run), _main_folder(run)
    measured = read_report(main)
    held_out = evaluation_folder(run, "validation", None)
    evaluated = held_out if _stands_for(run, held_out) else main
    return RunFacts(
        folder=run,
        name=legible(name or run.resolve().name),
        experiment=experiment,
        evaluated=read_scored_set(evaluated, read_report(evaluated)),
        cost={key: measured[key] for key in COST if key in measured},
        folds=_folds(run) if is_cross_validation(run) else (),
        records=records,
    )


def _stands_for(run: Path, folder: Path) -> bool:
    """Whether an evaluation is of a run's own records, and all of its metrics are defined."""
    if not holds_result(folder):
        return False
    report = read_report(folder)
    own = is_cross_validation(run) or not other_records(report, read_config(run)[1])
    return own and MISSING not in report


def _read_experiment(run: Path) -> Experiment:
    if not is_cross_validation(run):
        unchanged(run / CONFIG_FILE)
        return read_config(run)[0]
    path = run / CROSS_VALIDATION_FILE
    found = read_object(path, fields.CROSS_VALIDATION, needed=("experiment",))
    return checked_experiment(path, found["experiment"])


def _main_folder(run: Path) -> Path:
    """Where a run, or a cross-validation, keeps the report that it always has."""
    return out_of_fold_folder(run) if is_cross_validation(run) else run


def _folds(folder: Path) -> tuple[Path, ...]:
    """The runs of a cross-validation, in the order of their folds."""
    runs = [file.parent for file in folder.glob(f"fold-*/{CONFIG_FILE}")]
    return tuple(sorted(runs, key=lambda run: (len(run.name), run.name)))
