"""Keys in bulk and KeyPlaces against plain Python, with hashes that collide."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nearspace import keys as keys_module
from nearspace.keys import Keys
from nearspace.store.names import KeyPlaces

NAMES = st.lists(st.text("abé", max_size=3), unique=True, max_size=12)


@pytest.fixture(params=[2**64, 3, 1], ids=["hashes", "few hashes", "one hash"])
def hashes(request, monkeypatch):
    real = keys_module.hash_names
    modulus = request.param
    if modulus < 2**64:
        monkeypatch.setattr(
            keys_module, "hash_names", lambda data, offsets: real(data, offsets) % np.uint64(modulus)
        )
    return modulus


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=NAMES, other=NAMES, data=st.data())
def test_find_all_select_and_join(hashes, one, other, data):
    found = Keys(one).find_all(Keys(other))
    assert found.tolist() == [one.index(name) if name in one else -1 for name in other]
    rows = data.draw(st.permutations(range(len(one))))[: data.draw(st.integers(0, len(one)))]
    chosen = Keys(one).select(np.array(rows, dtype=np.int64))
    assert chosen.names() == [one[row] for row in rows]
    rest = [name for name in other if name not in chosen.names()]
    joined = Keys.join([chosen, Keys(rest)])
    names = chosen.names() + rest
    assert joined.names() == names
    assert joined.find_all(Keys(names)).tolist() == list(range(len(names)))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=NAMES, changes=st.lists(st.tuples(NAMES, st.booleans()), max_size=6), asked=NAMES)
def test_places_of_keys_under_changes(hashes, first, changes, asked):
    places = KeyPlaces(Keys(first), np.arange(len(first), dtype=np.uint64))
    model = {name: row for row, name in enumerate(first)}
    for step, (names, there) in enumerate(changes, 1):
        new = 100 * step + np.arange(len(names)) if there else np.full(len(names), -1)
        places.set(Keys(names), new.astype(np.int64))
        model |= dict(zip(names, new.tolist(), strict=True))
    assert places.find(Keys(asked)).tolist() == [model.get(name, -1) for name in asked]
