"""OpenVINO, imported so that it tells nobody: a plain `import openvino` sends an event over the network."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from nearspace.optional import require

PURPOSE = "the packed engine"
_CONVERTER = "openvino.tools.ovc"  # sends an event when it is imported; nothing here needs it


def openvino() -> ModuleType:
    """Give the package, without its converter unless something else has imported that before.

    Raises:
        MissingExtraError: it is not installed.
    """
    if "openvino" in sys.modules or _CONVERTER in sys.modules:
        return require("openvino", extra="packed", purpose=PURPOSE)
    sys.modules[_CONVERTER] = None  # type: ignore[assignment]  # importing it fails, which openvino expects
    try:
        return require("openvino", extra="packed", purpose=PURPOSE)
    finally:
        del sys.modules[_CONVERTER]


def precisions(core: Any) -> tuple[str, ...]:
    """Give the precisions that this processor has instructions for, fastest first."""
    able = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    return tuple(name for name, code in (("bf16", "BF16"), ("int8", "INT8"), ("f32", "FP32")) if code in able)
