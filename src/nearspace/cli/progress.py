"""Progress on a terminal: words a second, loss and time left, on stderr through rich."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from nearspace.protocols import Progress, Quiet, Task

if TYPE_CHECKING:
    import rich.progress
    from rich.console import Console


def progress_for(quiet: bool) -> Progress:
    """Give a progress that shows on stderr, or none when `quiet` or when stderr is no terminal."""
    if quiet or not sys.stderr.isatty():
        return Quiet()
    from rich.console import Console

    return TerminalProgress(Console(stderr=True))


class TerminalProgress:
    """A `protocols.Progress` that draws bars on a console while tasks run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._bars: rich.progress.Progress | None = None
        self._open = 0

    def task(self, description: str, *, total: float | None = None, unit: str = "") -> Task:
        """Begin a bar, under those that are still running."""
        if self._bars is None:
            self._bars = _bars(self.console)
            self._bars.start()
        self._open += 1
        number = self._bars.add_task(description, total=total, unit=unit, shown="")
        return TerminalTask(self, self._bars, number)

    def note(self, message: str) -> None:
        """Print one line above the bars."""
        self.console.print(message, markup=False, highlight=False)

    def closed(self) -> None:
        """Leave the screen to others once the last bar has ended."""
        self._open -= 1
        if self._open == 0 and self._bars is not None:
            self._bars.stop()
            self._bars = None


class TerminalTask:
    """One bar."""

    def __init__(
        self, owner: TerminalProgress, bars: rich.progress.Progress, number: rich.progress.TaskID
    ) -> None:
        self._owner, self._bars, self._number = owner, bars, number

    def advance(self, amount: float, **shown: float) -> None:
        """Move the bar on and show the named figures."""
        if shown:
            figures = "  ".join(f"{name} {figure:.4g}" for name, figure in shown.items())
            self._bars.update(self._number, advance=amount, shown=figures)
        else:
            self._bars.update(self._number, advance=amount)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            done = self._bars.tasks[self._bars.task_ids.index(self._number)].completed
            self._bars.update(self._number, total=done)
        self._bars.stop_task(self._number)
        self._owner.closed()


def _bars(console: Console) -> rich.progress.Progress:
    from rich import progress
    from rich.text import Text

    class Rate(progress.ProgressColumn):
        """Units a second: lately while it runs, over all at the end."""

        def render(self, task: progress.Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:,.0f} {task.fields['unit']}/s" if speed else "", style="cyan")

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(bar_width=24),
        progress.TaskProgressColumn(),
        Rate(),
        progress.TextColumn("{task.fields[shown]}", markup=False),
        progress.TimeElapsedColumn(),
        progress.TimeRemainingColumn(),
        console=console,
    )
