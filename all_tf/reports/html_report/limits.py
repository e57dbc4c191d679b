"""What the metrics of a run, or of several, do not say."""

from collections.abc import Iterator, Sequence

from all_tf.reports.run_facts import RunFacts
from all_tf.runs.records_label import is_cnmc, records_label
from tfrecords.class_names import class_names_of
from tfrecords.counted import counted


def limits(run: RunFacts) -> Iterator[str]:
    """What the metrics of a run do not say; what concerns this run comes first."""
    count, (negative, positive) = run.evaluated.count, class_names_of(run.evaluated.report)
    if min(count.all_patients, count.hem_patients) < 15:
        yield (
            f"The set holds {counted(count.all_patients, 'patient')} of {positive} and "
            f"{counted(count.hem_patients, 'patient')} of {negative}: so few that one of them can "
            "change every metric much."
        )
    if run.source is None:
        yield (
            "The records were not found when this was written, so nothing is said about the "
            "training patients, nor whether the images are the published ones."
        )
    if not run.external:
        yield (
            "Training and evaluation used one data set: other laboratories, stains, microscopes "
            "and cameras were not tested."
        )
    yield from limits_of_all([run])


def limits_of_all(runs: Sequence[RunFacts]) -> Iterator[str]:
    """What metrics of networks that were trained on these records do not say."""
    yield from _of_cnmc() if all(is_cnmc(run.config) for run in runs) else _of_own(runs)
    yield "A score is about one cell. How to combine the scores of a patient was not studied."


def _of_cnmc() -> Iterator[str]:
    yield (
        "The publishers of the images segmented the cells, centred them and set the background to "
        "black. How the network works on a cell that was segmented in another way, is out of "
        "focus, cut off or next to another one is unknown."
    )
    yield (
        "The network was trained on blasts of acute lymphoblastic leukaemia and on normal cells, "
        "and on nothing else. It also gives a score to another kind of cell, another disease or "
        "an artefact, but that score means nothing."
    )
    yield (
        "Age, sex and origin of the patients are not published with the images, so it is unknown "
        "for whom the network works less well."
    )
    yield (
        "All cells of a patient have the same class, and cells of leukaemia are larger: a network "
        "can get good metrics by recognising patients, or by measuring size."
    )


def _of_own(runs: Sequence[RunFacts]) -> Iterator[str]:
    learnt = {
        f"cells of {names.positive} and of {names.negative} of {records_label(run.config)}": None
        for run in runs
        for names in [class_names_of(run.config)]
    }
    yield (
        "How the network works on a cell that was cut out in another way, at another scale or in "
        "another stain, is out of focus, cut off or next to another one is unknown."
    )
    yield (
        f"The network was trained on {'; '.join(learnt)}, and on nothing else. It also gives a "
        "score to another kind of cell, another disease or an artefact, but that score means "
        "nothing."
    )
    yield (
        "The records do not hold the age, sex or origin of the patients, so it is unknown for whom "
        "the network works less well."
    )
    yield (
        "All cells of a patient have the same class, and the classes may differ in size or stain: "
        "a network can get good metrics by recognising patients, or by measuring these."
    )
