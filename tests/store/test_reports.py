import numpy as np
import pytest

import nearspace as ns
from nearspace.errors import InputError, NotASpaceError, SettingError
from nearspace.results import Measure, Report
from nearspace.store.reports import keep_report, kept_reports

REPORT = Report("words", (Measure("a.b", 0.5, 0.4, 0.6, {"random": 0.1}, 20, 0.9),))


@pytest.fixture
def folder(tmp_path):
    ns.save(ns.Space(ns.Keys("ab"), np.eye(2, dtype=np.float32)), tmp_path / "x.space")
    return tmp_path / "x.space"


def test_a_report_comes_back(folder):
    keep_report(folder, "words", REPORT)
    keep_report(folder, "words", REPORT)
    assert kept_reports(folder) == {"words": REPORT}
    assert len(ns.open(folder)) == 2


def test_a_space_without_reports(folder):
    assert kept_reports(folder) == {}


def test_bad_names_folders_and_files(folder, tmp_path):
    with pytest.raises(NotASpaceError):
        keep_report(tmp_path, "words", REPORT)
    for name in ("", "../x", ".x", "a/b"):
        with pytest.raises(SettingError, match="the name of a report"):
            keep_report(folder, name, REPORT)
    (folder / "reports").mkdir()
    (folder / "reports" / "bad.json").write_text("{")
    with pytest.raises(InputError, match=r"bad\.json' is no report"):
        kept_reports(folder)
