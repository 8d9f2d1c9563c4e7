"""How much a single file may ask of a decoder, and the error that says it asked for more.

All limits are far above what cameras, recorders and phones make, and far below what hurts a desktop computer.
"""

from __future__ import annotations

import os

from mmdesk.engine.core.errors import DataError

MAX_PIXELS = 100_000_000
"""Largest picture or video frame decoded in full (300 MB as 8-bit RGB); the largest common sensors have 60 Mpixel."""
MAX_JPEG_PIXELS = 250_000_000
"""Largest JPEG: it is decoded at an eighth of its size, so phone cameras with 200 Mpixel fit."""
MAX_RAW_BYTES = 400_000_000
"""Samples of a picture as stored: 100 Mpixel of four bytes, or 66 of six."""
MOST_GROWTH = 1_100
"""How many times a picture's samples can be longer than its file: Flate packs 1,032 bytes into one."""
MAX_SCANNED_PIXELS = 4_000_000_000
"""Pixels times scans of a progressive JPEG, whose decoder goes over all of them in each; encoders make about 10."""
MAX_PICTURE_BYTES = 512 << 20
"""Largest picture file, which has to be in memory to be decoded."""
MIN_RATE_HZ = 1_000
MAX_RATE_HZ = 768_000
"""Sampling rates outside are lies of the header: resampling from 1 Hz was seen to ask for 2.9 GB."""
MAX_CHANNELS = 64
MAX_SOUND_S = 3600.0
"""Longer recordings are read in pieces spread over their length that add up to this."""
MAX_VIDEO_MEGAPIXELS = 300.0
"""How much picture may be decoded to place frames between sparse keyframes; about a second of work."""
TASK_MEMORY_BYTES = 2 << 30
"""What one decoding may add to a worker's address space."""
TASK_TIME_S = 120.0
"""After this a single file counts as hanging."""

# OpenCV reads it once, when it is loaded; everything here imports cv2 behind this module.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_JPEG_PIXELS))
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")


class UnreadableError(DataError):
    """The file cannot become features: broken, empty, of an unknown codec, or beyond a limit.

    The message is the reason kept with the artifact; it names no file, since the same bytes may have many names.
    """

    default_code = "features.unreadable"
