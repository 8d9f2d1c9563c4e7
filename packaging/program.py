"""Where the packaged programs begin: the window ``mmdesk`` and the console program ``mmdesk-cli``."""

import multiprocessing
import os
import sys

# The bootloader puts our libraries before the system's, for itself and its copies. A program of the system's that we
# start (a browser, a file manager) has to get its own ones back; our own processes begin here again anyway.
# Source: PyInstaller's manual, "Launching external programs from the frozen application"
for _name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
    _before = os.environ.pop(f"{_name}_ORIG", None)
    if _before is not None:
        os.environ[_name] = _before
    else:
        os.environ.pop(_name, None)

multiprocessing.freeze_support()  # a process of a pool ends in here, before anything else is loaded

from mmdesk.__main__ import main  # noqa: E402

sys.exit(main())
