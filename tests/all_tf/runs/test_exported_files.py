"""Exported files are those that export.json lists, or verify says in what they differ."""

import json
from pathlib import Path

from all_tf.runs.exported_files import digests
from all_tf.runs.verification import verify


def write_export(folder):
    """Two exported files, one of them a folder, with their checksums."""
    (folder / "saved_model").mkdir(parents=True)
    files = ("model.onnx", "saved_model/saved_model.pb")
    for name in files:
        (folder / name).write_text(name)
    about = {"use": "x", "made_by": "x", "classes": ["HEM", "ALL"], "threshold": 0.5, "input": {}}
    listed = {name.split("/")[0]: {"sha256": digests(folder / name)} for name in files}
    about |= {"outputs": {}, "not_inside": "", "runs": [], "files": listed}
    (folder / "export.json").write_text(json.dumps(about))


def drift_of(folder: Path) -> str:
    return "\n".join(line for checked in verify(folder) for line in checked.drift)


def rewrite(path: Path, old: str, new: str) -> None:
    path.write_text(path.read_text().replace(old, new))


def test_exported_files_are_compared_with_export_json(tmp_path):
    write_export(tmp_path / "export")
    listed = tmp_path / "export/export.json"
    assert drift_of(tmp_path) == "" and [each.num_files for each in verify(tmp_path)] == [2]
    (tmp_path / "export/model.onnx").write_text("another network")
    (tmp_path / "export/saved_model/saved_model.pb").unlink()
    (tmp_path / "export/saved_model/more.pb").write_text("added")
    (tmp_path / "export/model.keras").write_text("of nobody")
    assert drift_of(tmp_path).splitlines() == [
        "model.onnx: model.onnx was changed since it was exported (SHA-256)",
        "saved_model: more.pb is not listed in export.json",
        "saved_model: saved_model.pb is missing",
        "model.keras: not listed in export.json",
    ]
    rewrite(listed, '"sha256"', '"sha1"')
    assert "model.onnx: export.json has no SHA-256 of such a file" in drift_of(tmp_path)
    rewrite(listed, '"use": "x", ', "")
    assert "export.json is damaged" in drift_of(tmp_path)
