import json
import zipfile

import pytest

import nearspace as ns
from nearspace.errors import OutputError, SettingError
from nearspace.server.export import is_export


def test_a_folder_has_the_answers_of_the_server(saved, site, tmp_path):
    done = ns.export(saved, to=tmp_path / "page")
    files = {
        str(path.relative_to(tmp_path / "page")) for path in (tmp_path / "page").rglob("*") if path.is_file()
    }
    assert files == set(site.paths())
    assert (done.files, done.bytes) == (
        len(files),
        sum(path.stat().st_size for path in (tmp_path / "page").rglob("*") if path.is_file()),
    )
    assert json.loads((tmp_path / "page/data/index.json").read_text())["live"] is False
    for name in ("data/0/maps/pca/points.bin", "data/0/neighbors/0.bin", "data/0/rows/0.json"):
        assert (tmp_path / "page" / name).read_bytes() == site.answer(name).body


def test_a_zip_has_the_same_files_and_the_same_bytes_again(saved, site, tmp_path):
    ns.export(saved, to=tmp_path / "a.zip")
    ns.export(saved, to=tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == set(site.paths())


def test_only_an_export_is_replaced(saved, tmp_path):
    ns.export(saved, to=tmp_path / "page")
    assert is_export(tmp_path / "page")
    with pytest.raises(OutputError, match="exists"):
        ns.export(saved, to=tmp_path / "page")
    ns.export(saved, to=tmp_path / "page", overwrite=True)
    other = tmp_path / "other"
    other.mkdir()
    (other / "letter.txt").write_text("dear")
    with pytest.raises(OutputError):
        ns.export(saved, to=other, overwrite=True)
    assert (other / "letter.txt").read_text() == "dear"
    with pytest.raises(OutputError):
        ns.export(saved, to=tmp_path / "nowhere" / "page")


def test_an_export_that_fails_leaves_nothing(saved, tmp_path, monkeypatch):
    monkeypatch.setattr("nearspace.server.shown.ShownSpace.keys_bytes", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ns.export(saved, to=tmp_path / "page")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["planted.space"]


def test_neighbours_can_be_left_out(saved, tmp_path):
    ns.export(saved, to=tmp_path / "page", neighbors=0)
    assert not (tmp_path / "page/data/0/neighbors").exists()
    with pytest.raises(SettingError, match="neighbors is 101"):
        ns.export(saved, to=tmp_path / "more", neighbors=101)
