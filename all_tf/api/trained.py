"""A trained classifier of a run, a cross-validation or an ensemble, and what can be asked of it."""

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from all_tf.api.images import Images, cells_of, checked_images, patient_function
from all_tf.api.results import EvaluationReport, Explanation, ExportedModel, PredictionTable
from all_tf.api.run_folders import RunFolders
from all_tf.api.set_options import (
    AnyPath,
    ProofOptions,
    SetOptions,
    check_options,
    check_tta,
    evaluation_set,
    folders_of,
)
from all_tf.export.export_folder import EXPORT_FOLDER, ExportTarget, require_free
from all_tf.runs.finished import require_finished
from all_tf.runs.folder import EvaluationSet
from all_tf.system.checks import ConfigError
from all_tf.system.tensorflow_import import load_tensorflow

if TYPE_CHECKING:
    from all_tf.evaluation.scorers import Scorer


def load(run: AnyPath | Sequence[AnyPath]) -> "TrainedClassifier":
    """Find what a training has left: a run, a cross-validation, an ensemble, or several as one.

    The networks are loaded once they are needed.

    Args:
        run: The folder, or several, whose networks then answer together.

    Raises:
        ConfigError: No folder was named.
        RunError: There is no run, it has not ended, or the runs cannot be an ensemble.

    Example:
        >>> classifier = all_tf.load("runs/first")
        >>> classifier.classes
        ClassNames(negative='HEM', positive='ALL')
    """
    return TrainedClassifier(folders_of(run))


