"""Options as other programs call them are taken; an unknown one is answered with the nearest."""

from pathlib import Path

import pytest

from all_tf.launch.options import parse_options
from all_tf.system.script_parser import ScriptParser


def refused(capsys, call, *arguments) -> str:
    with pytest.raises(SystemExit) as ended:
        call(*arguments)
    assert ended.value.code == 2
    return capsys.readouterr().err


def train(monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["train.py", *words])
    return parse_options("Train.")


def test_names_of_other_programs_are_taken(monkeypatch):
    words = "--model vgg16 --lr=0.1 --bs 8 --img-size 64 --opt sgd --sched cosine --data-dir here"
    options = train(monkeypatch, *words.split())
    found = [options[key] for key in ("arch", "learning_rate", "batch_size", "image_size")]
    assert found == ["vgg16", 0.1, 8, 64]
    assert options["optimizer"] == "sgd" and options["schedule"] == "cosine"
    assert options["records"] == Path("here")


def test_source_is_meant_where_a_script_has_both():
    parser = ScriptParser()
    for name in ("--records", "--source"):
        parser.add_argument(name)
    assert parser.parse_args(["--data-dir", "a"]).source == "a"


def test_no_script_without_the_option_takes_its_other_name(capsys):
    assert "unrecognized arguments: --lr 1" in refused(
        capsys, ScriptParser().parse_args, ["--lr", "1"]
    )


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (("--architecture", "vgg16"), "--arch"),
        (("--arch", "vgg16", "--learn-rate", "1"), "--learning-rate"),
        (("--arch", "vgg16", "--imagesize=64"), "--image-size"),
        (("--arch", "vgg16", "--batch_size", "8"), "--batch-size"),
    ],
)
def test_unknown_option_is_answered_with_the_nearest(words, nearest, monkeypatch, capsys):
    said = refused(capsys, train, monkeypatch, *words)
    option = next(word for word in words[::-1] if word.startswith("--")).partition("=")[0]
    assert f"for {option}, did you mean {nearest}?" in said


def test_option_like_no_other_and_known_ones_have_no_hint(monkeypatch, capsys):
    assert "did you mean" not in refused(capsys, train, monkeypatch, "--zzz", "--fold", "x")


def test_option_below_a_subcommand_is_answered_with_one_of_that(capsys):
    parser = ScriptParser()
    parser.add_argument("--outer")
    parser.add_subparsers().add_parser("sub").add_argument("--inner")
    said = refused(capsys, parser.parse_args, ["sub", "--iner", "1"])
    assert "for --iner, did you mean --inner?" in said


def test_archive_is_answered_with_unpack_it(tmp_path, capsys):
    parser = ScriptParser()
    parser.add_argument("--source", type=Path)
    (tmp_path / "archive.zip").touch()
    said = refused(capsys, parser.parse_args, ["--source", str(tmp_path / "archive.zip")])
    assert "unpack it and name the folder" in said


def test_refusal_is_raised_in_the_place_of_the_end_of_the_process():
    parser = ScriptParser(refusal=KeyError)
    parser.add_argument("--folds", type=int)
    with pytest.raises(KeyError, match="for --fold1, did you mean --folds"):
        parser.parse_args(["--fold1", "2"])
