"""The player with real files, in its real process: it plays, stands where it is told, fails in words, and ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytestqt.qtbot import QtBot

from mmdesk.ui.jobs.player import Player
from tests.ui.fresh import printed_by

LONG_MS = 20_000


@pytest.fixture
def player(qtbot: QtBot) -> Iterator[Player]:
    made = Player()
    yield made
    made.close()
    made.deleteLater()


def sound(path: Path, length_s: float) -> Path:
    soundfile.write(path, 0.1 * np.sin(np.arange(round(8000 * length_s)) / 4), 8000)
    return path


def test_it_plays_from_the_chosen_second_to_the_end(qtbot: QtBot, player: Player, tmp_path: Path) -> None:
    moments: list[float] = []
    player.moved.connect(moments.append)
    with qtbot.waitSignal(player.ended, timeout=LONG_MS), qtbot.waitSignal(player.ready, timeout=LONG_MS) as ready:
        player.play(sound(tmp_path / "a.wav", 1.5), 1.0)
    assert ready.args is not None
    assert ready.args[0] == pytest.approx(1.5, abs=0.05)
    assert isinstance(ready.args[1], bool)
    assert moments
    assert min(moments[1:]) >= 0.95
    assert moments == sorted(moments)


@pytest.mark.skipif(sys.platform == "win32", reason="the signal that ends it")
def test_what_is_no_sound_and_a_process_that_dies_are_told_and_it_plays_again(
    qtbot: QtBot, player: Player, tmp_path: Path
) -> None:
    junk = tmp_path / "junk.wav"
    junk.write_bytes(b"RIFF\x00\x00\x00\x00WAVEjunk")
    with qtbot.waitSignal(player.failed, timeout=LONG_MS) as failed:
        player.play(junk, 0.0)
    assert failed.args
    assert failed.args[0]
    whole = sound(tmp_path / "a.wav", 5)
    with qtbot.waitSignal(player.moved, timeout=LONG_MS):
        player.play(whole, 0.0)
    assert player._process is not None
    with qtbot.waitSignal(player.failed, timeout=LONG_MS) as failed:
        os.kill(player._process.pid or 0, signal.SIGKILL)
    assert "ended before its time" in failed.args[0]
    qtbot.waitUntil(lambda: player._process is None, timeout=LONG_MS)
    with qtbot.waitSignal(player.moved, timeout=LONG_MS):
        player.play(whole, 2.0)
    with qtbot.waitSignal(player.paused, timeout=LONG_MS):
        player.pause()


@pytest.mark.skipif(sys.platform == "win32", reason="the signal that ends it")
def test_a_file_asked_for_while_a_dead_process_is_cleared_away_plays(
    qtbot: QtBot, player: Player, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sound(tmp_path / "a.wav", 5), sound(tmp_path / "b.wav", 5)
    with qtbot.waitSignal(player.moved, timeout=LONG_MS):
        player.play(first, 0.0)
    process = player._process
    assert process is not None
    join, cleared = process.join, threading.Event()

    def slow_join(timeout: float | None = None) -> None:
        join(timeout)
        cleared.wait(LONG_MS / 1000)

    monkeypatch.setattr(process, "join", slow_join)
    os.kill(process.pid or 0, signal.SIGKILL)
    qtbot.waitUntil(lambda: player._process is None, timeout=LONG_MS)
    player.forget()
    player.play(second, 1.0)
    with qtbot.waitSignal(player.ready, timeout=LONG_MS):
        cleared.set()


_WITHOUT_BACKEND = """
from multiprocessing import Pipe
from PySide6.QtMultimedia import QMediaPlayer
from mmdesk.ui.jobs.player_process import serve
QMediaPlayer.isAvailable = lambda _player: False
here, there = Pipe()
serve(there)
print(*here.recv())
"""


def test_a_system_without_what_plays_is_told() -> None:
    assert printed_by(_WITHOUT_BACKEND).startswith("failed Playing needs a part of Qt")
