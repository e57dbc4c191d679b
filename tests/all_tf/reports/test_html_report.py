"""A page about a run: all that is known of it, nothing from elsewhere, nobody named."""

import base64
import hashlib
import json
import re
import runpy
from dataclasses import asdict, replace

import pytest
from PIL import Image

from all_tf.analysis.probe_comparison import Probe, compare_with_probes
from all_tf.metrics.calibration import Calibration
from all_tf.reports.html_report.checklists import CHECKLISTS, CLAIM, TRIPOD_AI
from all_tf.reports.html_report.model_card import escape
from all_tf.reports.html_report.prose import STAMPS
from all_tf.reports.html_report.rows import set_rows
from all_tf.reports.html_report.sections import PARTS
from all_tf.reports.html_report.write import write_about, write_report
from all_tf.reports.run_facts import read_facts
from all_tf.runs.calibration_file import write_calibration
from all_tf.runs.checksums import write_checksums
from all_tf.runs.folder import RunError
from tests.all_tf.plots.test_style import contrast
from tests.conftest import ROOT
from tests.html_pages import HOSTILE, Page, written
from tests.written_runs import EXPERIMENT, PATIENTS, draw_predictions, file_set, write_run

IDENTITY = {"class": "HEM", "features": "pooled", "balanced_accuracy": 0.205}


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
    head = page.text[: page.text.index(PARTS["decisions"].how_to_read)]
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
    write_checksums(folder / "out-of-fold")
    asked = json.dumps({"experiment": asdict(EXPERIMENT)})
    (folder / "cross-validation.json").write_text(asked)
    text, card = written(folder, tmp_path / "out")
    shown = Page(text).text
    assert "240 cells of 12 patients, each scored by the one of 2 networks" in shown
    assert "Optimistic." in shown and "Optimistic." in card
    assert "kept: 2, 3, chosen by" in shown and "report.py cv/fold-0" in shown
    assert "epoch chosen on fold 1 of the training images" in shown
    page = Page(write_about([tmp_path], tmp_path / "out")[0].read_text())  # As one of a study.
    assert "240 cells" in page.text and "2, 3" in page.text
    assert "Together they predicted every training image once." in shown
    asked = json.dumps({"experiment": asdict(replace(EXPERIMENT, limit_validation=120))})
    (folder / "cross-validation.json").write_text(asked)
    text, card = written(folder, tmp_path / "out")
    for shown in (Page(text).text, card):
        assert "every training image" not in shown and "all training images, out" not in shown
        assert "at most 120 images were used: together they predicted 240 images once" in shown


def test_run_on_all_folds_chose_nothing_on_its_own_images(tmp_path):
    run = write_run(tmp_path / "run", experiment=replace(EXPERIMENT, fold=None))
    rows = [row["set"] for row in set_rows(read_facts(run))]
    assert len(rows) == 2 and all(row.startswith("evaluated on ") for row in rows)


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
