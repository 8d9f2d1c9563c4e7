"""One artifact's bytes to its feature vectors: a pure function, the same for the same bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.content_type import ContentType, sniff
from mmdesk.engine.features.extractors import Extractor, Sample, block_of, run_extractor
from mmdesk.engine.features.layout import FeatureLayout, default_layout
from mmdesk.engine.features.limits import MAX_PICTURE_BYTES, UnreadableError
from mmdesk.engine.features.segments import Box, Segment, SegmentKind

Picture = npt.NDArray[np.uint8]
Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Extraction:
    """What an artifact became.

    Attributes:
        vectors: ``float32 [segments, features]`` in the order of the layout; always finite.
        segments: Where each row comes from; the whole artifact first.
        incomplete: The file is cut short or damaged; the features cover what could be read.
        details: Facts worth showing: ``width``, ``height``, ``duration_s``, ``rate_hz``, ``channels``, ``codec``, ...
            and what the file says of itself, see :mod:`mmdesk.engine.features.facts`.
    """

    vectors: Vectors
    segments: tuple[Segment, ...]
    incomplete: bool = False
    details: dict[str, object] = field(default_factory=dict)


def extract_bytes(data: BinaryIO, media_type: MediaType, extra: Sequence[Extractor] = ()) -> Extraction:
    """Extract the features of one artifact.

    Args:
        data: The whole file as a seekable object; its name is neither known nor needed.
        media_type: As told at import. The content type is told again from the bytes.
        extra: Extra extractors, whose blocks follow the built-in ones in this order.

    Returns:
        At least one segment.

    Raises:
        UnreadableError: The file cannot be read as what it is; the message is the reason, the details are what it
            says of itself all the same.
    """
    content = sniff(data)
    if content.media_type is not media_type:
        content = ContentType(media_type, content.name)
    data.seek(0)
    builder = _Builder(media_type, default_layout().with_blocks(map(block_of, extra)))
    found = _EXTRACTORS[media_type](data, content.name, builder)
    wanted = [extractor for extractor in extra if media_type in extractor.media_types]
    if wanted:
        sample = builder.sample(data, content)
        for extractor in wanted:
            builder.append(extractor.name, run_extractor(extractor, sample))
    vectors = np.nan_to_num(np.stack(builder.rows), nan=0.0, posinf=_LARGEST, neginf=-_LARGEST)
    return replace(found, vectors=np.clip(vectors, -_LARGEST, _LARGEST), segments=tuple(builder.segments))


_LARGEST = 1e9
_NOTHING: Vectors = np.zeros((0, 0), np.float32)


class _Builder:
    """Collects rows and fills in the modality block."""

    def __init__(self, media_type: MediaType, layout: FeatureLayout) -> None:
        self._media_type, self._layout = media_type, layout
        self.rows: list[Vectors] = []
        self.segments: list[Segment] = []
        self._pictures: list[Picture | None] = []

    def add(self, segment: Segment, length_s: float = 0.0, picture: Picture | None = None, **blocks: Vectors) -> None:
        """A row with the given blocks.

        Args:
            segment: What the row stands for.
            length_s: Of the whole recording, to place the segment in it.
            picture: What the segment shows; blue, green, red.
            blocks: Name -> values.
        """
        row = np.zeros(self._layout.size, np.float32)
        for name, values in blocks.items():
            row[self._layout.block_slice(name)] = values
        for name, value in self._place(segment, length_s).items():
            row[self._layout.index(f"modality.{name}")] = value
        self.rows.append(row)
        self.segments.append(segment)
        self._pictures.append(picture)

    def sample(self, data: BinaryIO, content: ContentType) -> Sample:
        """What an extra extractor is given."""
        pictures = tuple(None if one is None else np.ascontiguousarray(one[:, :, ::-1]) for one in self._pictures)
        return Sample(data, self._media_type, content.name, tuple(self.segments), pictures)

    def append(self, block: str, values: Vectors) -> None:
        """Fill a block of every row; ``float32 [segments, features of the block]``."""
        place = self._layout.block_slice(block)
        for row, part in zip(self.rows, values, strict=True):
            row[place] = part

    def _place(self, segment: Segment, length_s: float) -> dict[str, float]:
        place = {
            self._media_type.value: 1.0,
            segment.kind.value: 1.0,
            "centre_x": 0.5,
            "centre_y": 0.5,
            "centre_t": 0.5,
        }
        if segment.box is not None:
            left, top, right, bottom = segment.box
            place |= {"centre_x": (left + right) / 2, "centre_y": (top + bottom) / 2}
        start, end = segment.start_s or 0.0, segment.end_s if segment.end_s is not None else length_s
        if segment.time_s is not None:
            start = end = segment.time_s
        if length_s > 0:
            place["centre_t"] = min((start + end) / 2 / length_s, 1.0)
        place["log_seconds"] = math.log1p(max(end - start, 0.0))
        return place


def _image(data: BinaryIO, content_type: str, builder: _Builder) -> Extraction:
    from mmdesk.engine.features.chunk_facts import picture_facts
    from mmdesk.engine.features.image_decoding import decode_picture
    from mmdesk.engine.features.image_features import TILES, image_features, tile_boxes
    from mmdesk.engine.features.picture_headers import read_header

    if data.seek(0, io.SEEK_END) > MAX_PICTURE_BYTES:
        raise UnreadableError("the picture file is too large to be decoded", code="features.too_many_bytes")
    data.seek(0)
    content = data.read()
    facts = picture_facts(content, content_type)
    try:
        decoded = decode_picture(content, content_type)
    except UnreadableError as error:
        header = read_header(content, content_type)
        error.details |= {**(header.facts if header is not None else {}), **facts}
        raise
    rows = image_features(decoded.picture, decoded.width, decoded.height)
    builder.add(Segment(SegmentKind.WHOLE), image=rows[0], picture=decoded.picture)
    for number, box in enumerate(tile_boxes()):
        row, column = divmod(number, TILES)
        segment = Segment(SegmentKind.TILE, box=box, row=row, column=column)
        builder.add(segment, image=rows[1 + number], picture=_crop(decoded.picture, box))
    details: dict[str, object] = {"width": decoded.width, "height": decoded.height, **decoded.facts, **facts}
    return Extraction(_NOTHING, (), decoded.incomplete, details)


def _crop(picture: Picture, box: Box) -> Picture:
    """The part of a picture; at least one pixel."""
    height, width = picture.shape[:2]
    left, right = (round(edge * width) for edge in box[0::2])
    top, bottom = (round(edge * height) for edge in box[1::2])
    left, top = min(left, width - 1), min(top, height - 1)
    return picture[top : max(bottom, top + 1), left : max(right, left + 1)]


def _audio(data: BinaryIO, content_type: str, builder: _Builder, kind: SegmentKind = SegmentKind.WHOLE) -> Extraction:
    from mmdesk.engine.features.audio_decoding import open_sound
    from mmdesk.engine.features.audio_features import sound_features
    from mmdesk.engine.features.chunk_facts import wav_facts
    from mmdesk.engine.features.facts import facts_of_tags

    sound = open_sound(data, content_type)
    found = sound_features(sound, kind=kind)
    for segment, row in zip(found.segments, found.vectors, strict=True):
        builder.add(segment, found.duration_s, audio=row)
    details: dict[str, object] = {
        "duration_s": round(found.duration_s, 3),
        "rate_hz": sound.header.rate_hz,
        "channels": sound.header.channels,
        "codec": sound.codec,
    }
    if found.read_s < found.duration_s - 1:
        details["read_s"] = round(found.read_s, 3)
    if kind is SegmentKind.WHOLE:
        details |= {**facts_of_tags(sound.tags), **wav_facts(data)}
    return Extraction(_NOTHING, (), sound.incomplete, details)


def _video(data: BinaryIO, content_type: str, builder: _Builder) -> Extraction:
    from mmdesk.engine.features.facts import facts_of_tags
    from mmdesk.engine.features.video_decoding import read_film
    from mmdesk.engine.features.video_features import frame_features

    film = read_film(data, content_type)
    details = facts_of_tags(film.tags)
    if film.frames:
        images, motion = frame_features(film)
        builder.add(Segment(SegmentKind.WHOLE), film.duration_s, image=images.mean(axis=0), video=motion.mean(axis=0))
        for frame, image, moving in zip(film.frames, images, motion, strict=True):
            segment = Segment(SegmentKind.FRAME, time_s=round(frame.time_s, 4))
            builder.add(segment, film.duration_s, image=image, video=moving, picture=frame.picture)
        details |= {
            "width": film.width,
            "height": film.height,
            "duration_s": round(film.duration_s, 3),
            "frames_per_second": round(film.rate_hz, 3),
            "codec": film.codec,
        }
    try:
        if not film.sound_tracks:
            raise UnreadableError("the file holds no sound", code="features.no_sound")
        track = _audio(data, content_type, builder, SegmentKind.TRACK)
    except UnreadableError as error:
        if not film.frames:
            reason = "the video holds no frame and no sound that can be decoded"
            raise UnreadableError(reason, details=details) from error
        incomplete = film.incomplete or film.sound_tracks > 0
        return Extraction(_NOTHING, (), incomplete, {**details, "sound": error.message})
    position = default_layout().index("video.has_sound")
    for row in builder.rows:
        row[position] = 1.0
    sound = {f"sound_{key}": value for key, value in track.details.items()}
    if not film.frames:
        details["pictures"] = "none that can be decoded" if film.incomplete else "no moving pictures, only sound"
    return Extraction(_NOTHING, (), film.incomplete or track.incomplete, {**details, **sound})


def _other(data: BinaryIO, content_type: str, builder: _Builder) -> Extraction:
    from mmdesk.engine.features.other_features import other_features

    found = other_features(data, content_type)
    for segment, row in zip(found.segments, found.vectors, strict=True):
        builder.add(segment, other=row)
    return Extraction(_NOTHING, (), found.incomplete, found.details)


_EXTRACTORS: dict[MediaType, Callable[[BinaryIO, str, _Builder], Extraction]] = {
    MediaType.IMAGE: _image,
    MediaType.AUDIO: _audio,
    MediaType.VIDEO: _video,
    MediaType.OTHER: _other,
}
