"""Evidence files into features: pictures, sound and film beside the decoders alone; workers; many small files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from mmdesk.engine.services.media_imports import extract, import_media
from tests.benchmarks import media_files, media_turns, peak
from tests.benchmarks.figures import Extent, Figure, Turns, timed, turns_of
from tests.engine.services.media_cases import make_case

_PICTURES, _SOUNDS, _FILMS, _SMALL = 40, 12, 4, 100_000
_MANY = 1_600
_OVERHEAD_MS = 3.0


def measure(folder: Path, extent: Extent) -> list[Figure]:
    """Rates of one core, then two workers by one, then the cost of a small file."""

    def some(make: Callable[[Path, int], list[Path]], count: int) -> list[Path]:
        place = folder / make.__name__
        place.mkdir()
        return make(place, max(2, round(count * extent.scale)))

    images, sounds, films = (
        some(make, count)
        for make, count in (
            (media_files.pictures, _PICTURES),
            (media_files.sounds, _SOUNDS),
            (media_files.films, _FILMS),
        )
    )
    return [
        *_pictures(images, extent.rounds),
        *_sounds(sounds, extent.rounds),
        *_films(films, extent.rounds),
        _workers(folder, images, extent.rounds),
        *_small(folder, max(200, round(_SMALL * extent.scale))),
    ]


def _turns(files: Sequence[Path], rounds: int, *names: str) -> dict[str, Turns]:
    return turns_of({name: partial(media_turns.seconds, name, files) for name in names}, rounds)


def _rate(what: str, unit: str, amount: float, ours: Turns, peer: Turns, peer_name: str, goal: float | None) -> Figure:
    spread = (ours.spread, peer.spread)
    return Figure(what, unit, amount / ours.best, amount / peer.best, peer_name, goal, spread=spread)


def _pictures(files: Sequence[Path], rounds: int) -> list[Figure]:
    found = _turns(files, rounds, "image", "reduced", "scikit-image")
    what = "pictures of 1920 x 1280, whole and 9 tiles"
    make = partial(_rate, what, "pictures/s", len(files), found["image"])
    return [
        make(found["reduced"], "reduced decoding alone", 0.6),
        make(found["scikit-image"], "scikit-image", None),
    ]


def _sounds(files: Sequence[Path], rounds: int) -> list[Figure]:
    found = _turns(files, rounds, "audio", "librosa", "read-and-transform")
    make = partial(_rate, "sound, 30 s at 44.1 kHz", "s/s", media_files.SOUND_S * len(files), found["audio"])
    return [
        make(found["librosa"], "five librosa calls", 4.0),
        make(found["read-and-transform"], "reading and one STFT", None),
    ]


def _films(files: Sequence[Path], rounds: int) -> list[Figure]:
    found = _turns(files, rounds, "video", "keyframes", "all-frames")
    frames = media_files.FILM_S * media_files.FILM_RATE_HZ * len(files)
    make = partial(_rate, "film, 30 s of 1280 x 720", "frames/s", frames, found["video"])
    return [
        make(found["keyframes"], "keyframes alone", 0.7),
        make(found["all-frames"], "every frame", None),
    ]


def _workers(folder: Path, images: Sequence[Path], rounds: int) -> Figure:
    """Two workers by one, over enough pictures for the start of a process not to matter."""
    media = folder / "media/a"
    media.mkdir(parents=True)
    for number in range(_MANY):
        source = images[number % len(images)].read_bytes()
        (media / f"{number}.jpg").write_bytes(source + number.to_bytes(4, "big"))  # behind the end marker
    turn = 0

    def work(workers: int) -> float:
        nonlocal turn
        turn += 1
        case = make_case(folder / f"case-{turn}", ["a"])
        import_media(case, [media.parent], actor="bench")
        return timed(lambda: extract(case, workers, actor="bench"))

    found = turns_of({"two": lambda: work(2), "one": lambda: work(1)}, rounds)
    return _rate(
        f"{_MANY:,} pictures by two workers", "pictures/s", _MANY, found["two"], found["one"], "one worker", 1.8
    )


def _small(folder: Path, count: int) -> list[Figure]:
    """Import and extraction of small files; memory against a tenth of them."""
    figures = []
    peaks: list[float] = []
    for number in (count // 10, count):
        media = folder / f"small-{number}"
        case = make_case(folder / f"small-case-{number}", media_files.small_files(media, number, 100))
        found = [peak.measure(work, *words) for work, words in (("media", (case, media)), ("extract", (case,)))]
        peaks.append(max(one.peak_mib for one in found))
        if number == count:
            each = 1000 * sum(one.seconds for one in found) / number
            what = f"import and extraction of {number:,} small files, each"
            figures.append(Figure(what, "ms", each, _OVERHEAD_MS, "the limit", 1.0, lower=True))
    figures.append(Figure("memory for them", "MiB", peaks[1], peaks[0], "a tenth of them", 1.2, lower=True))
    return figures
