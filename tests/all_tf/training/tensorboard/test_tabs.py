"""A real TensorBoard shows each kind of what a run wrote, in its tab."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from all_tf.training.prepared import Prepared
from all_tf.training.tensorboard.write import show_run
from tests.browser import Browser
from tests.shown_runs import OF, ROLES, note_epochs, result


@contextmanager
def served(logdir: Path) -> Iterator[str]:
    """The address of a TensorBoard of its own, once it has found everything to show."""
    options = ("--logdir", logdir, "--port", "0", "--host", "127.0.0.1")
    with subprocess.Popen(
        [sys.executable, "-m", "tensorboard.main", *options], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            (url,) = next(
                found for line in process.stderr if (found := re.findall(r"http://127\S+", line))
            )
            wanted = {"timeseries", "images", "pr_curves", "hparams", "projector"}
            deadline = time.monotonic() + 60
            while missing := wanted - active_plugins(url):
                assert time.monotonic() < deadline, f"TensorBoard has nothing for {missing}"
                time.sleep(0.3)
            yield url
        finally:
            # Its handler says so on stderr first. Closed, that is an error, and the server of a
            # request that is under way would catch it and go on.
            process.terminate()
            process.communicate(timeout=60)


def active_plugins(url: str) -> set[str]:
    with urlopen(f"{url}data/plugins_listing", timeout=30) as answer:
        return {name for name, plugin in json.load(answer).items() if plugin["enabled"]}


# Clicks on a tab as soon as there is one of that name.
CLICK = """
const tabs = [...document.querySelectorAll('.plugin-name')];
const tab = tabs.find((tab) => tab.textContent.trim() === arguments[0]);
tab?.click();
return Boolean(tab);
"""


# Elements of a kind in whatever shadow root: for images how wide they are, else how long paths are.
SIZES = """
const found = [];
const walk = (node) => {
  if (node.matches?.(arguments[0])) found.push(node.naturalWidth ?? node.getTotalLength());
  for (const child of [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes]) walk(child);
};
walk(document.body);
return found.length >= arguments[1] && found.every((size) => size > 0) ? found : null;
"""


@pytest.mark.slow
def test_tabs_of_a_real_tensorboard_show_the_runs(run, prepared, results, tmp_path):
    note_epochs(run.parent / "second")
    swapped = {role: result(prepared.data.selection, role, seed=7) for role in ROLES}
    show_run(run.parent / "second", prepared, swapped, amount="scalars")
    both = {"first": results, "second": swapped}
    with Browser(tmp_path) as browser, served(run.parent) as url:
        browser.open(url)
        check_time_series(browser, both)
        check_images(browser, both)
        check_precision_recall(browser, both)
        check_hparams(browser, both, folder=run.parent.name)
        check_projector(browser, prepared)
        query = "data/plugin/projector/sprite_image?name=pooled%20features"
        query += "&run=first/tensorboard/selection"
        with urlopen(url + query, timeout=30) as answer:
            assert (
                answer.read() == (run / "tensorboard/selection/projector/sprite.png").read_bytes()
            )


def check_time_series(browser: Browser, both: dict) -> None:
    text = browser.wait_for(
        r" f1 .* kappa .* learning_rate loss more ",  # From top to bottom.
        *(
            rf"{name}/tensorboard/{of} 0\.\d+ 0\.5 3 "  # Smoothed, value, step.
            for name in both
            for of in ("train", "selection")
        ),
    )
    assert "UID" not in text


def check_images(browser: Browser, both: dict) -> None:
    browser.until(CLICK, "images")
    browser.wait_for(
        r"tag: pictures, cells/learnt from step 3",
        *(
            rf"held out{re.escape(OF)}/{tag} {n}/tensorboard/selection"
            for n in both
            for tag in ("ROC", "patients")
        ),
    )
    assert 462 in browser.until(SIZES, "img[src*=individualImage]", 13)  # 4.2 inches.


def check_precision_recall(browser: Browser, both: dict) -> None:
    browser.until(CLICK, "PR Curves")
    browser.wait_for(
        *(rf"tag: {role}{re.escape(OF)}/pr_curves" for role in ROLES),
        *(f"{name}/tensorboard/selection is at step 3" for name in both),
    )


def check_hparams(browser: Browser, both: dict, *, folder: str) -> None:
    browser.until(CLICK, "hparams")
    browser.wait_for(
        *(
            rf"{folder}/{name} base_cnn hflip, mixup 48\.000 none 0\.0010000 "
            + " ".join(shown(said[role][1][key]) for key in ("f1", "kappa") for role in ROLES)
            for name, said in both.items()
        )
    )


def check_projector(browser: Browser, prepared: Prepared) -> None:
    browser.until(CLICK, "projector")
    num_cells = len(prepared.data.selection)
    browser.wait_for(
        rf"pooled features {num_cells}x{prepared.model.layers[-1].kernel.shape[0]}",
        rf"Points: {num_cells} Dimension: {prepared.model.layers[-1].kernel.shape[0]}",
        r"class 2 colors called 2 colors score \d+ .*colors patient \d+ colors",
    )


def shown(figure: float) -> str:
    """A pattern for a figure as the table of HParams has it: five digits, then zeros."""
    return re.escape(f"{figure:.5g}") + "0*"
