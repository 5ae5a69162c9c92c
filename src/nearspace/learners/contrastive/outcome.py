"""What a training run gives back: whether it was worth it, with all figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearspace.learners.contrastive.blending import Blend
from nearspace.learners.contrastive.differences import Difference
from nearspace.learners.contrastive.training import Course

BETTER, EQUAL, WORSE = "better", "no difference shown", "worse"


@dataclass(frozen=True)
class Training:
    """A training run.

    Attributes:
        path: folder of the model, or None if it was not written.
        verdict: "better": the held-out figure rose by its whole interval; "no difference shown"; "worse": it,
            or one of the probe, fell by its whole interval, or no weights were better than the old ones.
        why: of the verdict, for people.
        held_out: the figure of held-out examples, before and after.
        probe: those of the probe.
        alpha: how far the weights went from old (0) to new (1); None: no place between was accepted, and the
            figures are those of the new weights.
        blends: places between that were tried.
        course: how the training went.
        examples: how many were learned from, held out for the choice and for the test, and left out.
        settings: every setting by name.
        base: the model that it began with.
        data: fingerprint of the examples.
        versions: of the packages that took part.
        seconds: wall time.
    """

    path: Path | None
    verdict: str
    why: str
    held_out: Difference
    probe: tuple[Difference, ...]
    alpha: float | None
    blends: tuple[Blend, ...]
    course: Course
    examples: Mapping[str, int]
    settings: Mapping[str, Any]
    base: str
    data: str
    versions: Mapping[str, str]
    seconds: float

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The held-out figure, then those of the probe."""
        return (self.held_out, *self.probe)

    def to_json(self) -> dict[str, Any]:
        """Give all by name, JSON values only."""
        return {
            "model": None if self.path is None else str(self.path),
            "verdict": self.verdict,
            "why": self.why,
            "measures": [one.to_json() for one in self.differences],
            "alpha": self.alpha,
            "blends": [one.to_json() for one in self.blends],
            "course": self.course.to_json(),
            "examples": dict(self.examples),
            "settings": dict(self.settings),
            "base": self.base,
            "data": self.data,
            "versions": dict(self.versions),
            "seconds": round(self.seconds, 1),
        }


def judged(
    held_out: Difference,
    probe: tuple[Difference, ...],
    alpha: float | None,
    blends: Sequence[Blend],
    course: Course,
) -> tuple[str, str]:
    """Give the verdict and why; `alpha` None: no place between old and new was accepted."""
    fallen = [one for one in (held_out, *probe) if one.worse]
    if fallen:
        told = "; ".join(f"{one.name} {one.before:.4f} to {one.after:.4f}" for one in fallen)
        return WORSE, f"fell by more than chance: {told}"
    if alpha is None:
        harmed = any(one.harmful for one in blends)
        reason = "no weights between old and new were better on held-out examples"
        if harmed:
            reason += " without the probe falling"
        return WORSE, f"{reason}; {course.stopped}" if course.stopped else reason
    change = f"{held_out.name} {held_out.before:.4f} to {held_out.after:.4f}"
    span = f"[{held_out.low:+.4f}, {held_out.high:+.4f}]"
    if held_out.better:
        return BETTER, f"{change}, difference {span}; the probe did not fall"
    return EQUAL, f"{change}, difference {span} includes 0; the probe did not fall"


def card(training: Training) -> str:
    """Give the README of the model's folder."""
    lines = [
        "---",
        "library_name: sentence-transformers",
        "tags: [sentence-transformers, feature-extraction, sentence-similarity]",
        "---",
        "",
        f"# {training.base}, trained with nearspace",
        "",
        f"Verdict: {training.verdict}. {training.why}.",
        "",
        "| figure | before | after | 95 % interval of the difference | cases | groups |",
        "|---|---|---|---|---|---|",
        *(
            f"| {one.name} | {one.before:.4f} | {one.after:.4f} | [{one.low:+.4f}, {one.high:+.4f}] "
            f"| {one.n} | {one.groups} |"
            for one in training.differences
        ),
        "",
        f"{training.examples['train']} examples were learned from; {training.examples['choice']} said when "
        f"to stop and how far to go (alpha {training.alpha}), and {training.examples['test']} others, which "
        "have no text in common with any of these, gave the first line.",
        "",
        "Settings: " + ", ".join(f"{name} {value}" for name, value in training.settings.items()) + ".",
        "",
    ]
    return "\n".join(lines)
