from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import nearspace.evaluation
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.proportion import Share
from nearspace.results import Measure

FOLDER = Path(nearspace.evaluation.__file__).parent


def test_only_evidence_makes_measures() -> None:
    makers = set()
    for file in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and "Measure" in (
                getattr(node.func, "id", ""),
                getattr(node.func, "attr", ""),
            ):
                makers.add(file.name)
    assert makers == {"evidence.py"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"baseline": {}}, "lacks a baseline or cases"),
        ({"n": 0}, "lacks a baseline or cases"),
        ({"coverage": 1.5}, "lacks a baseline or cases"),
        ({"value": float("nan")}, "not finite"),
        ({"low": float("nan")}, "not finite"),
        ({"baseline": {"random": float("inf")}}, "not finite"),
        ({"low": 0.7}, "interval from 0.7 to 0.6"),
    ],
)
def test_a_measure_without_evidence_cannot_be_made(changed: dict[str, object], message: str) -> None:
    whole = {"name": "x", "value": 0.5, "low": 0.4, "high": 0.6, "baseline": {"random": 0.0}, "n": 9}
    assert Measure(**whole).coverage == 1.0
    with pytest.raises(ValueError, match=message):
        Measure(**{**whole, **changed})


def test_a_figure_without_cases_or_baseline_is_refused() -> None:
    with pytest.raises(ValueError, match="rests on no case"):
        measured("x", Share(np.zeros(1), np.zeros(1), 5), {"random": 0.0}, seed=1, samples=100)
    with pytest.raises(ValueError, match="lacks a baseline"):
        measured("x", Share(np.ones(2), np.ones(2), 5), {}, seed=1, samples=100)


def test_a_perfect_share_still_has_an_interval() -> None:
    measure = measured("x", Share(np.ones(10), np.ones(10), 20), {"random": 0.1}, seed=1, samples=100)
    assert (measure.value, measure.high, measure.n, measure.coverage) == (1.0, 1.0, 10, 0.5)
    assert measure.low == pytest.approx(0.7225, abs=1e-4)
