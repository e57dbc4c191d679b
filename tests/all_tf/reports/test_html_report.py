"""A page about a run: all that is known of it, nothing from elsewhere, nobody named."""

import base64
import hashlib
import io
import json
import os
import re
import runpy
import shutil
import struct
import zlib
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from all_tf.analysis.probe_comparison import Probe, compare_with_probes
from all_tf.config.experiment import Experiment
from all_tf.metrics.calibration import Calibration
from all_tf.metrics.predictions import Predictions
from all_tf.reports.html_report.checklists import CHECKLISTS, CLAIM, TRIPOD_AI
from all_tf.reports.html_report.images import read_uri
from all_tf.reports.html_report.model_card import escape
from all_tf.reports.html_report.prose import STAMPS
from all_tf.reports.html_report.sections import PARTS
from all_tf.reports.html_report.write import write_about, write_report
from all_tf.reports.run_facts import read_facts
from all_tf.runs.calibration_file import write_calibration
from all_tf.runs.folder import RunError
from tests.all_tf.plots.test_style import contrast
from tests.conftest import ROOT
from tests.written_runs import EXPERIMENT, PATIENTS, draw_predictions, file_set, write_run
from tfrecords.store.index import read_index

HOSTILE = """<script>alert(1)</script><img src=x onerror="f()">&'"|$x_{$ [a](http://e.vil) *b*"""
IDENTITY = {"class": "HEM", "features": "pooled", "balanced_accuracy": 0.205}
_VOID = {"meta", "img", "br", "input", "link", "hr"}


class Page(HTMLParser):
    """A page taken apart; raises where tags do not match."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):  # As SVG has them.
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open and self._open[-1] == tag, f"</{tag}> closes {self._open[-3:]}"
        self._open.pop()

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        """What is read, on one line."""
        return " ".join(" ".join(self.texts).split())

    def of(self, tag: str) -> list[dict]:
        """The attributes of each such tag."""
        return [attributes for name, attributes in self.tags if name == tag]


def written(run: Path, out: Path, **options) -> tuple[str, str]:
    """The page and the model card of a run, without pictures unless asked for."""
    page, card = write_report(run, out, **{"cells": False, **options})
    return page.read_text(encoding="utf-8"), card.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> tuple[Page, str, str]:
    """A plain run's page, taken apart and as it is, and its card."""
    folder = tmp_path_factory.mktemp("plain")
    run = write_run(folder / "run", stamps=tuple(STAMPS))
    text, card = written(run, folder)
    return Page(text), text, card


def test_page_loads_nothing_and_allows_nothing_but_its_own_style(plain):
    page, text, _ = plain
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "base"} == set()
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        for name in ("src", "href", "xlink:href"):
            goes_to = attributes.get(name) or "#"
            cites = tag == "a" and goes_to.startswith("https://doi.org/")
            assert goes_to.startswith(("#", "data:image/")) or cites, goes_to
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [m["content"] for m in page.of("meta") if "http-equiv" in m]
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert f"style-src 'sha256-{digest}'" in policy and "unsafe" not in policy


def test_page_is_whole_and_every_part_is_reached(plain):
    page, text, _ = plain
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) and set(PARTS) <= set(ids)
    used = {a["href"][1:] for _, a in page.tags if (a.get("href") or "").startswith("#")}
    used |= {a["xlink:href"][1:] for _, a in page.tags if "xlink:href" in a}
    used |= set(re.findall(r"url\(#(\w+)\)", text))
    assert used <= set(ids) and set(PARTS) <= used
    assert page.of("html") == [{"lang": "en"}] and len(page.of("h1")) == 1
    assert all(a.get("scope") in ("col", "row") for a in page.of("th"))
    assert all(a.get("aria-label") for a in page.of("svg")) and len(page.of("svg")) == 7
    assert len(page.of("caption")) == len(page.of("table"))


