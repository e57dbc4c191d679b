"""Options of make_tfrecords.py and make_synthetic.py are checked before any work."""

import re
import shlex
import shutil

import pytest

from all_tf.commands import make_tfrecords
from tests.all_tf.commands.test_scripts import call, one_error
from tests.conftest import ROOT

VALUES = ("", "-1", "0", "1", "9" * 30, "9" * 5000, "nan", "inf", "1.5", "x")
ALLOWED = {
    "--seed": ("0", "1"),
    "--workers": ("1",),
    "--allow-skips": ("0", "1"),
    "--folds": (),
    "--refold": (),
    "--images": (),
    "--name": ("0", "1", "9" * 30, "nan", "inf", "1.5", "x"),
    "--positive": ("0", "1", "9" * 30, "nan", "inf", "1.5", "x"),
    "--hold-out": ("1",),
}
PATHS = ("--source", "--records", "--verify", "--out")
FLAGS = {
    "--overwrite",
    "--patient-per-image",
    "--drop-contradictions",
    "--require-published",
    "--no-scan",
    "--download",
    "--help",
}
REFUSED = [
    (option, value) for option in ALLOWED for value in VALUES if value not in ALLOWED[option]
]
REFUSED += [(option, value) for option in PATHS for value in ("", " ")]
REFUSED += [("--layout", value) for value in VALUES]
OF_SYNTHETIC = ("--images", "--out")


@pytest.mark.parametrize(("option", "value"), REFUSED, ids=lambda text: text[:8] or "empty")
def test_value_that_cannot_be_is_refused_at_once(option, value, synthetic, tmp_path):
    script = "make_synthetic.py" if option in OF_SYNTHETIC else "make_tfrecords.py"
    others = ["--out=out"] if option in OF_SYNTHETIC else [f"--source={synthetic}", "--records=out"]
    answer = call(script, *others, f"{option}={value}", cwd=tmp_path)
    assert answer.returncode == 2 and answer.stdout == ""
    usage, error = answer.stderr.rsplit("error: ", 1)
    assert usage.startswith("usage:") and option in error and len(error.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_every_option_of_the_converter_is_tried():
    tried = {option for option, _ in REFUSED} | FLAGS
    for script in ("make_tfrecords.py", "make_synthetic.py"):
        options = set(re.findall(r"(?<![\w-])--[a-z-]+", call(script, "--help").stdout))
        assert options <= tried | {"--arch"}


@pytest.mark.parametrize("records", ["file", "file/records", "folder", "circle"])
def test_output_that_cannot_be_written_is_refused_before_the_images_are_read(
    records, synthetic, tmp_path
):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/mine").touch()
    (tmp_path / "circle").symlink_to("circle")
    before = sorted(tmp_path.rglob("*"))
    answer = call("make_tfrecords.py", "--source", synthetic, "--records", records, cwd=tmp_path)
    one_error(answer)
    assert answer.stdout == ""  # The images that were found are printed first.
    assert sorted(tmp_path.rglob("*")) == before


def test_too_many_folds_for_the_patients_are_refused_before_the_packing(synthetic, tmp_path):
    arguments = ("--source", synthetic, "--records", tmp_path / "records", "--folds", 99)
    assert "Expected 2 to 13 folds" in one_error(call("make_tfrecords.py", *arguments))
    assert list(tmp_path.iterdir()) == []


def test_folds_of_existing_records_stay_when_new_ones_are_refused(records, tmp_path):
    copy = shutil.copytree(records, tmp_path / "records")
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    error = one_error(call("make_tfrecords.py", "--records", copy, "--refold", 999))
    assert "Expected 2 to" in error
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_converter_verifies_or_refolds_and_not_both():
    answer = call("make_tfrecords.py", "--verify", ROOT, "--refold", 5)
    assert answer.returncode == 2 and "not allowed with argument" in answer.stderr


PACKING = ("--source=a", "--folds=5", "--require-published", "--drop-contradictions", "--overwrite")
PACKING += ("--layout=folders", "--hold-out=2", "--name=x", "--download", "--allow-skips=0")
PACKING += ("--workers=1", "--no-scan", "--positive=blast", "--patient-per-image")


def refusal(capsys, monkeypatch, *words: str) -> str:
    """What the parser says of words that it refuses."""
    monkeypatch.setattr("sys.argv", ["make_tfrecords.py", *words])
    with pytest.raises(SystemExit) as end:
        make_tfrecords._parse()
    assert end.value.code == 2
    return capsys.readouterr().err.rsplit("error: ", 1)[1].rstrip()


@pytest.mark.parametrize("useless", [*PACKING, "--records=data/records", "--seed=0"])
def test_option_of_no_use_is_refused_beside_verify(useless, monkeypatch, capsys):
    said = refusal(capsys, monkeypatch, "--verify", "records", useless)
    named = useless.partition("=")[0]
    assert said == f"--verify only checks the records in DIR. Received: {named}"


@pytest.mark.parametrize("useless", PACKING)
def test_option_of_no_use_is_refused_beside_refold(useless, monkeypatch, capsys):
    said = refusal(capsys, monkeypatch, "--refold", "5", "--seed", "1", useless)
    assert said.startswith("--refold only makes the folds of --records anew, by --seed. Received: ")
    assert said.endswith(f": {useless.partition('=')[0]}")


def test_new_folds_are_of_other_records_by_another_seed(monkeypatch):
    monkeypatch.setattr("sys.argv", ["make_tfrecords.py", "--refold=3", "--seed=1", "--records=r"])
    args = make_tfrecords._parse()
    assert (args.refold, args.seed, args.records.name) == (3, 1, "r")


@pytest.mark.parametrize("option", ["--require-published", "--allow-skips=0", "--download"])
def test_option_of_the_published_images_is_refused_for_ones_own(option, monkeypatch, capsys):
    said = refusal(capsys, monkeypatch, "--layout", "folders", option)
    assert said == f"{option.partition('=')[0]} is for --layout cnmc"


def test_printed_command_can_be_pasted_into_a_shell(tmp_path):
    out = tmp_path / "it's here; $HOME"
    drawn = call("make_synthetic.py", "--out", out, "--images", 60)
    assert drawn.returncode == 0, drawn.stderr
    source, records = (
        shlex.quote(str(out / name)) for name in ("C-NMC_Leukemia", "synthetic-records")
    )
    command = f"python scripts/make_tfrecords.py --source {source} --records {records}\n"
    assert "\nNext: " in drawn.stdout and drawn.stdout.endswith(command)
