"""Reports that are kept with a saved Space: what was measured, for who looks later."""

from __future__ import annotations

import json
from pathlib import Path

from nearspace.errors import InputError, NotASpaceError, OutputError, SettingError
from nearspace.files import new_file, output_error
from nearspace.results import Report
from nearspace.store.description import is_space

FOLDER = "reports"
SUFFIX = ".json"


def keep_report(path: str | Path, name: str, report: Report) -> Path:
    """Write a Report into the folder of a saved Space as reports/NAME.json; the one before is replaced.

    Raises:
        NotASpaceError: the folder is not a saved Space.
        SettingError: the name is no plain file name.
        OutputError: it cannot be written.
    """
    folder = Path(path)
    if not is_space(folder):
        raise NotASpaceError(f"{str(folder)!r} is not a saved Space", "Save the Space first.")
    if not name or name != Path(name).name or name.startswith("."):
        raise SettingError(f"the name of a report is {name!r}", "Give a plain name such as words.")
    target = folder / FOLDER / f"{name}{SUFFIX}"
    try:
        target.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise output_error(target.parent, error) from error
    with new_file(target, overwrite=True) as draft:
        draft.write_text(json.dumps(report.to_json(), ensure_ascii=False, indent=1) + "\n", "utf-8")
    return target


def kept_reports(path: str | Path) -> dict[str, Report]:
    """Read the Reports that are kept with a saved Space, by name.

    Raises:
        InputError: one of them is damaged; it is named.
    """
    found = {}
    for file in sorted((Path(path) / FOLDER).glob(f"*{SUFFIX}")):
        try:
            found[file.stem] = Report.from_json(json.loads(file.read_text("utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{str(file)!r} is no report: {error}", "Remove it, and measure again."
            ) from error
        except OSError as error:
            raise OutputError(f"cannot read {str(file)!r}: {error.strerror}") from error
    return found
