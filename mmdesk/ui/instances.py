"""Which case is open in which window of this user: the second window is told, the first one comes to the front."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:  # loaded with the first case that is opened: the window is seen the sooner
    from PySide6.QtNetwork import QLocalServer

_RAISE = b"raise\n"


class OpenCases(QObject):
    """Holds the open case, and asks whether another window of this user holds one.

    ``raise_asked`` comes when another window wanted the case that is held here. A window that was killed holds nothing.
    """

    raise_asked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server: QLocalServer | None = None

    def ask(self, place: str, on_free: Callable[[], object], on_taken: Callable[[], object]) -> None:
        """Call one of the two: nobody holds the case of this folder, or somebody does and was asked to come up front.

        Args:
            place: The folder by its real path.
            on_free: Nobody.
            on_taken: Somebody.
        """
        from PySide6.QtNetwork import QLocalSocket

        socket = QLocalSocket(self)

        def taken() -> None:
            socket.write(_RAISE)
            socket.flush()
            socket.disconnectFromServer()
            socket.deleteLater()
            on_taken()

        def free(_error: object) -> None:
            socket.deleteLater()
            on_free()

        socket.connected.connect(taken)
        socket.errorOccurred.connect(free)
        socket.connectToServer(_name(place))

    def hold(self, place: str) -> None:
        """This window has the case of this folder open, and no other."""
        from PySide6.QtNetwork import QLocalServer

        self.release()
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._on_new_connection)
        if not server.listen(_name(place)):  # left behind by a window that was killed, or held by another one
            QLocalServer.removeServer(_name(place))
            server.listen(_name(place))
        self._server = server

    def release(self) -> None:
        """This window has no case open."""
        if self._server is not None:
            self._server.close()
            self._server.deleteLater()
            self._server = None

    def _on_new_connection(self) -> None:
        assert self._server is not None
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            socket.disconnected.connect(socket.deleteLater)
        self.raise_asked.emit()


def _name(place: str) -> str:
    """Short, since the path of a socket may have a hundred characters, and telling nobody what the case is called."""
    import hashlib

    return f"mmdesk-{hashlib.sha256(place.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}"