class TrainedClassifier(RunFolders):
    """One trained network, or several that answer together; `load` and `train` give it.

    Attributes:
        folders: Of runs, cross-validations or ensembles.
        runs: The folder of each network's run.

    Example:
        >>> all_tf.load("runs/first")
        TrainedClassifier of ALL and HEM: base_cnn in runs/first
    """

    def predict(
        self,
        images: Images,
        *,
        patients: AnyPath | Callable[[str], object] | None = None,
        tta: int = 1,
        calibration: str | None = None,
    ) -> PredictionTable:
        """Answer for images of one cell each; nothing is written.

        Args:
            images: A file, a folder, several of these; or an array, uint8 `(n, h, w, 3)` or
                `(h, w, 3)`, or several, RGB in [0, 255], cut out on black at the scale of C-NMC.
            patients: The patient of each image: "folder" for the name of its folder, a CSV with
                the columns path and patient, or a function from its path (of arrays: "image 0")
                that may return None or NaN. A cell without a patient is in no row of `patients`.
            tta: 8 for the mean over the flips and turns, 1 for the image as it is.
            calibration: The name of one that was fitted on other cells; None for its own.

        Returns:
            A row for each image: `path`, `score` and `probability` (before and after calibration,
            in [0, 1]), `threshold`, `decision` (the name of a class), `answer` (positive, negative
            or none), `reason` (why none), `nearest_patient` (a pseudonym), `warnings`; and
            `patient` where they are known. `problems` lists the files that could not be read.

        Raises:
            RunError: A run is damaged, or has no calibration of that name.
            FileNotFoundError: There are no such files.
            ValueError: There are no images, or the arrays are none or have no folder; two patients
                have names that look alike, two folders have one, or a name may be none.

        Example:
            >>> classifier = all_tf.load("runs/first")
            >>> table = classifier.predict("demo/C-NMC_Leukemia/validation_data")
            >>> set(table.column("decision")) <= {"ALL", "HEM"}
            True
            >>> table.problems
            []
            >>> image = np.zeros((450, 450, 3), np.uint8)
            >>> image[150:300, 150:300] = (120, 80, 160)
            >>> classifier.predict(image).column("path")
            ['image 0']
        """
        check_tta(tta)
        given = checked_images(images)
        patient_of = patient_function(patients, given)
        require_finished(self.folders, calibration=calibration)
        load_tensorflow()
        from all_tf.evaluation.predict_images import predictor_of

        predictor = predictor_of(self._scorers, self.folders[0], tta=tta, calibration=calibration)
        new = cells_of(given, predictor.ranges)
        return PredictionTable(predictor.predict(new, patient_of=patient_of))

    def evaluate(
        self,
        records: AnyPath | None = None,
        *,
        tta: int = 1,
        calibration: str | None = None,
        out: AnyPath | None = None,
        **of_set: Unpack[SetOptions],
    ) -> EvaluationReport:
        """Score the cells of records, and keep the result in the run.

        Args:
            records: A records directory; None for the one of the training.
            tta: As `predict` takes it.
            calibration: As `predict` takes it.
            out: Where the result of several networks is kept; None for `ensemble/SET` beside them.
            of_set: `split` ("validation" by default), `fold` of train, `trust_records`,
                `overwrite` for a result on the same other records.

        Returns:
            The metrics, as metrics.json holds them.

        Raises:
            RunError: A run is damaged, or the result is there and may not be replaced.
            RecordsError, SplitError: The cells are missing or damaged.

        Example:
            >>> report = all_tf.load("runs/first").evaluate(split="validation")
            >>> report["num_images"], report.folder
            (15, PosixPath('runs/first/evaluation/validation'))
        """
        check_tta(tta)
        asked = evaluation_set(records, {"split": "validation", **of_set})
        require_finished(self.folders, calibration=calibration, asked=asked)
        load_tensorflow()
        if self._is_one_run:
            if out is not None:
                raise ConfigError("A run's evaluation lies in the run. Leave out `out`.")
            from all_tf.evaluation.evaluate import evaluate_run

            found = evaluate_run(self.runs[0], asked, tta=tta, calibration=calibration)
        else:
            from all_tf.evaluation.ensemble import evaluate_ensemble

            place = None if out is None else Path(out)
            found = evaluate_ensemble(self.runs, asked, out=place, tta=tta, calibration=calibration)
        folder, report = found
        cells_of = asked.records or Path(self._facts["records"])
        return EvaluationReport(report, folder, cells_of, crop=self._experiment.crop)

    def explain(
        self,
        records: AnyPath | None = None,
        *,
        images: int = 12,
        seed: int = 0,
        **of_set: Unpack[SetOptions],
    ) -> Explanation:
        """Draw where in some cells the network finds evidence, and how far that can be trusted.

        Args:
            records: As `evaluate` takes it.
            images: Number of cells, at least 1.
            seed: Of the cells that are taken at random.
            of_set: As `evaluate` takes it; by default the set that the run is evaluated on.

        Returns:
            The picture, and explanations.json as a dict; both lie in RUN/explanations.

        Raises:
            RunError: These are several networks, or the run is damaged.
            RecordsError, SplitError: The cells are missing or damaged.

        Example:
            >>> explanation = all_tf.load("runs/first").explain(images=2)
            >>> explanation.picture
            PosixPath('runs/first/explanations/cells.png')
        """
        run = self._one_run("explained")
        asked = evaluation_set(records, of_set)
        require_finished([run], asked=asked)
        load_tensorflow()
        from all_tf.analysis.explain_run import PICTURE_FILE, explain_run

        result, folder = explain_run(run, asked, num_images=images, seed=seed)
        return Explanation(folder / PICTURE_FILE, result)

    def export(
        self,
        format: str,
        out: AnyPath | None = None,
        *,
        quantize: str | None = None,
        overwrite: bool = False,
        **proof: Unpack[ProofOptions],
    ) -> ExportedModel:
        """Write one file, from images to answers, that opens without this project; and prove it.

        Args:
            format: "keras", "savedmodel", "onnx" or "litert".
            out: The folder; None for RUN/export.
            quantize: Of "litert": "float16", "int8"; None for float32.
            overwrite: Whether a file that is there is replaced.
            proof: `cells`, `records` and `trust_records` of the cells that it is held against.

        Raises:
            ConfigError: There is no such format, or a package for it is missing.
            RunError: A run is damaged, or the file answers otherwise.
            FileExistsError: The file is there.

        Example:
            >>> all_tf.load("runs/first").export("keras", cells=4).path
            PosixPath('runs/first/export/model.keras')
        """
        check_options(proof, ProofOptions)
        target = ExportTarget(format, quantize)
        target.check()
        one = len(self.folders) == 1
        beside = self.folders[0] if one else self.folders[0].parent / "ensemble"
        place = beside / EXPORT_FOLDER if out is None else Path(out)
        require_free(place, target, overwrite=overwrite)
        records = None if (given := proof.get("records")) is None else Path(given)
        require_finished(self.folders, asked=EvaluationSet(records=records))
        load_tensorflow()
        from all_tf.export.export_run import export_runs
        from all_tf.export.reference import ProofCells

        asked = ProofCells(proof.get("cells", 200), records, proof.get("trust_records", False))
        return ExportedModel(
            *export_runs(self.runs, target, out=place, overwrite=overwrite, asked=asked)
        )

    @cached_property
    def _scorers(self) -> "list[Scorer]":
        from all_tf.evaluation.scorers import load_scorers

        return load_scorers(self.folders)
