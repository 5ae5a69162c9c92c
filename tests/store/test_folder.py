import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nearspace.encoders.subwords import SubwordEncoder
from nearspace.errors import (
    DimensionError,
    DuplicateKeyError,
    FormatVersionError,
    InputError,
    MissingInputError,
    NotASpaceError,
    OutputError,
)
from nearspace.keys import Keys
from nearspace.space import Recipe, Space, norms_of
from nearspace.store.folder import open_space, save


def space(n=50, dim=4, *, seed=0, **more):
    vectors = np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)
    return Space(Keys(f"wörd{row}" for row in range(n)), vectors, **more)


def full_space():
    rng = np.random.default_rng(5)
    words = Keys(f"wörd{row}" for row in range(30))
    encoder = SubwordEncoder(
        rng.normal(size=(40, 4)).astype(np.float32),
        buckets=40,
        words=words,
        word_rows=rng.normal(size=(30, 4)).astype(np.float32),
    )
    return Space(
        words,
        encoder.encode(words.names()),
        metric="dot",
        columns={"count": np.arange(30)[::-1].copy(), "label": np.array(["a", "bé", ""] * 10)},
        encoder=encoder,
        recipe=Recipe(
            "subwords", {"dim": 4, "deep": {"a": [1, None]}}, 7, "ab", {"x": "1"}, 1.5, (Recipe("first"),)
        ),
        state={"context": rng.normal(size=(30, 4)).astype(np.float32), "step": np.array(7)},
    )


def rows_folder(target):
    """Give the one set of mapped rows of a saved Space."""
    (found,) = (target / "index").iterdir()
    return found


def no_leftovers(folder):
    return [entry for entry in os.listdir(folder) if entry.startswith(".")] == []


def test_round_trip_of_everything(tmp_path):
    made = full_space()
    save(made, tmp_path / "a.space")
    found = open_space(tmp_path / "a.space")
    assert found.name == "a"
    assert found.keys == made.keys
    assert [found.keys.find(key) for key in made.keys] == list(range(30))
    assert np.array_equal(found.vectors, made.vectors)
    assert np.array_equal(found.norms, made.norms)
    assert found.metric == "dot"
    assert found.recipe.to_json() == made.recipe.to_json()
    assert list(found.columns) == ["count", "label"]
    assert found.columns["count"].dtype == np.int64
    assert found.columns["count"].tolist() == list(range(29, -1, -1))
    assert found.columns["label"].tolist() == ["a", "bé", ""] * 10
    assert {name: array.tolist() for name, array in found.state.items()} == {
        name: array.tolist() for name, array in made.state.items()
    }
    assert found.encoder.kind == "subwords"
    assert found.encoder.fingerprint == made.encoder.fingerprint
    words = ["wörd3", "unseen", ""]
    assert np.array_equal(found.encoder.encode(words), made.encoder.encode(words))
    assert no_leftovers(tmp_path)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True, max_size=5),
    dim=st.integers(1, 4),
    data=st.data(),
)
def test_round_trip_of_any_keys_and_floats(tmp_path, names, dim, data):
    floats = st.floats(width=32, allow_nan=True, allow_infinity=True)
    rows = data.draw(
        st.lists(st.lists(floats, min_size=dim, max_size=dim), min_size=len(names), max_size=len(names))
    )
    vectors = np.array(rows, dtype=np.float32).reshape(len(names), dim)
    target = tmp_path / "any.space"
    with np.errstate(all="ignore"):
        save(Space(Keys(names), vectors), target, overwrite=True)
        shutil.rmtree(target / "index")  # the road over the table as well
        found = open_space(target)
    assert found.keys.names() == names
    assert found.vectors.tobytes() == vectors.tobytes()
    assert [found.keys.find(name) for name in names] == list(range(len(names)))


def test_take_reads_single_rows_in_order(tmp_path):
    save(full_space(), tmp_path / "a.space")
    columns = open_space(tmp_path / "a.space").columns
    taken = columns.take(np.array([5, 0, 5]))
    assert taken["count"].tolist() == [24, 29, 24]
    assert taken["label"].tolist() == ["", "a", ""]
    assert list(columns.take([1], names=["label"])) == ["label"]
    assert columns["count"][0] == 29
    assert columns.take([1], names=["count"])["count"].tolist() == [28]
    with pytest.raises(KeyError):
        columns["other"]


