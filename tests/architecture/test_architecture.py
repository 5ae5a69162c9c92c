"""The laws of the tree, read from the source with `ast`; each is shown to fail on a tree that breaks it."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

import nearspace

ROOT = Path(nearspace.__file__).parent
PROJECT = Path(__file__).resolve().parents[2]
PACKAGE = "nearspace"

# from the bottom up; a part imports parts of lower layers only
LAYERS = (
    ("kernels", "errors", "optional", "files", "tensors"),
    ("space", "keys", "columns", "results", "protocols"),
    ("data", "engine"),
    ("encoders",),
    ("store",),
    ("learners", "index", "maps", "transfer"),
    ("search",),
    ("evaluation",),
    ("server", "sklearn"),
    ("cli",),
    ("__init__",),
)
# the only imports within a layer: (from, to)
SIBLINGS = {
    ("optional", "errors"),
    ("files", "errors"),
    ("tensors", "errors"),
    ("space", "keys"),
    ("space", "columns"),
    ("results", "columns"),
    ("space", "protocols"),
    ("results", "keys"),
    ("maps", "index"),
}
# rows of lookup tables that may name a part above, as they are imported on use: (from, to)
ROWS_UP = {
    ("data", "encoders"),  # a format that carries its encoder
}
HEIGHT = {part: height for height, layer in enumerate(LAYERS) for part in layer}

MOST_LINES = 400
MOST_FUNCTION_LINES = 60
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__"}
HEAVY = (
    "numba",
    "llvmlite",
    "pyarrow",
    "lance",
    "matplotlib",
    "rich",
    "click",
    "scipy",
    "sklearn",
    "openTSNE",
    "starlette",
    "uvicorn",
    "anywidget",
    "torch",
    "transformers",
    "tokenizers",
    "openvino",
    "huggingface_hub",
)


@dataclass(frozen=True)
class Import:
    """One import of a module of ours."""

    target: str
    line: int
    inside: bool  # a function


@dataclass(frozen=True)
class Module:
    """One source file of the package."""

    name: str  # "nearspace.index.exact"; a package is named like its folder
    path: Path
    all_names: frozenset[str]

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    @property
    def part(self) -> str:
        return part_of(self.name)

    def at(self, line: int) -> str:
        return f"{self.name}:{line}"

    @cached_property
    def imports(self) -> list[Import]:
        return [
            Import(target, node.lineno, inside)
            for node, inside in walk(self.tree)
            for target in self.targets(node)
        ]

    def targets(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if is_ours(name.name))
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and is_ours(node.module or ""):
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield full if full in self.all_names else str(node.module)

    @cached_property
    def tables(self) -> list[Import]:
        """Our modules named in strings, as lookup tables do; inside: not in an assignment of the module."""
        rows = [node for node in self.tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
        allowed = {id(part) for row in rows for part in ast.walk(row)}
        return [
            Import(node.value.split(":")[0], node.lineno, id(node) not in allowed)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if node.value.split(":")[0] in self.all_names - {PACKAGE}
        ]


def is_ours(name: str) -> bool:
    return name == PACKAGE or name.startswith(PACKAGE + ".")


def is_within(name: str, package: str) -> bool:
    return name.startswith(package + ".")


def part_of(name: str) -> str:
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def walk(node: ast.AST, inside: bool = False) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes below `node`, and whether each is inside a function."""
    for child in ast.iter_child_nodes(node):
        yield child, inside
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        yield from walk(child, inside or isinstance(child, functions))


def read(root: Path) -> list[Module]:
    """All modules below the folder of the package."""
    paths = sorted(root.rglob("*.py"))
    names = [
        ".".join([PACKAGE, *path.relative_to(root).with_suffix("").parts]).removesuffix(".__init__")
        for path in paths
    ]
    return [Module(name, path, frozenset(names)) for name, path in zip(names, paths, strict=True)]


Law = Callable[[list[Module]], Iterator[str]]


def every_part_has_a_place(modules: list[Module]) -> Iterator[str]:
    for part in sorted({module.part for module in modules} - set(HEIGHT)):
        yield f"{part} has no place in LAYERS"


