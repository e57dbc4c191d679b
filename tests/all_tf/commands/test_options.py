"""Every option of every script refuses what cannot be, in one line and before anything heavy."""

import argparse
import importlib.util
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT

SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
# Of make_tfrecords.py, which checks them itself; test_converter_options.py tries its values.
BY_A_SCRIPT = ("folds", "refold", "hold_out")
NO_NUMBERS = ("", "nan", "inf", "-inf", "1e999", "one")
NO_WHOLE_NUMBERS = (*NO_NUMBERS, "-99999999999", "-1", "99999999999", "0.5")
NO_PATHS = ("", "a\0b", "n" * 300, "a/" * 3000)


class _ParsedError(Exception):
    """Carries the parser out of a script that was about to use it."""


def parsers(script: Path, monkeypatch) -> list[argparse.ArgumentParser]:
    """The parser of a script, with those of its subcommands."""

    def stop(parser, *_):
        raise _ParsedError(parser)

    spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
    module = importlib.util.module_from_spec(spec)
    with monkeypatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", stop)
        patch.setattr(signal, "signal", lambda *_: None)
        patch.setattr(sys, "unraisablehook", sys.unraisablehook)
        spec.loader.exec_module(module)
        with pytest.raises(_ParsedError) as parsed:
            module.main()
    found = [parsed.value.args[0]]
    for action in found[0]._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += action.choices.values()
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_number_and_path_is_checked_by_the_parser(script, monkeypatch):
    checked = 0
    for parser in parsers(script, monkeypatch):
        for action in parser._actions:
            if action.nargs == 0 or action.choices or action.dest in BY_A_SCRIPT:
                continue
            for bad in _impossible(parser, action):
                with pytest.raises(argparse.ArgumentError, match="expected .* Received: "):
                    parser._get_value(action, bad)
                checked += 1
    assert checked >= 4  # Each script takes a path at least.


def _impossible(parser, action) -> tuple[str, ...]:
    """Values that an option cannot take, by the type of what it makes of a number."""
    for number in ("5", "64", "0.5"):  # Of some options, the numbers begin later or end earlier.
        with suppress(argparse.ArgumentError):
            taken = parser._get_value(action, number)
            break
    if isinstance(taken, Path):
        return NO_PATHS
    if isinstance(taken, int):
        return NO_WHOLE_NUMBERS
    return NO_NUMBERS if isinstance(taken, float) else ()


TRAIN = ("train.py", "--arch", "base_cnn")
SHOW = ("show_batch.py", "--augment", "hflip", "--out", "b.png")


