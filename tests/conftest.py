"""Settings of the whole suite."""

import os
import signal

from hypothesis import settings

# In CI, hypothesis tries the same examples every time.
settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")

# A suite that a shell runs in the background inherits an ignored Ctrl-C, and so would the programs it tests.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