def test_columns_of_many_types_and_missing_values(tmp_path):
    columns = {
        "flag": np.array([True, False]),
        "small": np.array([1, -1], dtype=np.int8),
        "real": np.array([0.5, np.nan]),
        "day": np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[s]"),
        "text": np.array(["x", None], dtype=object),
        "tags": np.array([None, None], dtype=object),
    }
    columns["tags"][0], columns["tags"][1] = ["a"], ["b", "c"]
    save(space(2, columns=columns), tmp_path / "a.space")
    found = open_space(tmp_path / "a.space").columns
    assert found["flag"].tolist() == [True, False]
    assert found["small"].dtype == np.int8
    assert np.array_equal(found["real"], columns["real"], equal_nan=True)
    assert found["day"].astype("datetime64[s]").tolist() == columns["day"].tolist()
    assert found["text"].tolist() == ["x", None]
    assert [list(tags) for tags in found["tags"]] == [["a"], ["b", "c"]]


def test_opening_imports_no_table_packages(tmp_path):
    save(full_space(), tmp_path / "a.space")
    program = (
        "import sys, nearspace; s = nearspace.open(sys.argv[1]); s['wörd3']; s.norms[3]; s.encoder.dim;"
        "print(sorted(set(sys.modules) & {'lance', 'pyarrow', 'numba', 'safetensors', 'pandas'}))"
    )
    run = [sys.executable, "-c", program, str(tmp_path / "a.space")]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_arrays_are_maps_and_read_only(tmp_path):
    save(space(), tmp_path / "a.space")
    found = open_space(tmp_path / "a.space")
    for array in (found.vectors, found.norms, found.keys.data, found.keys.hashes, found.keys.order):
        assert not array.flags.writeable
        assert not array.flags.owndata


def test_existing_output_is_kept_unless_told(tmp_path):
    target = tmp_path / "a.space"
    save(space(seed=1), target)
    with pytest.raises(OutputError, match=r"a\.space' exists already\n.*overwrite=True"):
        save(space(seed=2), target)
    assert np.array_equal(open_space(target).vectors, space(seed=1).vectors)
    save(space(60, seed=2), target, overwrite=True)
    assert np.array_equal(open_space(target).vectors, space(60, seed=2).vectors)
    assert no_leftovers(tmp_path)


@pytest.mark.parametrize("kind", ["file", "folder", "empty", "other json"])
def test_what_is_not_a_space_is_never_replaced(tmp_path, kind):
    target = tmp_path / "photos"
    if kind == "file":
        target.write_text("precious")
    else:
        target.mkdir()
    if kind == "folder":
        (target / "a.jpg").write_text("precious")
    if kind == "other json":
        (target / "space.json").write_text('{"format": "rocket"}')
    before = sorted(path.name for path in tmp_path.rglob("*"))
    with pytest.raises(OutputError, match="never replaced"):
        save(space(), target, overwrite=True)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_saving_over_the_mapped_space_itself(tmp_path):
    target = tmp_path / "a.space"
    made = full_space()
    save(made, target)
    opened = open_space(target)
    save(opened, target, overwrite=True)
    assert np.array_equal(opened.vectors, made.vectors)
    assert opened.keys == made.keys
    assert opened.columns["label"].tolist() == made.columns["label"].tolist()
    assert np.array_equal(opened.state["context"], made.state["context"])
    again = open_space(target)
    assert again.encoder.fingerprint == made.encoder.fingerprint
    assert np.array_equal(again.vectors, made.vectors)
    assert again.columns["count"].tolist() == made.columns["count"].tolist()


def test_parts_of_a_replaced_space_are_not_mixed_up(tmp_path):
    target = tmp_path / "a.space"
    save(full_space(), target)
    opened = open_space(target)
    other = full_space()
    other.encoder.rows[0] += 1
    save(other, target, overwrite=True)
    assert opened.columns["count"].tolist() == full_space().columns["count"].tolist()
    with pytest.raises(InputError, match="replaced after the Space was opened"):
        opened.state["context"]
    with pytest.raises(InputError, match="holds encoder"):
        opened.encoder.encode(["a"])
    assert np.array_equal(opened.vectors, full_space().vectors)