def test_first_screen_has_the_verdict_its_intervals_and_every_stamp(plain, tmp_path):
    page, _, card = plain
    head = page.text[: page.text.index(PARTS["data"].how_to_read)]
    for stamp, meaning in STAMPS.items():
        assert f"{stamp.capitalize()}. {meaning}" in head
        assert f"**{stamp.capitalize()}.** {meaning}" in card
    assert "95 % over 6 ALL, 6 HEM groups" in head and "not a medical device" in head
    run = write_run(tmp_path / "clean")
    figures = read_facts(run).evaluated.report
    clean, _ = written(run, tmp_path)
    assert "of 12 patients that it was not trained on" in clean
    assert f"{figures['f1_low']:.3f} to {figures['f1_high']:.3f}" in clean
    assert not any(meaning in clean for meaning in STAMPS.values())


def test_without_patients_enough_the_page_says_so_instead_of_an_interval(tmp_path):
    few = draw_predictions(patients=PATIENTS[:4])
    text, card = written(write_run(tmp_path / "run", evaluated=few), tmp_path)
    assert text.count("not estimable: 2 groups of ") > 5
    assert "No interval can be given." in Page(text).text and "**No interval" in card


def test_nobody_is_named_and_no_file(plain):
    page, text, card = plain
    for name in (*PATIENTS, "UID_", ".bmp"):
        assert name not in text and name not in card
    assert "ALL-06" in page.text and "HEM-06" in card


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


def test_probes_stand_beside_the_network_with_their_verdict(tmp_path):
    evaluated = draw_predictions()
    run = write_run(tmp_path / "run", evaluated=evaluated)
    shuffled = draw_predictions(seed=9).logits[::-1]
    rival = Probe(
        "size", "trivial", HOSTILE, replace(evaluated, logits=shuffled, calibrated_scores=None)
    )
    found = compare_with_probes(evaluated, [rival]) | {"identity": [IDENTITY]}
    found["stamps"] = ["optimistic"]
    (run / "probes").mkdir()
    (run / "probes/probes.json").write_text(json.dumps(found))
    text, card = written(run, tmp_path)
    page = Page(text)
    assert not page.of("script") and HOSTILE in " ".join(page.texts)
    assert f"{found['margin']:+.3f} ({found['margin_low']:+.3f} to " in page.text
    assert "This model" in page.text and "This model" in card and "No probes" not in page.text
    assert "favour the network" in page.text
    assert "20.5" in page.text and "Not shown to beat a shortcut." not in page.text
    (run / "probes/probes.json").write_text(json.dumps(found | {"margin_low": None}))
    assert "Not shown to beat a shortcut." in Page(written(run, tmp_path)[0]).text


def test_heat_maps_stand_in_the_page_unless_cells_are_to_be_left_out(tmp_path):
    run = write_run(tmp_path / "run")
    folder = run / "explanations"
    folder.mkdir()
    Image.new("RGBA", (2000, 300), (90, 0, 90, 255)).save(folder / "cells.png")
    randomised = {"layers": HOSTILE, "rank_correlation": 0.123, "lowest": 0, "highest": 1}
    cells = [{"name": "train/UID_ZEBRA1_1_1_all.bmp"}]
    found = {"verdict": "Maps of <b>", "map_side": 16, "randomised": [randomised], "cells": cells}
    (folder / "explanations.json").write_text(json.dumps(found))
    records = tmp_path / "nowhere"
    text, _ = written(run, tmp_path, cells=True, records=records)
    page = Page(text)
    (picture,) = page.of("img")
    assert (
        picture["src"].startswith("data:image/jpeg;base64,") and "random weights" in picture["alt"]
    )
    assert "Maps of <b>" in page.text and "0.12" in page.text and "ZEBRA" not in text
    assert not Page(written(run, tmp_path)[0]).of("img")


