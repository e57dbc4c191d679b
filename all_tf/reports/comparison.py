"""Which of several runs is best, and which differ significantly from it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from all_tf.metrics.paired import Difference, PairError, paired_differences
from all_tf.metrics.weighted import additive_metrics
from all_tf.reports.run_facts import RunFacts
from all_tf.runs.errors import RunError
from all_tf.runs.records_label import records_label
from tfrecords.names import legible


@dataclass(frozen=True, eq=False)
class Pair:
    """Two runs that were evaluated on the same images, and their difference in each metric."""

    first: RunFacts
    second: RunFacts
    differences: dict[str, Difference]  # By metric, of the first less the second.

    def better_by(self, keys: Sequence[str]) -> list[tuple[str, list[str]]]:
        """The name of each run with the metrics in which it is significantly better."""
        return [
            (run.name, [key for key in keys if self.differences[key].better == sign])
            for sign, run in ((1, self.first), (-1, self.second))
        ]


def undecided(differences: Iterable[Difference]) -> str:
    """The verdict where neither of two runs is better by any of some metrics."""
    known = all(difference.is_estimable for difference in differences)
    return "no significant difference" if known else "cannot be said"


def compare_runs(first: RunFacts, second: RunFacts) -> Pair:
    """Compare two runs in every metric.

    Raises:
        PairError: The images are not the same, or were packed again with other patient groups.
    """
    if first.images != second.images and _names(first) == _names(second):
        raise PairError(
            f"The images of {first.name} and {second.name} have the same names, but they are of "
            "different records. Evaluate both on the same records: python scripts/evaluate.py RUN "
            "--records DIR"
        )
    return Pair(first, second, paired_differences(first.scored_run, second.scored_run))


def best_runs(runs: Sequence[RunFacts], key: str) -> list[RunFacts]:
    """The run with the highest value of a metric; several if they share it.

    Args:
        runs: Not empty.
        key: A metric of which more is better.
    """
    best = max(run.evaluated.report[key] for run in runs)
    return [run for run in runs if run.evaluated.report[key] == best]


def pairs_with_best(runs: Sequence[RunFacts], key: str) -> list[Pair]:
    """The best run by a metric beside each other one that can be compared with it.

    The differences are of metrics that follow from sums, so neither `auc` nor `average_precision`.

    Args:
        runs: Not empty.
        key: A metric of which more is better.
    """
    best = best_runs(runs, key)[0]
    pairs = [_pair(best, run) for run in runs if run is not best]
    return [pair for pair in pairs if pair]


def runs_near_best(runs: Sequence[RunFacts], key: str) -> list[RunFacts]:
    """The runs that are below the best by a metric, but not significantly.

    A run that was evaluated on other images is one of them: nothing shows that it is worse.

    Args:
        runs: Not empty.
        key: One of `additive_metrics` of which more is better.
    """
    worse = [pair.second for pair in pairs_with_best(runs, key) if pair.differences[key].better > 0]
    best = best_runs(runs, key)
    return [run for run in runs if run not in best and run not in worse]


def pairs_told_apart(runs: Sequence[RunFacts], key: str) -> list[tuple[RunFacts, RunFacts]]:
    """The pairs of runs that differ significantly in a metric, the better run of each first.

    Args:
        runs: Any; runs that were evaluated on other images form no pair.
        key: One of `additive_metrics` of which more is better.
    """
    pairs = [pair for one, other in combinations(runs, 2) if (pair := _pair(one, other))]
    signs = [(pair, pair.differences[key].better) for pair in pairs]
    return [
        (pair.first, pair.second) if sign > 0 else (pair.second, pair.first)
        for pair, sign in signs
        if sign
    ]


def on_records(facts: RunFacts, name: str) -> RunFacts:
    """The run with its result on some records as the set whose metrics stand for it.

    Args:
        facts: Of a run.
        name: Of records that the run was evaluated on, its own or others; with their digest, as
            `records_label` gives it, where two have one name.

    Raises:
        RunError: The run has no result on records of that name, or on several.
    """
    known = [*facts.sets, *facts.external]
    found = [
        each
        for each in known
        if name in (each.report.get("records_name"), records_label(each.report))
    ]
    split = "validation" if any(each.report["split"] == "validation" for each in found) else None
    found = [each for each in found if split in (None, each.report["split"])]
    digests = {each.report["records_sha256"] for each in found}
    if len(digests) != 1:
        names = dict.fromkeys(records_label(each.report) for each in known)
        raise RunError(
            f"{facts.folder} has results on {', '.join(names)}. Expected one of these to be called "
            f"so. Received: {legible(name)}"
        )
    # By the run's own calibration and of one view, where there is such a result.
    plain = min(found, key=lambda each: ("calibration" in each.report, each.report.get("tta", 1)))
    return replace(facts, evaluated=plain)


def groups_by_images(runs: Sequence[RunFacts]) -> list[list[RunFacts]]:
    """The runs, those that were evaluated on the same images together."""
    groups: dict[frozenset[tuple[str, str]], list[RunFacts]] = {}
    for run in runs:
        groups.setdefault(run.images, []).append(run)
    return list(groups.values())


def list_groups(groups: Sequence[Sequence[RunFacts]]) -> str:
    """The groups of `groups_by_images` in words: "a, b on 1,867; c on 60"."""
    return "; ".join(
        f"{', '.join(run.name for run in group)} on {len(group[0].images):,}" for group in groups
    )


def _pair(first: RunFacts, second: RunFacts) -> Pair | None:
    """None if the runs cannot be compared."""
    try:
        found = paired_differences(first.scored_run, second.scored_run, figures=additive_metrics)
    except PairError:
        return None
    return Pair(first, second, found)


def _names(run: RunFacts) -> set[str]:
    return {name for _, name in run.images}
