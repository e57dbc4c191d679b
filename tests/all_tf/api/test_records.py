"""make_records takes the options of make_tfrecords.py and packs what the command packs."""

import inspect

import pytest

from all_tf.api.records import PackingOptions, make_records
from all_tf.commands import make_tfrecords
from all_tf.system.checks import ConfigError
from tfrecords.packing.held_out import HeldOutError
from tfrecords.store.identity import read_identity


def test_options_are_those_of_the_command(monkeypatch):
    monkeypatch.setattr("sys.argv", ["make_tfrecords.py"])
    of_command = vars(make_tfrecords._parse()).keys() - {*make_tfrecords._OF_COMMAND}
    own = {name for name in inspect.signature(make_records).parameters if name != "options"}
    assert of_command | {"source"} == own | PackingOptions.__annotations__.keys()


def test_cells_of_a_laboratory_keep_their_class_names(unpack, tmp_path, capsys):
    names = [f"{kind}/{kind}{patient}/1.bmp" for kind in ("blast", "other") for patient in range(3)]
    source = unpack({name: number for number, name in enumerate(names)})
    made = make_records(
        str(source), tmp_path / "own", layout="folders", positive="blast", folds=2, no_scan=True
    )
    assert read_identity(made).classes == ("other", "blast")
    assert "6 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fold": 3}, "No such option: fold. Known: layout, positive"),
        ({"hold_out": 2}, "`hold_out` is for layout='folders'"),
        ({"layout": "folders", "require_published": True}, "`require_published` is for layout='cn"),
        ({"layout": "folders", "allow_skips": 3}, "`allow_skips` is for layout='cnmc'"),
    ],
)
def test_option_that_is_none_is_refused(options, words, tmp_path):
    with pytest.raises(ConfigError, match=words):
        make_records(tmp_path, tmp_path / "records", **options)


@pytest.mark.parametrize("hold_out", [-2, 2.5, 0.0, float("nan"), False])
def test_amount_that_cannot_be_set_aside_is_refused_before_the_images_are_read(hold_out, tmp_path):
    with pytest.raises(HeldOutError, match="Received: hold_out="):
        make_records(tmp_path / "none", tmp_path / "records", layout="folders", hold_out=hold_out)
