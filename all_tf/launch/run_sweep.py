"""A worker of a sweep: it runs one trial after another, each a cross-validation on train alone."""

import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import optuna
from optuna.trial import TrialState

from all_tf.launch.cross_validate import begin, cross_validate
from all_tf.launch.launch import warn_of_few_patients, with_absolute_paths
from all_tf.launch.preconditions import require_weights
from all_tf.launch.pruning import PrunedError, is_behind, progress
from all_tf.launch.sweep_space import Space
from all_tf.launch.sweep_storage import CLAIMS, Claim, claimed_trial, open_study, suggest
from all_tf.runs.cross_validation import CrossValidation, fold_name
from all_tf.runs.folder import HISTORY_FILE, METRICS_FILE, RunError, read_metrics
from all_tf.runs.sweep_file import SweepFile, begin_sweep, trial_name
from all_tf.system.locks import waiting_lock
from all_tf.system.script_command import runnable
from tfrecords.store.folds import read_folds
from tfrecords.store.manifest import read_manifest

_MOST_FAILURES = 3  # In a row, before a worker ends: it, or its machine, is what is wrong.
_STATES = {TrialState.COMPLETE: "completed", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


@dataclass(frozen=True)
class Sweep:
    """What a worker is to do."""

    folder: Path
    records: Path
    space: Space
    content: dict  # Of the space file.
    num_trials: int  # Of all workers.
    metric: str
    storage: str | None = None  # The URL of a database; None for a journal file.
    trusted: bool = False


def open_sweep(sweep: Sweep) -> optuna.Study:
    """Begin a sweep, or join one; warn of what its folds cannot estimate.

    Raises:
        RunError: The folder holds another sweep, or something else.
        ConfigError: The database cannot be opened.
        RecordsError, FoldsError: There are no records, or no folds.
        ConfigError, RunError, FileNotFoundError: The weights of a trial are missing, or of another
            network (`require_weights`).
    """
    read_manifest(sweep.records)
    read_folds(sweep.records)
    experiments = [asked.experiment for asked in sweep.space.in_turn()]
    for each in {(one.arch, one.weights): one for one in experiments}.values():
        require_weights(each)
    warn_of_few_patients(experiments[0], sweep.records, all_folds=True)
    sweep.folder.mkdir(parents=True, exist_ok=True)
    asked = SweepFile(
        name=f"{sweep.folder.resolve().name}-{secrets.token_hex(4)}",
        storage="database" if sweep.storage else "journal",
        metric=sweep.metric,
        space=sweep.content,
    )
    with waiting_lock(sweep.folder, name=CLAIMS):
        there = begin_sweep(sweep.folder, asked, records=sweep.records)
        return open_study(sweep.folder, sweep.storage, name=there.name, space=sweep.space)


def run_trials(sweep: Sweep, study: optuna.Study) -> Iterator[int]:
    """Run trials until none is left to begin.

    Yields:
        The number of each trial that this worker has ended.

    Raises:
        RunError: Three trials of this worker have failed in a row.
    """
    failures: list[str] = []
    while len(failures) < _MOST_FAILURES:
        with claimed_trial(study, sweep.folder, most=sweep.num_trials) as claim:
            if claim is None:
                return
            reason = _run(claim, sweep, study)
        yield claim.trial.number
        failures = [*failures, reason] if reason else []
    raise RunError(
        f"{_MOST_FAILURES} trials in a row have failed here, the last one: {failures[-1]}. The "
        "same command goes on once that is mended."
    )


def rows_of(sweep: Sweep, study: optuna.Study) -> list[dict[str, object]]:
    """A row for each trial that was begun: its folder, state, score, settings, and why it failed.

    The score of a pruned trial is the mean kappa that it had reached.
    """
    varied = sweep.space.varied
    return [
        {
            "trial": trial_name(each.number),
            "state": _STATES.get(each.state, "unfinished"),
            "score": each.value,
            **{name: each.params.get(name) for name in varied},
            "reason": each.user_attrs.get("reason"),
        }
        for each in study.get_trials(deepcopy=False)
        if each.state != TrialState.WAITING
    ]


def _run(claim: Claim, sweep: Sweep, study: optuna.Study) -> str | None:
    """Run a trial to its end; return why it has failed, or None."""
    trial, name = claim.trial, trial_name(claim.trial.number)
    values = suggest(trial, sweep.space)
    shown = ", ".join(f"{option} {_four_digits(value)}" for option, value in values.items())
    again = ", taken up again" if claim.taken_up else ""
    print(f"{name}, of {sweep.num_trials} trials{again}: {shown}", flush=True)
    reason = None
    try:
        ended = study.tell(trial, _train(claim, sweep, study, values))
    except PrunedError:
        ended = study.tell(trial, state=TrialState.PRUNED)
    except (OSError, ValueError) as error:
        reason = str(error)[:500]
        trial.set_user_attr("reason", reason)
        print(f"  {runnable(str(error))}", flush=True)
        ended = study.tell(trial, state=TrialState.FAIL)
    score = "" if ended.value is None else f", {sweep.metric} {ended.value:.3f}"
    print(f"{name} {_STATES[ended.state]}{score}", flush=True)
    return reason


def _four_digits(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _train(claim: Claim, sweep: Sweep, study: optuna.Study, values: dict) -> float:
    """Train all folds of a trial; return the mean of the metric over them."""
    folder = sweep.folder / trial_name(claim.trial.number)
    experiment = replace(sweep.space.ask(values).experiment, score_held_out=False)
    words = [*sweep.space.words(values), "--no-held-out"]
    experiment, words = with_absolute_paths(experiment, None, words)
    asked = begin(folder, experiment, records=sweep.records, options=words)
    with _signals_kept():
        cross_validate(
            folder,
            records=sweep.records,
            trusted=sweep.trusted,
            on_poll=_Reports(claim.trial, study, asked, folder),
            held=(claim.lock,),
        )
    return fmean(read_metrics(folder / name)[sweep.metric] for name in asked.rows())


class _Reports:
    """Reports each new epoch of a trial, and ends the trial where it is behind.

    Nothing is won by the end of a trial whose last fold is finished.
    """

    def __init__(
        self, trial: optuna.Trial, study: optuna.Study, asked: CrossValidation, folder: Path
    ):
        self._trial, self._study = trial, study
        self._runs = [folder / fold_name(fold) for fold in asked.folds]
        self._seen = ("", 0)  # The run whose history was read last, and its size then.
        frozen = study.get_trials(deepcopy=False)[trial.number]
        self._reported = set(frozen.intermediate_values)

    def __call__(self, run: Path) -> None:
        history = run / HISTORY_FILE
        size = history.stat().st_size if history.is_file() else 0
        if size == 0 or self._seen == (run.name, size):
            return
        self._seen = (run.name, size)
        may_end = run != self._runs[-1] or not (run / METRICS_FILE).is_file()
        for step, value in progress(self._runs).items():
            if step not in self._reported:
                self._trial.report(value, step)
                self._reported.add(step)
                if may_end and self._is_behind(step, value):
                    raise PrunedError

    def _is_behind(self, step: int, value: float) -> bool:
        completed = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return is_behind(step, value, [other.intermediate_values for other in completed])


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Handle SIGINT and SIGTERM again after a training was ended, which has them ignored.

    They stay ignored where one of them was what ended it.
    """
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except Exception:  # Raised again; not KeyboardInterrupt: a second signal would leave a child.
        for number, handler in handlers.items():
            signal.signal(number, handler)
        raise
