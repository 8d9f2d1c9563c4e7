"""Where the packaged programs begin: the window ``mmdesk`` and the console program ``mmdesk-cli``."""

import multiprocessing
import sys

multiprocessing.freeze_support()  # a process of a pool ends in here, before anything else is loaded

from mmdesk.__main__ import main  # noqa: E402

sys.exit(main())
