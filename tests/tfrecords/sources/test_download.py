"""The data set comes from Kaggle whole and as published, or one error says what to do.

kagglehub's own client talks to a server on this machine, with an archive of a few images.
"""

import io
import runpy
import sys
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, noise
from tests.kaggle_server import StandIn, running
from tfrecords.progress import untold
from tfrecords.sources import download, published
from tfrecords.sources.cnmc import find_images
from tfrecords.sources.download import DownloadError, download_cnmc
from tfrecords.store.manifest import digest_file
from tfrecords.synthetic.write import encode_bmp


@pytest.fixture(scope="module")
def published_files(tmp_path_factory) -> Path:
    """Six training images of six patients and two of the preliminary phase, as Kaggle has them."""
    root = tmp_path_factory.mktemp("published") / "C-NMC_Leukemia"
    names = [f"fold_0/all/UID_{n}_1_1_all.bmp" for n in (1, 2, 3)]
    names += [f"fold_1/hem/UID_H{n}_1_1_hem.bmp" for n in (1, 2, 3)]
    names = [f"training_data/{name}" for name in names]
    phase = "validation_data/C-NMC_test_prelim_phase_data"
    names += [f"{phase}/{n}.bmp" for n in (1, 2)]
    for seed, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encode_bmp(noise(seed)))
    rows = [
        "Patient_ID,new_names,labels",
        "UID_8_1_1_all.bmp,1.bmp,1",
        "UID_H9_1_1_hem.bmp,2.bmp,0",
    ]
    (root / f"{phase}_labels.csv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture(scope="module")
def archive(published_files) -> bytes:
    """Of 5 MB, of which kagglehub writes 1 MiB at once."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for path in sorted(published_files.rglob("*.*")):
            packed.write(path, path.relative_to(published_files.parent))
    return file.getvalue()


@pytest.fixture
def cache(tmp_path, monkeypatch, published_files) -> Path:
    """An empty cache, no account, and those files in the place of the published ones."""
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    digests = {image.name: digest_file(image.path) for image in find_images(published_files)}
    monkeypatch.setattr(published, "read_published", lambda: digests)
    (table,) = published_files.rglob("*_labels.csv")
    monkeypatch.setattr(download, "_LABELS_SHA256", digest_file(table))
    return tmp_path / "cache/datasets" / download.KAGGLE_NAME


@pytest.fixture
def kaggle(archive, cache, monkeypatch):
    """A running stand-in, to which kagglehub goes."""
    from kagglehub import clients
    from kagglesdk import kaggle_env

    # It looks at the source of every function that calls it: a second below pytest.
    monkeypatch.setattr(clients, "get_user_agent", lambda: "kagglehub of a test")
    with running(StandIn(archive, hashed=archive)) as stand_in:
        address = f"http://127.0.0.1:{stand_in.port}"
        monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, address)
        yield stand_in


def fetch() -> Path:
    return download_cnmc(progress=untold)


def refused(reason: str) -> str:
    with pytest.raises(DownloadError, match=reason) as error:
        fetch()
    return str(error.value)


def test_data_set_is_fetched_once_and_as_published(kaggle, cache):
    folder = fetch()
    assert folder == cache / "versions/2"
    assert len(find_images(folder)) == 8
    assert fetch() == folder and kaggle.ranges == [None]  # The second call fetched nothing.
    assert kaggle.logins == [None] * len(kaggle.logins)


def test_connection_that_breaks_is_continued_as_long_as_it_brings_something(kaggle):
    kaggle.break_after = 1_500_000
    fetch()
    starts = [int(one.removeprefix("bytes=").removesuffix("-")) for one in kaggle.ranges if one]
    assert starts == [2**20 * n for n in range(1, len(starts) + 1)] and len(starts) >= 3


def test_next_call_continues_what_an_earlier_one_left(kaggle, cache, archive):
    kaggle.status = 503
    (cache / "2.archive").parent.mkdir(parents=True)
    (cache / "2.archive").write_bytes(archive[:1000])
    refused("Kaggle answers 503: that is its own trouble. Run the same command again later")
    kaggle.status = 200
    fetch()
    assert kaggle.ranges[-1] == "bytes=1000-"


def test_kill_while_it_is_unpacked_is_made_good(kaggle, cache, archive):
    fetch()
    (cache / "2.complete").unlink()
    (cache / "2.archive").write_bytes(archive)
    next(cache.rglob("*.bmp")).write_bytes(b"half")
    assert len(find_images(fetch())) == 8
    assert not (cache / "2.archive").exists()


def test_no_network_says_what_to_do(kaggle, cache, archive, monkeypatch):
    from kagglesdk import kaggle_env

    (cache / "2.archive").parent.mkdir(parents=True)
    (cache / "2.archive").write_bytes(archive[:1000])
    (cache / "versions/1").mkdir(parents=True)
    address = "http://127.0.0.1:9"  # Nobody listens there.
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, address)
    text = refused("No connection to Kaggle, or it broke")
    assert f"1,000 bytes of the archive are kept in {cache}" in text
    assert "Run the same command again" in text and download.KAGGLE_PAGE in text
    assert "pass --source FOLDER" in text and f"--source {cache / 'versions/1'}" in text


@pytest.mark.parametrize("status", [401, 403])
def test_no_account_says_where_to_get_one(kaggle, status):
    kaggle.status = status
    text = refused(f"Kaggle answers {status}: it .* account")
    for part in ("https://www.kaggle.com/settings", "KAGGLE_API_TOKEN", "--source"):
        assert part in text and download.KAGGLE_PAGE in text


def test_account_that_is_given_is_used(kaggle, monkeypatch):
    monkeypatch.setenv("KAGGLE_API_TOKEN", "a-token-of-a-test")
    fetch()
    assert set(kaggle.logins) == {"Bearer a-token-of-a-test"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": 404}, "answers 404: there is no such data set any more"),
        ({"status": 429}, "answers 429: it was asked too often. Wait"),
        (
            {"text": "<html>Welcome to our hotel</html>"},
            "No connection .*--source FOLDER",
        ),
        ({"archive": b"no archive" * 100}, "damaged and is removed. Run the same"),
        (
            {"archive": b"no archive" * 100, "checksum": False},
            "damaged and is removed. Run the same",
        ),
    ],
)
def test_other_trouble_is_one_error(kaggle, cache, change, reason):
    for name, value in change.items():
        setattr(kaggle, name, value)
    refused(f"(?s){reason}")
    assert not list(cache.glob("*.archive"))


def test_credentials_that_cannot_be_read_are_one_error(kaggle, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/kaggle.json").write_text("{")
    refused("kagglehub could not fetch .*: ValueError: Invalid Kaggle credentials file")


@pytest.mark.parametrize("hashed", [True, False])
def test_archive_that_changed_on_the_way_is_fetched_again(kaggle, archive, hashed):
    kaggle.hashed = archive if hashed else b""
    middle = len(archive) // 2
    kaggle.archive = archive[:middle] + b"x" * 50 + archive[middle + 50 :]
    refused("damaged and is removed")
    kaggle.archive = archive
    fetch()


def test_full_disk_is_one_error(kaggle, cache, monkeypatch):
    def full(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "extractall", full)
    text = refused("could not be written: .*No space left on device")
    assert "10 GB" in text and "KAGGLEHUB_CACHE" in text and str(cache) in text


def change_pixel(folder: Path) -> str:
    path = next(folder.rglob("UID_*.bmp"))
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    return f"train/{path.name}: changed"


def cut_file(folder: Path) -> str:
    path = next(folder.rglob("UID_*.bmp"))
    path.write_bytes(path.read_bytes()[:5000])
    return f"{path.name}: cut short"


def remove_image(folder: Path) -> str:
    path = next(folder.rglob("UID_*.bmp"))
    path.unlink()
    return f"train/{path.name}: missing"


def add_image(folder: Path) -> str:
    path = next(folder.rglob("UID_*_all.bmp"))
    path.with_name("UID_99_1_1_all.bmp").write_bytes(path.read_bytes())
    return "train/UID_99_1_1_all.bmp: unknown"


def change_labels(folder: Path) -> str:
    (table,) = folder.rglob("*_labels.csv")
    table.write_text(table.read_text() + "\n")
    return "C-NMC_test_prelim_phase_data_labels.csv: changed"


@pytest.mark.parametrize("spoil", [change_pixel, cut_file, remove_image, add_image, change_labels])
def test_file_that_is_not_as_published_is_named(kaggle, cache, spoil):
    folder = fetch()
    reason = spoil(folder)
    text = refused("(?s)not the published|Not the published|problems? in")
    assert reason in text and f"Remove {folder} and run the same command again" in text


def run_script(monkeypatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["make_tfrecords.py", *map(str, arguments)])
    runpy.run_path(str(ROOT / "scripts/make_tfrecords.py"), run_name="__main__")


def test_script_fetches_and_packs(kaggle, cache, tmp_path, monkeypatch, capfd):
    options = ("--folds", 3, "--workers", 1, "--no-scan")
    run_script(monkeypatch, "--download", "--records", tmp_path / "records", *options)
    out = capfd.readouterr().out
    assert f"every file as published: {cache / 'versions/2'}" in out
    assert "Byte for byte as published: all" in out
    assert (tmp_path / "records/manifest.json").is_file()


def test_script_ends_with_one_error(kaggle, tmp_path, monkeypatch):
    kaggle.status = 403
    with pytest.raises(SystemExit) as error:
        run_script(monkeypatch, "--download", "--records", tmp_path / "records")
    assert str(error.value).startswith("error: Kaggle answers 403: it wants an account")
    assert not (tmp_path / "records").exists()


@pytest.mark.parametrize(
    "others", [["--source", "x"], ["--verify", "x"], ["--refold", "5"], ["--layout", "folders"]]
)
def test_options_that_contradict_a_download_are_refused(others, monkeypatch, capsys):
    with pytest.raises(SystemExit) as error:
        run_script(monkeypatch, "--download", *others)
    assert error.value.code == 2 and "--download" in capsys.readouterr().err
