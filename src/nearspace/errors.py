"""The tree of user errors: each says what happened and what to do, and knows its exit code."""

from __future__ import annotations


class NearspaceError(Exception):
    """An error that the user can mend.

    `message` says what of whom, what was expected and what came; `hint` says what to do.
    """

    kind = "error"
    exit_code = 2
    http_status = 400

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class SettingError(NearspaceError, ValueError):
    """A setting is outside its range or not one of the accepted names."""

    kind = "setting"


class InputError(NearspaceError, ValueError):
    """A file or value that was read is not what it should be; the message names the place."""

    kind = "input"


class MissingInputError(InputError):
    """A file or folder that should be read does not exist."""

    kind = "missing_input"
    http_status = 404


class EncodingError(InputError):
    """Text is not valid UTF-8; the message names the file and the byte offset."""

    kind = "encoding"


class EmptyVocabularyError(InputError):
    """Nothing is left to learn from after reading the corpus."""

    kind = "empty_vocabulary"


class UnknownKeyError(NearspaceError, KeyError):
    """A key is not in the Space.

    `what` says what it was taken for, `advice` what else would help.
    """

    kind = "unknown_key"
    http_status = 404

    def __init__(
        self, key: str, suggestions: tuple[str, ...] = (), *, what: str = "a key", advice: str = ""
    ) -> None:
        self.key = key
        self.suggestions = suggestions
        hint = f"Did you mean: {', '.join(suggestions)}?" if suggestions else ""
        super().__init__(f"{key!r} is not {what} of this Space", " ".join(filter(None, (hint, advice))))


class DuplicateKeyError(InputError):
    """Two rows have the same key."""

    kind = "duplicate_key"


class DimensionError(NearspaceError, ValueError):
    """Vectors of another dimension came than the Space has."""

    kind = "dimension"


class OutputError(NearspaceError, OSError):
    """An output cannot be written, or exists already."""

    kind = "output"


class BusyError(OutputError):
    """Another process is writing what should be written; waiting helps."""

    kind = "busy"
    http_status = 409


class ChangedError(InputError):
    """The Space has changed since it was read; reading it again helps."""

    kind = "changed"
    http_status = 409


class EncoderMismatchError(InputError):
    """Vectors of another encoder came than the Space is made of."""

    kind = "encoder_mismatch"
    http_status = 409


class NotASpaceError(InputError):
    """The folder that was opened is not a saved Space."""

    kind = "not_a_space"


class FormatVersionError(InputError):
    """The Space or checkpoint was written by a newer format than this version reads."""

    kind = "format_version"


class MissingExtraError(NearspaceError, ImportError):
    """A feature needs an optional package that is not installed."""

    kind = "missing_extra"
    http_status = 501


class WorseError(NearspaceError):
    """Training made a model worse than its base, or no better.

    Attributes:
        training: all figures of the run, or None.
    """

    kind = "worse"
    exit_code = 3
    http_status = 409

    def __init__(self, reason: str, training: object = None, hint: str = "") -> None:
        super().__init__(
            f"the trained model is no better than its base: {reason}",
            hint or "Nothing was written. Try a smaller lr or tune='head', or give more examples.",
        )
        self.training = training


class Interrupted(NearspaceError):
    """The user stopped the work; what was saved can be resumed."""

    kind = "interrupted"
    exit_code = 130
    http_status = 503