@pytest.mark.parametrize(
    "arguments",
    [
        (*TRAIN, "--seed", "99999999999"),
        (*TRAIN, "--steps-per-execution", "99999999999"),
        (*TRAIN, "--steps-per-execution", "0"),
        (*TRAIN, "--learning-rate", "nan"),
        (*TRAIN, "--learning-rate", "0"),
        (*TRAIN, "--epochs", "0"),
        (*TRAIN, "--epochs", "2147483647"),
        (*TRAIN, "--last-epoch", "0"),
        (*TRAIN, "--batch-size", "-1"),
        (*TRAIN, "--batch-size", "0"),
        (*TRAIN, "--batch-size", "2147483647"),
        (*TRAIN, "--limit-train", "-1"),
        (*TRAIN, "--limit-train", "0"),
        (*TRAIN, "--limit-validation", "0"),
        (*TRAIN, "--fold", "99"),
        (*TRAIN, "--fold", "0", "--protocol", "study"),
        (*TRAIN, "--fold", "\u0663"),
        (*TRAIN, "--image-size", "1000000000"),
        (*TRAIN, "--crop", "0"),
        (*TRAIN, "--devices", "0"),
        (*TRAIN, "--patience", "0"),
        (*TRAIN, "--dropout", "1"),
        (*TRAIN, "--ema", "1"),
        (*TRAIN, "--layer-decay", "0"),
        (*TRAIN, "--min-sensitivity", "1.5"),
        (*TRAIN, "--weights", ""),
        (*TRAIN, "--weights", "no.weights.h5"),
        (*TRAIN, "--run-dir", "file"),
        (*TRAIN, "--run-dir", "file/run"),
        ("calibrate.py", "run", "--records", "data/records", "--min-sensitivity", "1.5"),
        ("calibrate.py", "run", "--records", "data/records", "--min-sensitivity", "-1"),
        ("calibrate.py", "run", "--records", "data/records", "--min-sensitivity", "nan"),
        ("explain.py", "run", "--images", "0"),
        ("review.py", "run", "--cells", "0"),
        ("probe.py", "run", "--seed", "-1"),
        ("probe.py", "file"),
        ("review.py", "file"),
        ("evaluate.py", "file"),
        ("evaluate.py", "--ensemble", "a", "b", "--out", "file"),
        ("predict.py", "run", "a.png", "--out", "no/such/folder/p.csv"),
        ("predict.py", "run", "a.png", "--out", "."),
        ("predict.py", "run", "a.png", "--out", "file"),
        ("predict.py", "run", "a.png", "--picture", "p.jpg"),
        ("predict.py", "run", "a.png", "--picture", "no/such/folder/p.png"),
        ("predict.py", "run", "a.png", "--patients", "no.csv"),
        ("predict.py", "run", "a.png", "--format", "xml"),
        ("predict.py", "run", "a.png", "--heat"),
        ("benchmark.py", "refusals", "run", "--images", "0"),
        ("benchmark.py", "refusals", "run", "--fields", "no/such/folder"),
        ("report.py", "run", "--out", "file"),
        ("export.py", "run", "--format", "pickle"),
        ("export.py", "run", "--format", "onnx", "--quantize", "int8"),
        ("export.py", "run", "--format", "onnx"),
        ("export.py", "data", "--format", "onnx", "--out", "file"),
        ("export.py", "run", "--format", "onnx", "--cells", "0"),
        ("export.py", "run", "--ensemble", "a", "b", "--format", "onnx"),
        ("export.py", "--format", "onnx"),
        ("compare.py", "run", "--out", "no/such/folder/c.md"),
        ("compare.py", "run", "--out", "c.txt"),
        (*SHOW, "--images", "0"),
        (*SHOW, "--out", "no/such/folder/b.png"),
        (*SHOW, "--out", "b.txt"),
        ("import_weights.py", "--arch", "googlenet", "--from", "no.pth", "--out", "a.weights.h5"),
        ("import_weights.py", "--arch", "googlenet", "--from", "file", "--out", "no/a.weights.h5"),
        ("benchmark.py", "step", "--arch", "base_cnn", "--image-size", "0"),
        ("benchmark.py", "gpu", "--json", "no/such/folder/a.json"),
        ("run_study.py", "--epochs", "0"),
        ("run_study.py", "--study-dir", "file"),
        ("run_study.py", "--rows", ""),
        ("make_synthetic.py", "--out", "file"),
        ("make_synthetic.py", "--out", "new", "--images", "0"),
    ],
    ids=lambda arguments: " ".join(arguments),
)
def test_impossible_work_is_refused_in_one_line_before_tensorflow(arguments, tmp_path, records):
    (tmp_path / "file").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/records").symlink_to(records)
    code = (
        "import sys, runpy\n"
        "sys.argv = sys.argv[1:]\n"
        "try:\n"
        "    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally:\n"
        "    assert 'tensorflow' not in sys.modules\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, ROOT / "scripts" / arguments[0], *arguments[1:]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    last = answer.stderr.splitlines()[-1]
    assert answer.returncode in (1, 2) and "error: " in last, answer.stderr
    assert "Traceback" not in answer.stderr and answer.stdout == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "file"]
