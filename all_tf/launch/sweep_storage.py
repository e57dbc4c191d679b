"""The trials of a sweep in a journal file or a database, by Optuna; each has one worker at a time.

A worker holds the lock of its trial's number in the folder of the sweep, and so does each training
that it starts. A trial that is running and not locked has lost its worker, and is taken up again.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from sqlalchemy.exc import SQLAlchemyError

from all_tf.launch.sweep_space import Choice, Range, Space, Value
from all_tf.runs.sweep_file import trial_name
from all_tf.system.checks import ConfigError
from all_tf.system.locks import lock_of, locked, waiting_lock

JOURNAL_FILE = "journal.log"
CLAIMS = lock_of("claims")  # Held while the sweep is begun, and while a trial is chosen.


class Claim(NamedTuple):
    """A trial that this worker is to run."""

    trial: optuna.Trial
    lock: int  # File descriptor of its lock, which its trainings inherit.
    taken_up: bool  # Whether another worker had begun it.


def open_study(folder: Path, url: str | None, *, name: str, space: Space) -> optuna.Study:
    """Open the study of a sweep, or create it with the row itself as its first trial.

    Args:
        folder: Of the sweep; its lock `CLAIMS` is held.
        url: Of a database, as SQLAlchemy takes it; None for a journal file in the folder.
        name: Of the study in the database.
        space: What is varied.

    Raises:
        ConfigError: The database cannot be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = _database(url) if url else _journal(folder)
    study = optuna.create_study(
        storage=storage,
        study_name=name,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(),
        load_if_exists=True,
    )
    if not study.get_trials(deepcopy=False):
        study.enqueue_trial(space.start())
    return study


@contextmanager
def storage_errors() -> Iterator[None]:
    """Say in one line that the storage of the trials has failed.

    Raises:
        OSError: The database does not answer, or could not write.
    """
    try:
        yield
    except (StorageInternalError, SQLAlchemyError) as error:
        why = _why(error.__cause__ or error)
        raise OSError(
            f"The database of --storage has failed: {why}. The same command goes on once it answers"
        ) from error


@contextmanager
def claimed_trial(study: optuna.Study, folder: Path, *, most: int) -> Iterator[Claim | None]:
    """Take the next trial: one that has lost its worker, or a new one.

    Args:
        study: Of the sweep.
        folder: Of the sweep.
        most: Number of trials of all workers.

    Yields:
        The trial, locked until the block ends; None where no trial is left to begin.
    """
    with ExitStack() as stack:
        with waiting_lock(folder, name=CLAIMS):
            claim = _lost_trial(study, folder, stack) or _new_trial(study, folder, stack, most)
        yield claim


def suggest(trial: optuna.Trial, space: Space) -> dict[str, Value]:
    """The values of a trial; the same again where it is taken up."""
    return {name: _suggest_one(trial, name, held) for name, held in space.varied.items()}


def _suggest_one(trial: optuna.Trial, name: str, held: Choice | Range) -> Value:
    if isinstance(held, Choice):
        chosen: Any = trial.suggest_categorical(name, held.values)
        return chosen
    if held.whole:
        low, high, step = map(int, (held.low, held.high, held.step or 1))
        return trial.suggest_int(name, low, high, log=held.log, step=step)
    return trial.suggest_float(name, held.low, held.high, log=held.log, step=held.step)


def _lost_trial(study: optuna.Study, folder: Path, stack: ExitStack) -> Claim | None:
    for frozen in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        try:
            lock = stack.enter_context(_lock(folder, frozen.number))
        except BlockingIOError:
            continue
        return Claim(optuna.Trial(study, frozen._trial_id), lock, taken_up=True)
    return None


def _new_trial(study: optuna.Study, folder: Path, stack: ExitStack, most: int) -> Claim | None:
    trials = study.get_trials(deepcopy=False)
    waiting = any(each.state == TrialState.WAITING for each in trials)
    if len(trials) >= most and not waiting:
        return None
    trial = study.ask()
    return Claim(trial, stack.enter_context(_lock(folder, trial.number)), taken_up=False)


def _lock(folder: Path, number: int):
    return locked(folder, refusal=BlockingIOError(), name=lock_of(trial_name(number)))


def _database(url: str) -> BaseStorage:
    try:
        return RDBStorage(url)
    except ImportError as error:
        raise ConfigError(
            "Python has no driver for the database of --storage. For PostgreSQL: pip install "
            "psycopg2-binary, and --storage postgresql+psycopg2://USER@HOST/NAME"
        ) from error
    except SQLAlchemyError as error:
        raise ConfigError(f"The database of --storage cannot be opened: {_why(error)}") from error


def _why(error: BaseException) -> str:
    """The first line of what the database says: the URL, in others, may hold a password."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _journal(folder: Path) -> BaseStorage:
    path = folder / JOURNAL_FILE
    lock: Any = _JournalLock(path)  # The class that Optuna names is not public.
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


class _JournalLock:
    """The kernel's lock, which a killed worker does not leave behind, as Optuna's own would be."""

    def __init__(self, path: Path):
        self._path = path
        self._held = ExitStack()

    def acquire(self) -> bool:
        """Wait for the lock, and remove a line that a power cut has left unfinished."""
        self._held.enter_context(waiting_lock(self._path.parent, name=lock_of("journal")))
        data = self._path.read_bytes()
        if not data.endswith(b"\n"):
            os.truncate(self._path, data.rfind(b"\n") + 1)
        return True

    def release(self) -> None:
        """Leave it to the next process."""
        self._held.close()