def imports_go_down(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        rows = [row for row in module.tables if (module.part, part_of(row.target)) not in ROWS_UP]
        for found in [*module.imports, *rows]:
            here, there = module.part, part_of(found.target)
            if here == there or there == "__init__" or not {here, there} <= set(HEIGHT):
                continue
            if HEIGHT[there] > HEIGHT[here]:
                yield f"{module.at(found.line)} imports {found.target}, which lies above it"
            elif HEIGHT[there] == HEIGHT[here] and (here, there) not in SIBLINGS:
                yield f"{module.at(found.line)} imports {found.target}, which lies beside it"


def nobody_imports_the_root(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for found in module.imports:
            if found.target == PACKAGE:
                yield f"{module.at(found.line)} imports the root package"


def imports_are_absolute(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                yield f"{module.at(node.lineno)} has a relative import"


def nothing_of_ours_is_imported_in_a_function(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for found in module.imports:
            if found.inside:
                yield f"{module.at(found.line)} imports {found.target} inside a function"
        for found in module.tables:
            if found.inside and not is_within(module.name, found.target):  # its own package: for resources
                yield f"{module.at(found.line)} names {found.target} outside a table of the module"
        for node in ast.walk(module.tree):
            first = node.values[0] if isinstance(node, ast.JoinedStr) and node.values else None
            if isinstance(first, ast.Constant) and str(first.value).startswith(PACKAGE + "."):
                yield f"{module.at(node.lineno)} puts a module's name together"


def kernels_import_nothing_of_ours(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for found in module.imports:
            if module.part == "kernels" and part_of(found.target) != "kernels":
                yield f"{module.at(found.line)} imports {found.target}"


def there_is_no_cycle(modules: list[Module]) -> Iterator[str]:
    edges = {module.name: sorted({found.target for found in module.imports}) for module in modules}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> Iterator[str]:
        if name in trail:
            yield " -> ".join([*trail[trail.index(name) :], name])
        elif name not in done:
            for target in edges.get(name, ()):
                if target != name:
                    yield from visit(target, (*trail, name))
            done.add(name)

    for name in edges:
        yield from visit(name, ())


def files_are_short(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        lines = len(module.text.splitlines())
        if lines > MOST_LINES:
            yield f"{module.name} has {lines} lines"


def functions_are_short(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1 - docstring_lines(node)
                if lines > MOST_FUNCTION_LINES:
                    yield f"{module.at(node.lineno)} {node.name} has {lines} lines"


def docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return (first.end_lineno or 0) - first.lineno + 1 if is_text and isinstance(first.value.value, str) else 0


def only_the_command_line_prints(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for name, line in calls(module):
            if name == "print" and module.part != "cli":
                yield f"{module.at(line)} prints"


def nothing_unsafe_is_used(modules: list[Module]) -> Iterator[str]:
    for module in modules:
        for name, line in calls(module):
            if name in UNSAFE_CALLS:
                yield f"{module.at(line)} calls {name}"
        for node in ast.walk(module.tree):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                if name.split(".")[0] in UNSAFE_MODULES:
                    yield f"{module.at(node.lineno)} imports {name}"
            allows = isinstance(node, ast.keyword) and node.arg == "allow_pickle"
            if allows and not (isinstance(node.value, ast.Constant) and node.value.value is False):
                yield f"{module.at(node.value.lineno)} allows pickle"


def calls(module: Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id, node.lineno


LAWS: tuple[Law, ...] = (
    every_part_has_a_place,
    imports_go_down,
    nobody_imports_the_root,
    imports_are_absolute,
    nothing_of_ours_is_imported_in_a_function,
    kernels_import_nothing_of_ours,
    there_is_no_cycle,
    files_are_short,
    functions_are_short,
    only_the_command_line_prints,
    nothing_unsafe_is_used,
)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_package_keeps(law: Law) -> None:
    assert list(law(read(ROOT))) == []


def test_the_package_was_read() -> None:
    modules = {module.name: module for module in read(ROOT)}
    assert {"nearspace", "nearspace.space", "nearspace.search", "nearspace.search.nearest"} <= set(modules)
    targets = {found.target for found in modules["nearspace.search.nearest"].imports}
    assert {"nearspace.space", "nearspace.results", "nearspace.search.terms"} <= targets
    assert "nearspace.learners.verb" in {found.target for found in modules["nearspace"].tables}


@pytest.mark.parametrize("pair", sorted(SIBLINGS), ids="->".join)
def test_no_exception_is_kept_that_nobody_needs(pair: tuple[str, str]) -> None:
    here, there = pair
    if not any(module.part == here for module in read(ROOT)):
        pytest.skip(f"there is no {here} yet")
    found = (part_of(one.target) for module in read(ROOT) if module.part == here for one in module.imports)
    assert there in found


@pytest.mark.parametrize("pair", sorted(ROWS_UP), ids="->".join)
def test_no_row_upward_is_allowed_that_nobody_needs(pair: tuple[str, str]) -> None:
    assert pair in {(one.part, part_of(row.target)) for one in read(ROOT) for row in one.tables}


def long(lines: int, indent: str = "") -> str:
    return f"{indent}x = 1\n" * lines


# law -> (files that break it, what the law says)
BROKEN: dict[Law, list[tuple[dict[str, str], str]]] = {
    every_part_has_a_place: [({"attic.py": ""}, "attic has no place")],
    imports_go_down: [
        (
            {"index/exact.py": "from nearspace.search.nearest import nearest\n"},
            "exact:1 imports nearspace.search",
        ),
        ({"space.py": "import nearspace.store.folder\n"}, "space:1 imports nearspace.store.folder"),
        ({"store/a.py": "class A:\n    import nearspace.maps\n"}, "a:2 imports nearspace.maps"),
        ({"store/a.py": "TABLE = {'x': 'nearspace.search.nearest'}\n"}, "which lies above it"),
        ({"store/a.py": "ROWS = (Row('nearspace.search.nearest:f'),)\n"}, "which lies above it"),
        ({"learners/a.py": "from nearspace.index.exact import x\n"}, "which lies beside it"),
        ({"index/a.py": "from nearspace.maps import tsne\n"}, "which lies beside it"),
        ({"data/a.py": "if x:\n    from nearspace.engine import y\n"}, "which lies beside it"),
        ({"errors.py": "from nearspace.optional import require\n"}, "which lies beside it"),
    ],
    nobody_imports_the_root: [
        ({"maps/a.py": "import nearspace\n"}, "maps.a:1 imports the root"),
        ({"maps/a.py": "from nearspace import Space\n"}, "maps.a:1 imports the root"),
        ({"cli/a.py": "import nearspace as ns\n"}, "cli.a:1 imports the root"),
    ],
    imports_are_absolute: [({"maps/a.py": "from .b import c\n"}, "maps.a:1 has a relative import")],
    nothing_of_ours_is_imported_in_a_function: [
        (
            {"cli/a.py": "def f():\n    from nearspace.space import Space\n"},
            "cli.a:2 imports nearspace.space",
        ),
        ({"cli/a.py": "async def f():\n    if x:\n        import nearspace.space\n"}, "cli.a:3 imports"),
        (
            {"space.py": "", "cli/a.py": "def f():\n    load('nearspace.space')\n"},
            "cli.a:2 names nearspace.space",
        ),
        ({"cli/a.py": "def f(x):\n    load(f'nearspace.{x}')\n"}, "cli.a:2 puts a module's name together"),
    ],
    kernels_import_nothing_of_ours: [
        (
            {"kernels/a.py": "from nearspace.errors import InputError\n"},
            "kernels.a:1 imports nearspace.errors",
        )
    ],
    there_is_no_cycle: [
        (
            {
                "maps/a.py": "from nearspace.maps.b import x\n",
                "maps/b.py": "from nearspace.maps import c\n",
                "maps/c.py": "import nearspace.maps.a\n",
            },
            "nearspace.maps.a -> nearspace.maps.b -> nearspace.maps.c -> nearspace.maps.a",
        )
    ],
    files_are_short: [({"maps/a.py": long(401)}, "nearspace.maps.a has 401 lines")],
    functions_are_short: [
        ({"maps/a.py": "def f():\n" + long(60, "    ")}, "maps.a:1 f has 61 lines"),
        ({"maps/a.py": "class A:\n    def f(self):\n" + long(60, "        ")}, "maps.a:2 f has 61 lines"),
    ],
    only_the_command_line_prints: [({"maps/a.py": "def f():\n    print(1)\n"}, "maps.a:2 prints")],
    nothing_unsafe_is_used: [
        ({"cli/a.py": "import pickle\n"}, "cli.a:1 imports pickle"),
        ({"data/a.py": "def f():\n    from joblib.numpy_pickle import load\n"}, "data.a:2 imports joblib"),
        ({"data/a.py": "x = eval('1')\n"}, "data.a:1 calls eval"),
        ({"data/a.py": "np.load(p, allow_pickle=True)\n"}, "data.a:1 allows pickle"),
    ],
}

FINE = {
    "__init__.py": "from nearspace.search.nearest import search\nLAZY = {'map': 'nearspace.maps.verb'}\n",
    "errors.py": "",
    "optional.py": "from nearspace.errors import MissingExtraError\n",
    "kernels/__init__.py": "",
    "kernels/a.py": "import numba\nfrom nearspace.kernels.b import c\n",
    "kernels/b.py": "c = 1\n",
    "space.py": "from nearspace.errors import SettingError\n",
    "index/exact.py": "from nearspace.space import norms_of\ndef f():\n    '''a\\nb'''\n" + long(59, "    "),
    "maps/verb.py": "from nearspace.index.exact import f\n" + long(399),
    "search/nearest.py": "from nearspace.index.exact import f\ndef g():\n    import matplotlib\n",
    "maps/__init__.py": "",
    "maps/words.py": "def f():\n    files('nearspace.maps')\n",
    "cli/main.py": "from nearspace.maps.verb import f\nprint(1)\nnp.load(p, allow_pickle=False)\n",
}


def plant(folder: Path, files: dict[str, str]) -> list[Module]:
    for name, text in files.items():
        path = folder / PACKAGE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read(folder / PACKAGE)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_good_tree_keeps(law: Law, tmp_path: Path) -> None:
    assert list(law(plant(tmp_path, FINE))) == []


@pytest.mark.parametrize(
    ("law", "files", "says"),
    [(law, files, says) for law, cases in BROKEN.items() for files, says in cases],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_a_tree_that_breaks_the_law_is_caught(
    law: Law, files: dict[str, str], says: str, tmp_path: Path
) -> None:
    found = list(law(plant(tmp_path, {**FINE, **files})))
    assert len(found) == 1 and says in found[0], found


def test_every_law_is_shown_to_fail() -> None:
    assert set(BROKEN) == set(LAWS)


def loaded_after(code: str) -> set[str]:
    """Top-level packages that a fresh interpreter has loaded after running `code`."""
    script = f"import sys\n{code}\nprint('\\n'.join(sorted({{name.split('.')[0] for name in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import nearspace",  # how fast it is, is for the benchmarks to say
        "import nearspace as ns, numpy as np\n"
        "space = ns.Space(ns.Keys('abcd'), np.eye(4, dtype='f4'))\n"
        "ns.nearest(space, 'a'); ns.search(space, 'a', negative=['b']); ns.analogy(space, 'a', 'b', 'c')\n"
        "ns.similarity(space, 'a', 'b'); ns.doesnt_match(space, 'abc'.__iter__())",
    ],
    ids=["import", "search"],
)
def test_importing_and_searching_stay_light(code: str) -> None:
    loaded = loaded_after(code)
    assert {"nearspace", "numpy"} <= loaded
    assert not loaded & set(HEAVY)


def test_the_heavy_packages_would_be_seen() -> None:
    assert "click" in loaded_after("import nearspace.cli.main")


def public() -> list[str]:
    return sorted(nearspace.__all__)


@pytest.mark.parametrize("name", public())
def test_public_names_have_a_docstring(name: str) -> None:
    value = getattr(nearspace, name)
    text = inspect.getdoc(value) or ""
    assert text and text[0].isupper() and text.splitlines()[0].rstrip()[-1] in ".?:"
    if inspect.isclass(value):
        assert value.__doc__ and not value.__doc__.startswith(f"{name}("), (
            "a generated docstring says nothing"
        )


@pytest.mark.parametrize("name", public())
def test_public_names_are_in_the_docs(name: str) -> None:
    pages = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
    mentioned = re.compile(rf"\bns\.{name}\b|\bnearspace\.{name}\b|`{name}[`(]")
    assert any(mentioned.search(page.read_text("utf-8")) for page in pages), f"no page mentions {name}"