def test_missing_arrays_are_made_anew(tmp_path):
    target = tmp_path / "a.space"
    made = full_space()
    save(made, target)
    for name in sorted(file.name for file in rows_folder(target).iterdir()):
        for damage in ("missing", "truncated", "flipped"):
            victim = rows_folder(target) / name
            content = victim.read_bytes()
            if damage == "missing":
                victim.unlink()
            else:
                flipped = content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]
                victim.write_bytes(content[: len(content) // 2] if damage == "truncated" else flipped)
            found = open_space(target)
            assert np.array_equal(found.vectors, made.vectors), (name, damage)
            assert np.array_equal(found.norms, made.norms)
            assert found.keys == made.keys
            assert found.columns["label"].tolist() == made.columns["label"].tolist()
            if name != "rows.json":
                assert (rows_folder(target) / name).read_bytes() == content
    shutil.rmtree(target / "index")
    assert np.array_equal(open_space(target).vectors, made.vectors)
    assert no_leftovers(target)


def test_arrays_follow_the_table(tmp_path):
    import lance
    import pyarrow as pa

    target = tmp_path / "a.space"
    save(space(3, dim=2, columns={"count": np.arange(3)}), target)
    table = lance.dataset(str(target / "items.lance"))
    row = {"key": ["new"], "vector": [[3.0, 4.0]], "count": [9]}
    row |= {"content_hash": [None], "encoder_fingerprint": [None]}
    lance.write_dataset(pa.table(row, schema=table.schema), str(target / "items.lance"), mode="append")
    lance.dataset(str(target / "items.lance")).delete("key = 'wörd1'")
    found = open_space(target)
    assert found.keys.names() == ["wörd0", "wörd2", "new"]
    assert found["new"].tolist() == [3.0, 4.0]
    assert found.norms[2] == 5.0
    assert found.columns["count"].tolist() == [0, 2, 9]
    assert found.columns.take([2])["count"].tolist() == [9]


def test_arrays_of_another_space_are_noticed(tmp_path):
    save(space(seed=1), tmp_path / "a.space")
    save(space(seed=2), tmp_path / "b.space")
    shutil.rmtree(tmp_path / "a.space" / "index")
    shutil.copytree(tmp_path / "b.space" / "index", tmp_path / "a.space" / "index")
    assert np.array_equal(open_space(tmp_path / "a.space").vectors, space(seed=1).vectors)


def test_duplicate_keys_in_the_table(tmp_path):
    import lance

    target = tmp_path / "a.space"
    save(space(3), target)
    table = lance.dataset(str(target / "items.lance"))
    lance.write_dataset(table.to_table(), str(target / "items.lance"), mode="append")
    with pytest.raises(
        DuplicateKeyError, match=r"table of .*a\.space': key 'wörd[012]' of row [345] is already"
    ):
        open_space(target)


def test_opening_what_is_no_space(tmp_path):
    with pytest.raises(MissingInputError, match=r"nothing' does not exist"):
        open_space(tmp_path / "nothing")
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        NotASpaceError, match=r"folder' is not a Space: it has no space.json\nName the folder"
    ):
        open_space(tmp_path / "folder")
    (tmp_path / "vectors.txt").write_text("1 1\na 1\n")
    with pytest.raises(NotASpaceError, match=r"is a file, and a Space is a folder\n.*nearspace convert"):
        open_space(tmp_path / "vectors.txt")
    save(space(), tmp_path / "a.space")
    shutil.rmtree(tmp_path / "a.space" / "items.lance")
    with pytest.raises(NotASpaceError, match=r"a\.space' has no table items\.lance"):
        open_space(tmp_path / "a.space")


def test_newer_format(tmp_path):
    save(space(), tmp_path / "a.space")
    about = tmp_path / "a.space" / "space.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "format_version": 9}))
    with pytest.raises(
        FormatVersionError, match=r"has format version 9, .* reads up to 1\nUpgrade with: pip"
    ):
        open_space(tmp_path / "a.space")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda values: "", "Expecting value"),
        (lambda values: json.dumps(values)[:40], "delimiter"),
        (lambda values: "[1]", "not a JSON object"),
        (lambda values: json.dumps({**values, "dim": "many"}), "'dim'|not supported"),
        (lambda values: json.dumps({**values, "metric": "taxi"}), "'metric'"),
        (lambda values: json.dumps({name: values[name] for name in values if name != "recipe"}), "'recipe'"),
        (lambda values: json.dumps({name: values[name] for name in values if name != "format"}), "lacks"),
    ],
)
def test_damaged_description(tmp_path, change, message):
    save(space(), tmp_path / "a.space")
    about = tmp_path / "a.space" / "space.json"
    about.write_text(change(json.loads(about.read_text())))
    with pytest.raises(NotASpaceError, match=rf"space\.json' is damaged: .*({message})"):
        open_space(tmp_path / "a.space")


