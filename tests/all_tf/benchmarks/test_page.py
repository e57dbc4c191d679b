"""The page under load: no request is lost, answers are predict.py's, memory does not grow."""

import json
import os

import pytest

from all_tf.benchmarks.page import benchmark_page
from tests.untrained import write_knowing_run

REQUESTS = int(os.environ.get("ALL_TF_PAGE_REQUESTS", "100"))  # 1000 takes some minutes.


@pytest.mark.slow
def test_page_under_load_loses_nothing_and_answers_as_predict_does(records, tmp_path):
    run = write_knowing_run(tmp_path / "run", records)
    figures = benchmark_page(run, num_requests=REQUESTS, num_clients=16)
    print(json.dumps(figures))
    assert figures["lost"] == 0 and figures["answers_that_differ"] == 0
    assert figures["largest_difference"] < 1e-6
    assert figures["end_mib"] < figures["warm_mib"] * 1.05
    assert figures["images_per_second"] > 0 and figures["predict_images_per_second"] > 0
