"""Counts the faults whose checks held, and tells them at the end."""

from collections import Counter

import numpy as np
import pytest
from tests.faults.numbered import rows_of, vectors_of

from nearspace.keys import Keys
from nearspace.space import Space
from nearspace.store.changes import delete, upsert
from nearspace.store.folder import save

FAULTS = pytest.StashKey[Counter]()


def pytest_configure(config):
    config.stash[FAULTS] = Counter()


@pytest.fixture(scope="session")
def faults(pytestconfig):
    """Counter: name of an operation -> how often it was killed."""
    return pytestconfig.stash[FAULTS]


@pytest.fixture
def target(tmp_path):
    """A Space of 60 rows in three versions, with two deletion files."""
    names = [str(number) for number in range(50)]
    columns = {"n": np.arange(50)}
    save(Space(Keys(names), vectors_of(names), columns=columns), tmp_path / "a.space")
    upsert(tmp_path / "a.space", rows_of([str(number) for number in range(100, 115)]))
    delete(tmp_path / "a.space", ["3", "7", "101", "102", "103"])
    return tmp_path / "a.space"


def pytest_terminal_summary(terminalreporter, config):
    counts = config.stash[FAULTS]
    if counts:
        listed = ", ".join(f"{number} in {name}" for name, number in sorted(counts.items()))
        failed = [one for one in terminalreporter.stats.get("failed", []) if "faults" in one.nodeid]
        verdict = f"{len(failed)} tests of faults FAILED" if failed else "every acknowledged row was there"
        terminalreporter.write_line(f"faults: {counts.total()} kills: {listed}; {verdict}")
