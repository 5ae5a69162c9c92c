"""measure.ranking: do users get what they chose next, and better than from simple recommenders?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from nearspace.data.interactions import Interactions
from nearspace.errors import SettingError
from nearspace.evaluation.baselines import DEFAULT, Baseline, baselines_of
from nearspace.evaluation.bootstrap import value_of
from nearspace.evaluation.evidence import measured
from nearspace.evaluation.held_out import Trial, read_held_out
from nearspace.evaluation.ranked import lists_of_baseline, lists_of_space
from nearspace.evaluation.ranking_figures import ranking_figures
from nearspace.index.exact import check_count
from nearspace.protocols import Progress, Quiet
from nearspace.results import Report
from nearspace.space import Space


def ranking(
    space: Space,
    held_out: Any,
    *,
    known: Any = None,
    k: int = 20,
    baselines: Iterable[str | Baseline] = DEFAULT,
    user: str = "user",
    item: str = "item",
    seed: int = 1,
    samples: int = 1000,
    workers: int | None = None,
    progress: Progress = Quiet(),  # noqa: B008
) -> Report:
    """Measure how well a Space of users and items ranks what users chose after its training.

    Of each user all items of the Space that the user did not have before are ranked, never a sample of them
    (Krichene and Rendle 2020); of equal scores the item with more users in training comes first. Figures, as
    docs/ranking.md defines them: recall@k, ndcg@k, map@k, mrr@k, coverage@k, novelty@k, popularity_lift@k. n
    is the users that are judged; coverage the share of the held-out events that are.

    Args:
        space: made by a learner of interactions.
        held_out: Interactions, or a table with the columns `user` and `item`; events that the Space was not
            trained on. An event of a user or item that the Space does not know, or that it was trained on,
            is not judged.
        known: earlier events in the same form: users that are new to the Space are placed by them, and
            nobody is recommended what is among them.
        k: items that are recommended to each user.
        baselines: names of `baselines.BASELINES` or settings such as EASE(reg=500); they learn from the
            events that the Space was trained on.
        seed, samples: of the bootstrap over the users.
        workers: threads; they change no result.
        progress: where the work is shown.

    Raises:
        InputError, MissingInputError: the Space is not one of users and items, the table is none of events,
            or no event can be judged; says why.
        SettingError: k is not below the number of items, or a baseline is unknown or too large.
    """
    trials = baselines_of(baselines)
    trial = ranking_trial(space, *read_events(held_out, known, user, item), k, progress)
    trial.require_judged(trial.judged, repr(space.name))
    users = trial.users(trial.judged)
    working: dict[str, Any] = {"workers": workers, "progress": progress}
    lists = lists_of_space(trial, users, k, **working)
    beside: dict[str, dict[str, float]] = {}
    for one in trials:
        theirs = ranking_figures(trial, trial.judged, lists_of_baseline(trial, one, users, k, **working), k)
        for name, figure in theirs.items():
            beside.setdefault(name, {})[one.name] = value_of(figure)
    judged = float(trial.judged.mean())
    return Report(
        space.name,
        tuple(
            measured(
                f"{trial.held.name}.{name}", figure, beside[name], seed=seed, samples=samples, coverage=judged
            )
            for name, figure in ranking_figures(trial, trial.judged, lists, k).items()
        ),
    )


def read_events(held_out: Any, known: Any, user: str, item: str) -> tuple[Interactions, Interactions | None]:
    """Read held-out events and those before them.

    Raises:
        InputError, MissingInputError: one of them is no table of events.
    """
    held = read_held_out(held_out, user, item)
    return held, None if known is None else read_held_out(known, user, item)


def ranking_trial(
    space: Space, held: Interactions, before: Interactions | None, k: int, progress: Progress
) -> Trial:
    """Place held-out events in a Space, and tell why some are not judged.

    Raises:
        InputError: the Space is not one of users and items.
        SettingError: k is not below the number of its items.
    """
    trial = Trial.of(space, held, before)
    items = int(trial.choice.offered.sum())
    if check_count("k", k) >= items:
        raise SettingError(
            f"k is {k}, and {space.name!r} has {items:,} items", "Lists of all items tell nothing: lower k."
        )
    _tell(trial, before, progress)
    return trial


def _tell(trial: Trial, known: Interactions | None, progress: Progress) -> None:
    """Say why events are not judged."""
    name, strange = trial.held.name, int((~trial.placed).sum())
    lacking = int((trial.placed & (trial.items < 0)).sum())
    again = int((~trial.judged & trial.placed & (trial.items >= 0)).sum())
    if strange:
        hint = "" if known is not None else "; earlier events (known) would place them"
        progress.note(f"{name}: {strange:,} events are of users that are not known{hint}")
    if lacking:
        progress.note(f"{name}: {lacking:,} events are of items that are not known")
    if again:
        progress.note(f"{name}: {again:,} events are not new to their users, or of items that were deleted")
