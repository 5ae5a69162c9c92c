# Every target sets up what it needs in .venv first; nothing outside this folder is changed.
#   make demo     learn a Space from the text that ships with the project, measure, search and map it, and serve
#                 its page; SERVE=0 ends when the files are written
#   make test     check, then the whole suite, then the suite without the optional packages
#   make check    lint, format and types
#   make bench    the benchmarks, beside their peers (minutes to hours; see docs/benchmarks.md)
#   make venv     only the set-up
#   make clean    remove what the targets made, but for the environments (make distclean: those too)

PY := .venv/bin/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Matplotlib draws into files here, wherever this runs.
export MPLBACKEND := Agg

SERVE ?= 1
# Tests run on all cores; those of one file in order, on one of them, since they share what they set up.
SIDE_BY_SIDE := -n auto --dist loadfile

.PHONY: demo test test-core check browser bench venv clean distclean constraints

demo: .venv/ready
	$(PY) -m nearspace.cli.demo examples/data/encyclopedia.txt.xz demo-output $(if $(filter 0,$(SERVE)),--no-serve)

test: check browser .venv/texts
	$(PY) -m pytest $(SIDE_BY_SIDE)
	$(MAKE) --no-print-directory test-core

# The light core: the suite with no extra installed, without the slow tests that the run above has done.
test-core: .venv-core/ready
	.venv-core/bin/python -m pytest -q -m "not slow and not extras" $(SIDE_BY_SIDE)

check: .venv/ready
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

# Chromium, which the tests of the page drive; they are skipped, and say so, where it cannot be installed.
browser:
	tools/browser.sh

bench: .venv/ready
	$(PY) benchmarks/run.py

venv: .venv/ready

.venv/ready: pyproject.toml constraints.txt tools/venv.sh
	tools/venv.sh .venv -e '.[maps,graph,serve,notebook,packed,dev]'

# Models of texts on torch, which is large, and the frames that tables may be: the demo does without them.
.venv/texts: .venv/ready
	tools/venv.sh .venv -e '.[maps,graph,serve,notebook,packed,texts,dev]' pandas polars
	touch .venv/texts

.venv-core/ready: pyproject.toml constraints.txt tools/venv.sh
	tools/venv.sh .venv-core -e . pytest pytest-timeout pytest-xdist hypothesis psutil zstandard

# The versions that the suite was run with, of the packages that pyproject.toml asks for and of theirs.
constraints: .venv/ready
	$(PY) -m pip freeze --exclude-editable | grep -v '^nearspace' > constraints.txt

clean:
	rm -rf demo-output dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv .venv-core