def test_folds_are_reported_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "cv"
    parts = [draw_predictions(seed=fold, fold=fold, patients=PATIENTS[:6]) for fold in (0, 1)]
    for fold, part in enumerate(parts):
        run = write_run(folder / f"fold-{fold}", experiment=replace(EXPERIMENT, fold=fold))
        file_set(run, part, split="train", fold=fold, stamps=("optimistic",))
    together = draw_predictions(cells=240, fold=0)
    about = {"best_epochs": [2, 3], "stamps": ("optimistic",)}
    file_set(folder / "out-of-fold", together, split="train", fold=None, **about)
    write_calibration(folder / "out-of-fold", Calibration())
    asked = json.dumps({"experiment": asdict(EXPERIMENT)})
    (folder / "cross-validation.json").write_text(asked)
    text, card = written(folder, tmp_path / "out")
    shown = Page(text).text
    assert "240 cells of 12 patients, each scored by the one of 2 networks" in shown
    assert "Optimistic." in shown and "Optimistic." in card
    assert "kept: 2, 3, chosen by" in shown and "report.py cv/fold-0" in shown
    assert "epoch chosen on fold 1 of the training images" in shown
    page = Page(write_about([tmp_path], tmp_path / "out")[0].read_text())  # As one of a study.
    assert "240 cells" in page.text
    assert "Together they predicted every training image once." in shown
    asked = json.dumps({"experiment": asdict(replace(EXPERIMENT, limit_validation=120))})
    (folder / "cross-validation.json").write_text(asked)
    text, card = written(folder, tmp_path / "out")
    for shown in (Page(text).text, card):
        assert "every training image" not in shown and "all training images, out" not in shown
        assert "at most 120 images were used: together they predicted 240 images once" in shown


def test_markdown_shows_what_it_is_given():
    assert escape("a_b*c [d](e) `f`\n<g> & $h$") == (
        r"a\_b\*c \[d\](e) \`f\` &lt;g&gt; &amp; \$h\$"
    )


def test_part_without_input_says_what_makes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = write_run(tmp_path / "a run")
    (run / "history.csv").unlink()
    text, card = written(run, tmp_path)
    shown = Page(text).text
    assert "python scripts/probe.py 'a run'" in shown and "python scripts/probe.py" in card
    assert "python scripts/explain.py 'a run'" in shown
    assert "no history.csv" in shown and "--no-cells" in shown
    assert "records of the training images were not found" in shown
    assert "Probes (missing here)" in shown and str(tmp_path) not in text + card


def test_run_that_has_not_ended_is_refused(tmp_path):
    run = write_run(tmp_path / "run")
    (run / "metrics.json").unlink()
    with pytest.raises(RunError, match="training has not ended"):
        read_facts(run)


def test_damaged_files_are_refused_or_as_if_not_there(tmp_path):
    run = write_run(tmp_path / "run")
    (run / "probes").mkdir()
    (run / "probes/probes.json").write_text('{"verdict": "fine"}')
    assert "No probes were run." in Page(written(run, tmp_path)[0]).text
    whole = (run / "environment.json").read_text()
    (run / "environment.json").write_text("[1]")
    with pytest.raises(RunError, match=r"environment.json is damaged .*: Expected an object"):
        write_report(run, tmp_path / "none", cells=False)
    (run / "environment.json").write_text(whole)
    config = json.loads((run / "config.json").read_text())
    del config["view"]
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match="config.json is damaged .* it has no view"):
        write_report(run, tmp_path / "none", cells=False)
    assert not (tmp_path / "none").exists()


@pytest.fixture(scope="module")
def on_records(records, tmp_path_factory) -> Path:
    """A run on the synthetic set that calls every cell of its preliminary phase wrongly."""
    rows = [row for row in read_index(records) if row.split == "validation"]
    labels = np.array([row.label for row in rows])
    columns = (
        np.array([getattr(row, key) for row in rows]) for key in ("name", "patient", "group")
    )
    logits = (1 - 2 * labels) * np.linspace(1, 2, len(rows))
    config = {
        f"{what}_sha256": hashlib.sha256((records / file).read_bytes()).hexdigest()
        for what, file in (("manifest", "manifest.json"), ("folds", "folds.csv"))
    }
    run = tmp_path_factory.mktemp("runs") / "run"
    evaluated = Predictions(*columns, labels, logits)
    return write_run(run, evaluated=evaluated, records=str(records), **config)


def test_worst_cells_are_shown_small_and_the_page_stays_so_too(on_records, tmp_path):
    text, card = written(on_records, tmp_path, cells=True)
    pictures = Page(text).of("img")
    labels = read_facts(on_records).evaluated.predictions.labels
    assert len(pictures) == sum(min(8, n) for n in np.bincount(labels))
    assert all(picture["alt"].startswith("A cell of ") for picture in pictures)
    data = base64.b64decode(pictures[0]["src"].removeprefix("data:image/jpeg;base64,"))
    with Image.open(io.BytesIO(data)) as file:
        assert file.size == (144, 144) and np.asarray(file).max() > 50
    assert len(text) < 600_000
    facts = read_facts(on_records)
    for name in {*facts.evaluated.predictions.names, str(facts.config["records"])}:
        assert name not in text + card
    scores = [float(picture["alt"].split()[-1]) for picture in pictures]
    assert scores[:8] == sorted(scores[:8]) and scores[8:] == sorted(scores[8:], reverse=True)