def test_damaged_table(tmp_path):
    save(full_space(), tmp_path / "a.space")
    for part in (tmp_path / "a.space" / "items.lance" / "data").iterdir():
        part.write_bytes(part.read_bytes()[:-50])
    found = open_space(tmp_path / "a.space")  # the arrays are sound
    assert found.columns["count"].tolist() == full_space().columns["count"].tolist()
    with pytest.raises(InputError, match=r"items\.lance/data/.*' is damaged: .*\nRestore"):
        found.origin.matching("count > 3")
    shutil.rmtree(tmp_path / "a.space" / "index")
    with pytest.raises(InputError, match=r"items\.lance/data/.*' is damaged: "):
        open_space(tmp_path / "a.space")
    (tmp_path / "a.space" / "checks.jsonl").unlink()
    with pytest.raises(InputError, match=r"items\.lance' cannot be read: "):
        open_space(tmp_path / "a.space")


@pytest.mark.parametrize("size", [0, 4, 20, 300])
def test_truncated_state(tmp_path, size):
    save(full_space(), tmp_path / "a.space")
    file = tmp_path / "a.space" / "training" / "state.safetensors"
    file.write_bytes(file.read_bytes()[:size])
    found = open_space(tmp_path / "a.space")
    with pytest.raises(InputError, match=r"state\.safetensors' is no sound safetensors file"):
        found.state["context"]


@pytest.mark.parametrize("part", ["subwords.json", "subwords.safetensors"])
def test_damaged_encoder(tmp_path, part):
    save(full_space(), tmp_path / "a.space")
    (tmp_path / "a.space" / "encoder" / part).write_bytes(b"{}")
    with pytest.raises(InputError, match=r"encoder|safetensors"):
        open_space(tmp_path / "a.space").encoder.encode(["a"])


def test_unknown_encoder(tmp_path):
    save(full_space(), tmp_path / "a.space")
    about = tmp_path / "a.space" / "space.json"
    about.write_text(about.read_text().replace('"subwords"', '"telepathy"'))
    found = open_space(tmp_path / "a.space")
    assert found.encoder.kind == "telepathy"
    known = r"kind 'telepathy'.*\nKnown kinds: .*external, recommender, static, tokens, subwords"
    with pytest.raises(InputError, match=known):
        found.encoder.encode(["a"])


def test_what_cannot_be_stored(tmp_path):
    target = tmp_path / "a.space"
    with pytest.raises(InputError, match=r"column name 'vector' is reserved\nRename it"):
        save(space(columns={"vector": np.arange(50)}), target)
    with pytest.raises(InputError, match="column 'count' has 3 values for 50 rows"):
        save(space(columns={"count": np.arange(3)}), target)
    with pytest.raises(InputError, match=r"column 'mixed' cannot be written: .*\nGive all"):
        save(space(2, columns={"mixed": np.array([1, "a"], dtype=object)}), target)
    with pytest.raises(InputError, match="column 'grid' has shape"):
        save(space(2, columns={"grid": np.zeros((2, 2))}), target)
    with pytest.raises(InputError, match="recipe of the Space cannot be written as JSON"):
        save(space(recipe=Recipe("x", {"function": print})), target)
    with pytest.raises(InputError, match="without components"):
        save(space(dim=0), target)
    with pytest.raises(InputError, match="array 'bad' is <U1"):
        save(space(state={"bad": np.array(["a"])}), target)
    with pytest.raises(DimensionError, match="encoder makes vectors of 4, the Space has 3"):
        save(Space(Keys(["a"]), np.ones((1, 3), np.float32), encoder=full_space().encoder), target)
    assert os.listdir(tmp_path) == []


def test_norms_known_beforehand_are_kept(tmp_path):
    made = space(3, stored_norms=np.array([1, 2, 3], dtype=np.float32))
    save(made, tmp_path / "a.space")
    assert open_space(tmp_path / "a.space").norms.tolist() == [1, 2, 3]


def test_derived_arrays_are_the_same_bytes_every_time(tmp_path):
    for name in "ab":
        save(full_space(), tmp_path / name)
    for part in ("vectors.npy", "keys.order.npy", "columns.arrow"):
        assert (rows_folder(tmp_path / "a") / part).read_bytes() == (
            rows_folder(tmp_path / "b") / part
        ).read_bytes()
    for part in ("training/state.safetensors", "space.json"):
        assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()
    for part in ("encoder/subwords.safetensors", "encoder/subwords.json"):
        assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()


def test_large_blocks_meet_without_seams(tmp_path):
    made = space(3000, dim=1200)  # 14 MB: several batches of the table and blocks of the map
    save(made, tmp_path / "a.space")
    assert np.array_equal(open_space(tmp_path / "a.space").vectors, made.vectors)
    shutil.rmtree(tmp_path / "a.space" / "index")
    found = open_space(tmp_path / "a.space")
    assert np.array_equal(found.vectors, made.vectors)
    assert np.array_equal(found.norms, norms_of(made.vectors))
