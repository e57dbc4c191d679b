"""A run's folder is one process's at a time, and says how things stand."""

import pytest

from all_tf.runs.folder import RunError, read_status, refuse_links, write_status
from all_tf.runs.ownership import own_run, record_status, require_empty, require_unfinished


def test_status_says_that_a_run_runs_and_that_it_has_finished(tmp_path):
    with record_status(tmp_path):
        assert read_status(tmp_path)["state"] == "running"
    assert read_status(tmp_path)["state"] == "finished"


def test_status_of_an_interrupted_run_holds_the_command_that_goes_on(tmp_path):
    (tmp_path / "state/epoch-0003").mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt), record_status(tmp_path):
        raise KeyboardInterrupt
    status = read_status(tmp_path)
    assert (status["state"], status["epochs_done"]) == ("interrupted", 3)
    assert status["message"] == f"Go on with: python scripts/train.py --resume {tmp_path}"


def test_status_of_a_failed_run_says_why(tmp_path):
    with pytest.raises(OSError), record_status(tmp_path):
        raise OSError("No space left on device")
    status = read_status(tmp_path)
    assert (status["state"], status["message"]) == ("failed", "OSError: No space left on device")


def test_new_run_wants_a_folder_that_is_empty_but_for_what_a_dead_process_left(tmp_path):
    require_empty(tmp_path / "none")
    for name in (".lock", ".partial-config.json", ".partial-0123-config.json"):
        (tmp_path / name).touch()
    require_empty(tmp_path)
    (tmp_path / "config.json").touch()
    with pytest.raises(RunError, match="or go on with the run that is there: python scripts"):
        require_empty(tmp_path)


def test_run_without_a_status_is_finished_where_it_has_figures(tmp_path):
    require_unfinished(tmp_path)
    (tmp_path / "metrics.json").touch()
    with pytest.raises(RunError, match="is finished"):
        require_unfinished(tmp_path)
    write_status(tmp_path, "running", epochs_done=2)
    require_unfinished(tmp_path)
    (tmp_path / "status.json").write_text("{")
    with pytest.raises(RunError, match="is finished"):
        require_unfinished(tmp_path)


def test_owner_removes_what_a_killed_process_had_begun_to_write(tmp_path):
    left = [tmp_path / ".partial-01-best.weights.h5", tmp_path / "tensorboard/train/.partial-02-x"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with own_run(tmp_path):
        assert not any(path.exists() for path in left)


def test_run_with_a_link_is_not_worked_in(tmp_path):
    run, thesis = tmp_path / "run", tmp_path / "thesis"
    run.mkdir()
    thesis.mkdir()
    (thesis / ".partial-chapter").write_text("years of work")
    (run / "tensorboard").symlink_to(thesis)
    with pytest.raises(RunError, match="tensorboard is a symbolic link"), own_run(run):
        pass
    assert (thesis / ".partial-chapter").read_text() == "years of work"
    with pytest.raises(RunError, match="tensorboard is a symbolic link"):
        refuse_links(run)
    (run / "tensorboard").unlink()
    (run / "history.csv").symlink_to(thesis / ".partial-chapter")
    refuse_links(run)  # The file is replaced where it is written, and refused where it is read.
    with pytest.raises(RunError, match="history.csv is a symbolic link"), own_run(run):
        pass