def test_what_was_learnt_from_is_counted_and_held_against_what_was_published(
    on_records, records, tmp_path
):
    source = read_facts(on_records).source
    learnt = [row for row in read_index(records) if row.split == "train" and not row.duplicate_of]
    folds = dict(line.split(",")[::2] for line in (records / "folds.csv").read_text().split()[1:])
    learnt = [row for row in learnt if folds[row.name] != "0"]
    assert source.training.cells == len(learnt) and source.published == 0
    assert source.training.all_patients == len({row.patient for row in learnt if row.label == 1})
    text, _ = written(on_records, tmp_path)
    assert "Not the published images." in Page(text).text


def test_records_that_are_not_there_or_others_are_said_to_be(on_records, tmp_path, records):
    elsewhere = tmp_path / "records"
    assert read_facts(on_records, records=elsewhere).source is None
    shutil.copytree(records, elsewhere)
    (elsewhere / "folds.csv").write_text("name,group,fold\n")
    assert read_facts(on_records, records=elsewhere).source is None
    text, _ = written(on_records, tmp_path, cells=True, records=tmp_path / "nowhere")
    assert "were not found. Name them with --records DIR" in text and "<img" not in text


def test_page_of_the_whole_preliminary_phase_can_be_mailed(tmp_path):
    people = tuple(f"ZEBRA{n}" for n in range(28))
    run = write_run(tmp_path / "run", evaluated=draw_predictions(cells=1867, patients=people))
    assert len(written(run, tmp_path)[0]) < 1_000_000  # Pictures add 16 of 4 to 8 KB.


def test_checklists_have_the_published_numbers_and_name_parts_that_are_there():
    assert [item.number for item in CLAIM.items] == [str(n) for n in range(1, 45)]
    numbers = [int(item.number.rstrip("abcdefg")) for item in TRIPOD_AI.items]
    assert sorted(set(numbers)) == list(range(1, 28)) and len(numbers) == 52
    for item in (item for checklist in CHECKLISTS for item in checklist.items):
        assert set(item.parts) <= set(PARTS), item


def test_card_has_the_sections_of_mitchell_in_their_order(plain):
    headings = re.findall(r"^## (.*)$", plain[2], re.MULTILINE)
    assert headings == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
    ]


@pytest.mark.parametrize("theme", (0, 1), ids=("light", "dark"))
def test_text_can_be_read_by_day_and_by_night(theme):
    style = (ROOT / "all_tf/reports/html_report/templates/report.css").read_text()
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colour = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[theme]))
    pairs = [(text, "paper") for text in ("ink", "muted", "link", "alarm")]
    pairs += [("ink", "surface"), ("muted", "surface"), ("ink", "right"), ("ink", "wrong")]
    pairs += [("ink", "alarm-paper"), ("alarm", "alarm-paper")]
    for text, paper in pairs:
        assert contrast(colour[text], colour[paper]) >= 4.5, (text, paper)  # WCAG 2.2, AA.


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


def test_threshold_stands_beside_the_metrics_and_the_curves(plain):
    page, _, _ = plain
    assert "All metrics, at a threshold of 0.500" in page.text
    assert "both at a score of 0.5, before the threshold was chosen" in page.text


def test_report_as_typed(tmp_path, monkeypatch, capsys):
    run = write_run(tmp_path / "run")
    monkeypatch.setattr("sys.argv", ["report.py", str(run), "--no-cells"])
    runpy.run_path(str(ROOT / "scripts/report.py"), run_name="__main__")
    assert {"report.html", "MODEL_CARD.md"} <= {path.name for path in run.iterdir()}
    assert f"Written: {run / 'report.html'}" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["report.py", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit, match="error: No run in"):
        runpy.run_path(str(ROOT / "scripts/report.py"), run_name="__main__")


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
