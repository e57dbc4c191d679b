"""The page in a browser: pictures are dropped, answers are seen, the table is downloaded."""

import base64
import csv
import io
import time

import pytest

from all_tf.evaluation.predict_images import predict_new
from tests.browser import Browser

DROP = """
const files = arguments[0].map(([name, data]) =>
  new File([Uint8Array.from(atob(data), (each) => each.charCodeAt(0))], name));
const data = new DataTransfer();
for (const file of files) data.items.add(file);
const options = { dataTransfer: data, bubbles: true, cancelable: true };
document.getElementById("drop").dispatchEvent(new DragEvent("drop", options));
"""
# The answer to what is dropped next comes when the page calls `finish`.
HOLD = """
window.fetch = () => new Promise((resolve) => {
  window.finish = () => resolve(new Response('{"error": "here it is"}', { status: 400 }));
});
"""
SHOWN = "return !document.getElementById('results').hidden"
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
WITHIN = """
return [...document.querySelectorAll('img')].filter((each) => each.offsetParent)
  .every((each) => each.complete && each.naturalWidth > 100)
"""
# Everything that was asked for lies on the server.
FOREIGN = """
return performance.getEntriesByType('resource').map((each) => each.name)
  .filter((name) => !name.startsWith(location.origin) && !/^(data|blob):/.test(name))
"""
HOSTILE = "<img src=x onerror=alert(1)>.png"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(scope="module")
def dropped(server, files, tmp_path_factory):
    """The page after cells, a picture with a hostile name and a broken file were dropped.

    In a browser of its own: other tests open the page anew.
    """
    with Browser(tmp_path_factory.mktemp("dropped")) as browser:
        browser.open(server.url)
        browser.run("document.querySelector('[name=heat]').click()")
        named = [*((path.name, path) for path in files[:3]), (HOSTILE, files[3])]
        pictures = [[name, base64.b64encode(path.read_bytes()).decode()] for name, path in named]
        browser.run(DROP, [*pictures, ["broken.png", ""]])
        browser.until(SHOWN)
        yield browser


def test_answers_are_seen_as_predict_gives_them(dropped, run, files):
    text = dropped.text()
    for row in predict_new(run, files[:4]).rows:
        name = {"positive": "positive (ALL)", "negative": "negative (HEM)", "none": "no answer"}
        shown = f"probability {row['probability']:.3f}, threshold {row['threshold']:.3f}"
        assert name[row["answer"]] in text and shown in text
        assert row["reason"] in text and row["warnings"] in text
    assert "4 cells: " in text and "patient 1: " in text
    assert "Not scored broken.png: the file is empty" in text
    assert HOSTILE in text and not dropped.run("return document.querySelector('img[src=x]')")
    assert dropped.run(FOREIGN) == []
    assert len(dropped.run("return [...document.querySelectorAll('img.positive')]")) == 4


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_and_every_picture_is_seen(width, scheme, dropped):
    dropped.show_as(width=width, height=1400, scheme=scheme)
    assert dropped.run(OVERFLOW) <= 0
    assert dropped.run(WITHIN)
    paper = "return getComputedStyle(document.body).backgroundColor"
    assert dropped.run(paper) == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 29)"}[scheme]


def test_table_is_downloaded(dropped, tmp_path):
    dropped.download_to(tmp_path)
    dropped.run("document.getElementById('download').click()")
    path = tmp_path / "predictions.csv"
    deadline = time.monotonic() + 20
    while not path.is_file() and time.monotonic() < deadline:
        time.sleep(0.1)
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row["path"] for row in rows][3] == HOSTILE and len(rows) == 4
    assert all(row["patient"] == "patient 1" for row in rows)


def test_error_of_the_server_is_shown(browser, server):
    browser.open(server.url)
    browser.run(DROP, [["x.png", ""]] * 201)
    browser.wait_for("at most 200 pictures")


def test_text_that_is_dropped_leaves_the_answer_on_its_way(browser, server):
    browser.open(server.url)
    browser.run(HOLD)
    browser.run(DROP, [["x.png", ""]])
    browser.wait_for("Answering for 1 picture")
    browser.run(DROP, [])  # No files, as of a text.
    browser.run("finish()")
    browser.wait_for("here it is", seconds=10)


def test_caveats_and_report_are_one_click_away(browser, server):
    browser.open(server.url)
    browser.run("document.getElementById('about').open = true")
    assert "Weights (SHA-256)" in browser.text()
    assert browser.run("return document.querySelector('a[href=\"/report\"]').innerText")
