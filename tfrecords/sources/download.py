"""Fetches C-NMC 2019 from Kaggle, and checks every file against the published list."""

import tarfile
import zipfile
import zlib
from pathlib import Path

from tfrecords.progress import Progress
from tfrecords.sources.cnmc import SourceError, survey
from tfrecords.sources.published import compare_with_published, describe_comparison
from tfrecords.sources.tree import walk
from tfrecords.store.manifest import digest_file

KAGGLE_NAME = "andrewmvd/leukemia-classification"  # Kaggle's name of it.
KAGGLE_PAGE = f"https://www.kaggle.com/datasets/{KAGGLE_NAME}"
_LABELS = "C-NMC_test_prelim_phase_data_labels.csv"
_LABELS_SHA256 = "3f5d770a51017f242db857e178de5341f294e38fff82c266a1a8d292c9fc3d0d"
_SHOWN = 10  # Files listed in one message; the others are only counted.
_BY_HAND = f"or use a browser:\n  {KAGGLE_PAGE},\n  unpack what you get, and pass --source FOLDER"
_ACCOUNT = (
    "Make a token of a free account at https://www.kaggle.com/settings, and set the variable\n"
    f"  KAGGLE_API_TOKEN to it or save it as ~/.kaggle/access_token; {_BY_HAND}"
)
_ON_STATUS = {
    401: f"it does not know the account, or none was given. {_ACCOUNT}",
    403: f"it wants an account, or the consent of one to the licence. {_ACCOUNT}",
    404: f"there is no such data set any more. Look for it at {KAGGLE_PAGE}",
    429: "it was asked too often. Wait an hour and run the same command again",
}
_BROKEN_ARCHIVE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError)

_NO_ARCHIVE = "Unsupported archive type"  # Kagglehub's words of a ValueError.


class DownloadError(ValueError):
    """The data set could not be fetched as it was published; the message says what to do."""


def download_cnmc(*, progress: Progress) -> Path:
    """Fetch the data set into kagglehub's cache, unless it is there, and check every file.

    The cache is the folder that the variable KAGGLEHUB_CACHE names, or ~/.cache/kagglehub. An
    archive that was fetched in part is continued; so is one whose connection breaks meanwhile, as
    long as each connection brings some more of it.

    Args:
        progress: Wraps the files while they are checked; kagglehub shows its own bar before.

    Returns:
        The folder that holds the images.

    Raises:
        DownloadError: There is no connection or no account, the archive is damaged, the disk is
            full, or a file is not as published.
    """
    folder = _fetch()
    _check_files(folder, progress)
    return folder


def _fetch() -> Path:
    import kagglehub  # It takes half a second, and has its own handler of log messages.
    import requests
    from kagglehub.exceptions import DataCorruptionError

    num_bytes = _num_archived_bytes()
    while True:
        try:
            return Path(kagglehub.dataset_download(KAGGLE_NAME))
        except requests.HTTPError as error:
            raise DownloadError(
                _describe_answer(getattr(error.response, "status_code", 0))
            ) from error
        except requests.RequestException as error:
            before, num_bytes = num_bytes, _num_archived_bytes()
            if num_bytes <= before:
                raise DownloadError(_describe_break(error, num_bytes)) from error
        except (*_BROKEN_ARCHIVE, DataCorruptionError) as error:
            raise _broken_archive() from error
        except OSError as error:
            raise DownloadError(
                f"The files from Kaggle could not be written: {error}. They need 10 GB, and their "
                f"archive as well;\n  the variable KAGGLEHUB_CACHE names another folder for them "
                f"than {_cache()}"
            ) from error
        except Exception as error:  # kagglehub raises what its client meets, of many kinds.
            if str(error).startswith(_NO_ARCHIVE):
                raise _broken_archive() from error
            raise DownloadError(
                f"kagglehub could not fetch the data set: {type(error).__name__}: {error}\n  "
                f"Repair that, {_BY_HAND}"
            ) from error


def _describe_answer(status: int) -> str:
    later = f"that is its own trouble. Run the same command again later, {_BY_HAND}"
    return f"Kaggle answers {status}: {_ON_STATUS.get(status, later)}"


def _describe_break(error: Exception, num_bytes: int) -> str:
    kept = f"\n  {num_bytes:,} bytes of the archive are kept in {_cache()}." if num_bytes else ""
    copies = sorted(path for path in _cache().glob("versions/*") if path.is_dir())
    copy = f"\n  What was fetched before can be packed: --source {copies[-1]}" if copies else ""
    return (
        f"No connection to Kaggle, or it broke ({type(error).__name__}).{kept}\n  Run the same "
        f"command again with a network: it goes on from there; {_BY_HAND}{copy}"
    )


def _cache() -> Path:
    from kagglehub.config import get_cache_folder

    return Path(get_cache_folder(), "datasets", *KAGGLE_NAME.split("/"))


def _num_archived_bytes() -> int:
    return sum(path.stat().st_size for path in _cache().glob("*.archive"))


def _broken_archive() -> DownloadError:
    """Remove the archive, or the next call would take it for complete; return the error."""
    for path in _cache().glob("*.archive"):
        path.unlink()
    return DownloadError(
        "The archive from Kaggle was damaged and is removed. Run the same command again"
    )


def _check_files(folder: Path, progress: Progress) -> None:
    """Check the images and the table of labels; all of them have to be as published."""
    try:
        images = survey(folder).images
    except SourceError as error:
        raise DownloadError(f"{error}\n  {_fetch_again(folder)}") from error
    digests = {
        image.name: digest_file(image.path)
        for image in progress(images, "checking files", len(images))
    }
    comparison = compare_with_published(digests)
    bad = [
        f"{name}: {status}"
        for status in ("changed", "unknown", "missing")
        for name in getattr(comparison, status)
    ]
    tables = [path for path in walk(folder).files if path.name == _LABELS]
    if [digest_file(path) for path in tables] != [_LABELS_SHA256]:
        bad.insert(0, f"{_LABELS}: {'changed' if tables else 'missing'}")
    if bad:
        rest = [f"and {len(bad) - _SHOWN:,} more"] if len(bad) > _SHOWN else []
        headline = f"Not the published data set. {describe_comparison(comparison)}"
        raise DownloadError("\n  ".join([headline, *bad[:_SHOWN], *rest, _fetch_again(folder)]))


def _fetch_again(folder: Path) -> str:
    return f"Remove {folder} and run the same command again: it is fetched anew."
