"""Evidence files decoded and turned into features, by us and by others, in a process with one thread.

Usage: ``python -m tests.benchmarks.media_turns CONTESTANT FILE...`` prints the seconds for all files, the first of
which was read once before to load the libraries.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdesk.engine.core.memory import keep_at_hand
from mmdesk.engine.core.processes import pinned_environment
from mmdesk.engine.core.types import MediaType
from tests.benchmarks.figures import timed

_RATE_HZ = 22_050


def seconds(contestant: str, files: Sequence[Path]) -> float:
    """One turn of a contestant in a fresh process."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.media_turns", contestant, *map(str, files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=pinned_environment())
    return float(done.stdout.split()[-1])


def _ours(media_type: MediaType) -> Callable[[Path], object]:
    from mmdesk.engine.features.feature_extraction import extract_bytes

    return lambda path: extract_bytes(io.BytesIO(path.read_bytes()), media_type)


def _reduced(path: Path) -> object:
    """Decoded at a quarter of its size, and no more."""
    import cv2
    import numpy as np

    return cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_REDUCED_COLOR_4)


def _scikit_image(path: Path) -> object:
    """HOG, histograms and Laplacian of the whole picture and 3 x 3 tiles the way tutorials show it."""
    import numpy as np
    from PIL import Image
    from skimage import color, feature, filters, transform

    picture = np.asarray(Image.open(path))
    rows, columns = (side // 3 for side in picture.shape[:2])
    parts = [picture] + [
        picture[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
        for row in range(3)
        for column in range(3)
    ]
    found = []
    for part in parts:
        grey = transform.resize(color.rgb2gray(part), (128, 128))
        shape = feature.hog(grey, orientations=9, pixels_per_cell=(32, 32), cells_per_block=(1, 1))
        colours = [np.histogram(part[..., channel], bins=8)[0] for channel in range(3)]
        found.append(np.concatenate([shape, *colours, [filters.laplace(grey).var()]]))
    return found


def _librosa(path: Path) -> object:
    """Five calls, each of which transforms the sound again."""
    import librosa

    samples, rate = librosa.load(path, sr=_RATE_HZ)
    return [
        librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=20),
        librosa.feature.melspectrogram(y=samples, sr=rate),
        librosa.feature.spectral_centroid(y=samples, sr=rate),
        librosa.feature.spectral_bandwidth(y=samples, sr=rate),
        librosa.feature.spectral_rolloff(y=samples, sr=rate),
    ]


def _read_and_transform(path: Path) -> object:
    """What no sound feature can do without: read, resample, transform."""
    import numpy as np
    import scipy.fft
    import soundfile
    import soxr

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples[:, 0], rate, _RATE_HZ)
    windows = np.lib.stride_tricks.sliding_window_view(mono, 2048)[::512]
    return scipy.fft.rfft(windows * np.hanning(2048).astype(np.float32), axis=1)


def _frames(path: Path, *, keyframes: bool) -> object:
    import av

    with av.open(str(path), format="mov", options={"protocol_whitelist": "file"}) as container:
        stream: Any = container.streams.video[0]
        stream.thread_count = 1
        if keyframes:
            stream.codec_context.skip_frame = "NONKEY"
        return [frame.to_ndarray(format="bgr24").shape for frame in container.decode(stream)]


_CONTESTANTS: Mapping[str, Callable[[], Callable[[Path], object]]] = {
    "image": lambda: _ours(MediaType.IMAGE),
    "audio": lambda: _ours(MediaType.AUDIO),
    "video": lambda: _ours(MediaType.VIDEO),
    "reduced": lambda: _reduced,
    "scikit-image": lambda: _scikit_image,
    "librosa": lambda: _librosa,
    "read-and-transform": lambda: _read_and_transform,
    "keyframes": lambda: lambda path: _frames(path, keyframes=True),
    "all-frames": lambda: lambda path: _frames(path, keyframes=False),
}


def _run(work: Callable[[Path], object], files: Sequence[Path]) -> None:
    for path in files:
        work(path)


if __name__ == "__main__":
    import cv2

    cv2.setNumThreads(1)
    keep_at_hand()  # as the workers that read files do; it serves the others too
    chosen = _CONTESTANTS[sys.argv[1]]()
    given = [Path(word) for word in sys.argv[2:]]
    chosen(given[0])
    print(timed(lambda: _run(chosen, given)))
