"""Pages fit the screens of a desk and of a phone, in a reviewer's order, with plots that explain
themselves; seen by a real browser."""

import json
import re

import pytest

from all_tf.analysis.probe_comparison import Probe, compare_with_probes
from all_tf.config.presets import EXPERIMENTS
from all_tf.reports.html_report import inline_plots
from all_tf.reports.html_report.sections import PARTS
from all_tf.reports.html_report.study_page import write_study_page
from all_tf.reports.html_report.write import write_about, write_report
from tests.browser import Browser
from tests.html_pages import Page
from tests.written_runs import draw_predictions, write_run

RUN = "a-run-with-a-name-as-long-as-they-are"
FIRST = ("decisions", "data", "cells", "probes")
THEN = ("patients", "calibration", "curves", "model")
# Whatever is wider than its place: the page itself, or a part that would have to be scrolled.
OVERFLOWING = """
const wide = (each) => each.scrollWidth > each.clientWidth + 1;
const found = [...document.querySelectorAll('html, .scroll, .command, table')].filter(wide);
return found.map((each) => `${each.tagName} ${each.className} ${each.getAttribute('aria-label')}`);
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The page of one run with probes, and the one of a study."""
    folder = tmp_path_factory.mktemp("pages")
    evaluated = draw_predictions(seed=2)
    run = write_run(folder / RUN, evaluated=evaluated)
    rival = Probe("size", "trivial", "size, colour and border together", draw_predictions(seed=2))
    found = compare_with_probes(evaluated, [rival], draws=100)
    identity = {"class": "HEM", "features": "pooled", "balanced_accuracy": 0.2051}
    (run / "probes").mkdir()
    probes = found | {"stamps": [], "identity": [identity]}
    (run / "probes/probes.json").write_text(json.dumps(probes))
    write_report(run, folder, cells=False)
    names = ("efficientnetb0", "densenet169", "googlenet")
    for seed, name in enumerate(names):
        evaluated = draw_predictions(seed=seed)
        row = EXPERIMENTS[name]
        write_run(folder / "study" / name, experiment=row, evaluated=evaluated)
    (written,) = write_about([folder / "study"])
    return folder / "report.html", written


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as window:
        yield window


@pytest.mark.parametrize("width", (1280, 390))
@pytest.mark.parametrize("which", (0, 1), ids=("run", "study"))
def test_page_fits_without_sideways_scrolling(which, width, pages, browser, tmp_path):
    # No window is as narrow as a phone: the page is shown in a frame.
    frame = f'<iframe src="{pages[which].as_uri()}" width="{width}" height="900"></iframe>'
    (tmp_path / "frame.html").write_text(frame)
    browser.open((tmp_path / "frame.html").as_uri())
    browser.into_frame()
    browser.run("document.querySelectorAll('details').forEach((each) => each.open = true)")
    assert browser.run("return window.innerWidth") == width
    assert browser.run(OVERFLOWING) == []


def test_longest_names_of_classes_fit_a_phone(browser, tmp_path):
    names = {"negative_class": "N" * 30, "positive_class": "P" * 30}
    few = draw_predictions(seed=2, patients=("A", "B", "C", "D"))  # Whose class is named beside.
    run = write_run(tmp_path / RUN, evaluated=few, **names)
    for path in run.rglob("metrics.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | names))
    write_report(run, tmp_path, cells=False)
    browser.show_as(width=390, height=900, scheme="light")
    browser.open((tmp_path / "report.html").as_uri())
    cut = "const box = document.querySelector('.figures'); return box.scrollWidth - box.clientWidth"
    assert browser.run(cut) <= 0


def test_what_a_reviewer_asks_first_comes_first(pages):
    page = Page(pages[0].read_text())
    order = [attributes["id"] for attributes in page.of("section")]
    assert order == list(PARTS)
    assert [*FIRST, *THEN] == [key for key in order if key in (*FIRST, *THEN)]
    assert order[:4] == list(FIRST)


def test_numbers_are_rounded(pages):
    for path in pages:
        text = Page(path.read_text()).text
        assert not re.findall(r"\b(?!10\.\d{4}/)(?<!arXiv )\d+\.\d{4,}", text)  # But for a DOI.


def test_every_plot_has_a_title_and_a_legend(pages, monkeypatch, tmp_path):
    for path in pages:
        text = path.read_text()
        figures = re.findall(r"<figure.*?</figure>", text, re.DOTALL)
        assert len(figures) >= 3
        assert all(re.search(r'<p class="plot-title">\S', figure) for figure in figures)
    drawn = []
    as_svg = inline_plots.as_svg
    monkeypatch.setattr(
        inline_plots,
        "as_svg",
        lambda figure, label: drawn.append(figure) or as_svg(figure, label=label),
    )
    run = pages[0].parent / RUN
    write_report(run, tmp_path, cells=False)
    write_about([pages[1].parent], tmp_path)
    assert len(drawn) == 10
    for figure in drawn:
        assert figure.legends or any(axes.get_legend() for axes in figure.axes)


def test_study_page_has_the_sentence_then_the_chart_then_the_table(pages, monkeypatch):
    folder = pages[1].parent
    monkeypatch.setattr("all_tf.reports.study.is_finished", lambda run, records: run.is_dir())
    write_study_page(folder, folder, {"vgg16": "no weights"})
    text = (folder / "study.html").read_text()
    shown = Page(text).text
    assert "vgg16 failed and is left out: no weights." in shown
    places = [text.index("These patients tell"), text.index("<svg"), text.index("<table")]
    assert places == sorted(places)
