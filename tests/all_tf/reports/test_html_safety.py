"""A page hands on no folder, no link and no code, whatever the files of a run hold."""

import json
import os
import re
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image

from all_tf.config.experiment import Experiment
from all_tf.reports.html_report.images import read_uri
from all_tf.reports.html_report.write import write_report
from all_tf.runs.folder import RunError
from tests.html_pages import HOSTILE, Page, written
from tests.written_runs import EXPERIMENT, write_run


def test_whatever_a_file_holds_shows_as_text(tmp_path):
    experiment = Experiment("vgg16", epochs=3, weights=f"{HOSTILE}.weights.h5")
    run = write_run(tmp_path / HOSTILE.replace("/", "%"), experiment=experiment, stamps=(HOSTILE,))
    hostile = {"python": HOSTILE, "gpus": [HOSTILE], "packages": {HOSTILE: HOSTILE}}
    (run / "environment.json").write_text(json.dumps(hostile))
    text, card = written(run, tmp_path / "out")
    page = Page(text)
    assert not {"script", "img"} & {tag for tag, _ in page.tags}
    assert page.text.count("alert(1)") >= 6 and "http://e.vil" not in str(page.tags)
    shown = re.sub(r"` .*? `", "", card)  # Code: a command, in which nothing is a tag.
    assert "<script" not in shown and "[a](" not in shown and " *b*" not in shown


def test_page_and_card_name_no_folder_and_no_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    experiment = replace(EXPERIMENT, weights="/home/anna/mine/x.weights.h5")
    run = write_run(tmp_path / "run", experiment=experiment, records="/home/anna/records")
    about = {"platform": "Linux-6.1-annas-pc-x86_64-with-glibc2.36", "python": "3.11"}
    about["command"] = ["/home/anna/scripts/train.py", "--records", "/home/anna/records"]
    (run / "environment.json").write_text(json.dumps(about))
    text, card = written(run, tmp_path / "out")
    assert "anna" not in text + card and str(tmp_path) not in text + card
    assert "x.weights.h5" in text and "Linux x86_64" in text and "Linux x86\\_64" in card


def test_no_character_of_a_file_steers_the_page_or_the_card(tmp_path):
    stamps = ("gpj.\u202eexe", "\x1b[2J", "see http://e.vil or WWW.e.vil", "<b>`|`</b>")
    run = write_run(tmp_path / "run", stamps=stamps)
    text, card = written(run, tmp_path / "out")
    for shown in (text, card):
        assert not set("\u202e\x1b") & set(shown) and "<b>`" not in shown
    assert r"gpj.\u202eexe" in Page(text).text
    assert "http&#58;//e.vil or" in card and "://e.vil" not in card and ".e.vil" not in card.lower()


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n"


@pytest.mark.parametrize("kind", ["postscript", "bomb", "link", "jpeg", "cut", "fifo"])
def test_picture_that_is_no_small_png_of_the_run_is_not_shown(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", None)  # No program is started.
    path, victim = tmp_path / "cells.png", tmp_path / "victim.png"
    Image.new("RGB", (20, 10)).save(victim)
    if kind == "postscript":
        path.write_bytes(POSTSCRIPT)
    elif kind == "bomb":
        header = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
        crc = struct.pack(">I", zlib.crc32(header))
        path.write_bytes(victim.read_bytes()[:8] + struct.pack(">I", 13) + header + crc)
    elif kind == "link":
        path.symlink_to(victim)
    elif kind == "jpeg":
        Image.new("RGB", (20, 10)).save(path, "JPEG")
    elif kind == "cut":
        path.write_bytes(victim.read_bytes()[:50])
    else:
        os.mkfifo(path)
    assert read_uri(path) is None
    assert read_uri(victim).startswith("data:image/jpeg;base64,")


def test_report_is_not_written_into_a_folder_that_is_a_link(tmp_path):
    run, elsewhere = write_run(tmp_path / "run"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (run / "explanations").symlink_to(elsewhere)
    with pytest.raises(RunError, match="explanations is a symbolic link"):
        write_report(run, run)


def test_report_replaces_a_link_and_leaves_what_it_points_to(tmp_path):
    run, thesis = write_run(tmp_path / "run"), tmp_path / "thesis.txt"
    thesis.write_text("years of work")
    for name in ("report.html", "MODEL_CARD.md"):
        (run / name).symlink_to(thesis)
    for path in write_report(run, run, cells=False):
        assert not path.is_symlink() and path.stat().st_size > 1000
    assert thesis.read_text() == "years of work"
