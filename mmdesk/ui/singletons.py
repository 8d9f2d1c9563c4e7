"""Keeps ``None``, ``True`` and ``False`` alive under PySide6 6.12 on Python before 3.12.

That release is compiled with the headers of a Python whose singletons are immortal, so every call of it that returns
one of them takes a reference it never gave. From Python 3.12 on this is harmless. Before, the window would end after
some thousand calls with ``Fatal Python error: none_dealloc``: measured on Python 3.11.7, one reference of ``None`` is
lost per ``QWidget.setVisible``, one of ``True`` per signal emitted; 6.11.3 loses none.
"""

from __future__ import annotations

import ctypes
import sys

_PLENTY = 1 << 40
"""More references than a window can lose: at a million calls a second they last for twelve days."""


def protect_singletons() -> bool:
    """Give the three singletons so many references that they cannot run out; True where that was needed.

    Calling it again does nothing.
    """
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython" or sys.getrefcount(None) > _PLENTY // 2:
        return False
    for singleton in (None, True, False):
        # The reference count is the first field of every object, see Include/object.h.
        ctypes.c_ssize_t.from_address(id(singleton)).value += _PLENTY
    return True
