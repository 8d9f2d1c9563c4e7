"""What files say of themselves: found in every kind of file, plain, bounded, and never guessed."""

from __future__ import annotations

import io
import math
import struct
import time
import zlib

import orjson
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features import exif
from mmdesk.engine.features.chunk_facts import picture_facts, wav_facts
from mmdesk.engine.features.content_type import sniff
from mmdesk.engine.features.facts import (
    MOST_CHARACTERS,
    device_of,
    facts_of_tags,
    moment_of,
    place_of_iso6709,
    text_of,
)
from mmdesk.engine.features.feature_extraction import extract_bytes
from mmdesk.engine.features.limits import UnreadableError
from mmdesk.engine.features.picture_headers import read_header
from tests.engine.features import fact_samples
from tests.engine.features import media_samples as samples
from tests.engine.features.fact_samples import camera_exif


def facts(data: bytes) -> dict[str, object]:
    """The details of an extraction."""
    file = io.BytesIO(data)
    return extract_bytes(file, sniff(file).media_type).details


def holds(found: dict[str, object], **wanted: object) -> None:
    assert {name: found.get(name) for name in wanted} == wanted


TECHNICAL = {"width", "height", "duration_s", "rate_hz", "channels", "codec", "frames_per_second", "sound"}


CAMERA = {
    "device": "Maker Model 3", "serial": "SN-0042", "lens": "35mm f/2", "software": "edit 1.0",
    "captured": "2021-05-06T07:08:09+02:00", "digitized": "2021-05-06T07:08:10", "changed": "2021-06-01T10:00:00",
    "latitude": -52.5, "longitude": -13.26, "altitude_m": -12.5, "gps_time": "2021-05-06T05:08:09Z",
    "artist": "Ann", "description": "the door", "copyright": "(c) Ann",
}  # fmt: skip


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_a_camera_is_heard_in_every_kind_of_picture(form: str) -> None:
    found = facts(samples.encode(samples.picture(60, 80), form, exif=camera_exif()))
    assert {name: value for name, value in found.items() if name not in TECHNICAL} == CAMERA


def test_a_scanner_is_heard_in_a_tiff() -> None:
    tags = camera_exif()
    found = facts(samples.encode(samples.picture(60, 80), "TIFF", exif=tags))  # Pillow leaves out further directories
    holds(found, device="Maker Model 3", software="edit 1.0", changed="2021-06-01T10:00:00", artist="Ann", width=80)


@pytest.mark.parametrize("brand", [b"heic", b"avif"])
def test_a_picture_that_cannot_be_decoded_still_says_where_it_comes_from(brand: bytes) -> None:
    tiff = camera_exif().tobytes().removeprefix(b"Exif\0\0")
    data = fact_samples.heif_with_exif(tiff, brand)
    with pytest.raises(UnreadableError) as caught:
        facts(data)
    assert caught.value.details == CAMERA
    broken = samples.encode(samples.picture(60, 80), "JPEG", exif=camera_exif())
    with pytest.raises(UnreadableError) as caught:
        facts(broken[: broken.index(b"\xff\xda")] + b"\xff\xd9")
    assert caught.value.details == CAMERA


def test_texts_of_a_png_plain_packed_and_international() -> None:
    found = facts(
        fact_samples.png_with(
            (b"tEXt", b"Software\0Gimp\xe9 2"),
            (b"zTXt", b"Comment\0\0" + zlib.compress(b"packed")),
            (b"iTXt", b"Title\0\0\0de\0Titel\0" + "Türe".encode()),
            (b"iTXt", b"Author\0\1\0\0\0" + zlib.compress("Žofie".encode())),
            (b"tEXt", b"Creation Time\0" + b"6 May 2021"),
            (b"tEXt", b"Anything else\0not kept"),
        )
    )
    assert found == {
        "width": 60, "height": 40, "software": "Gimpé 2", "comment": "packed", "title": "Türe", "artist": "Žofie",
        "date": "6 May 2021",
    }  # fmt: skip


def test_a_packed_text_is_inflated_no_further_than_it_is_shown() -> None:
    bomb = zlib.compress(b"x" * 50_000_000)
    assert facts(fact_samples.png_with((b"zTXt", b"Comment\0\0" + bomb)))["comment"] == "x" * MOST_CHARACTERS
    assert "comment" not in facts(fact_samples.png_with((b"zTXt", b"Comment\0\0no such stream")))


PHONE = {
    "com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": "iPhone 12",
    "com.apple.quicktime.software": "15.4.1", "com.apple.quicktime.creationdate": "2021-05-06T09:08:09+0200",
    "com.apple.quicktime.location.ISO6709": "+52.5000-013.2600+034.100/", "creation_time": "2021-05-06T07:08:09Z",
}  # fmt: skip


def test_a_phone_is_heard_in_its_films() -> None:
    for form in ("mov", "mp4"):
        found = facts(fact_samples.tagged_film(form, PHONE, movflags="use_metadata_tags"))
        holds(
            found, device="Apple iPhone 12", captured="2021-05-06T09:08:09+02:00", created="2021-05-06T07:08:09Z",
            latitude=52.5, longitude=-13.26, altitude_m=34.1, software="15.4.1",
            width=64, height=48, codec="mpeg4",
        )  # fmt: skip


def test_plain_tags_of_films() -> None:
    tags = {"title": "The door", "artist": "Ann", "comment": "c", "creation_time": "2021-05-06T07:08:09Z"}
    for form in ("mp4", "mov", "matroska", "webm"):
        found = facts(fact_samples.tagged_film(form, tags, {"webm": "libvpx"}.get(form, "mpeg4")))
        holds(found, title="The door", artist="Ann", comment="c", created="2021-05-06T07:08:09Z")
        assert "captured" not in found
    holds(facts(fact_samples.tagged_film("3gp", tags)), created="2021-05-06T07:08:09Z")
    holds(facts(fact_samples.tagged_film("asf", tags)), title="The door", artist="Ann", comment="c")
    holds(facts(fact_samples.tagged_film("avi", tags)), title="The door", artist="Ann")
    located = fact_samples.tagged_film("mp4", {"location": "+52.5000-013.2600/"})
    holds(facts(located), latitude=52.5, longitude=-13.26)


@pytest.mark.parametrize(
    ("form", "codec", "rate_hz", "options"),
    [
        ("wav", "pcm_s16le", 44_100, {}),
        ("flac", "flac", 44_100, {}),
        ("opus", "libopus", 48_000, {}),
        ("mp3", "libmp3lame", 44_100, {}),
        ("mp3", "libmp3lame", 44_100, {"id3v2_version": "3", "write_id3v1": "1"}),
        ("ipod", "aac", 44_100, {}),
        ("matroska", "aac", 44_100, {}),
        ("asf", "wmav2", 44_100, {}),
    ],
)
def test_tags_of_sound(form: str, codec: str, rate_hz: int, options: dict[str, str]) -> None:
    tags = {"title": "Träume", "artist": "Ann Žofie", "date": "2021-05-06"}
    found = facts(fact_samples.tagged_sound(form, codec, tags, rate_hz, **options))
    holds(found, title="Träume", artist="Ann Žofie", channels=1)
    assert found["date"] in {"2021-05-06", "2021"}


def test_tags_of_an_aiff_and_of_ogg_vorbis() -> None:
    for form, subtype in (("AIFF", "PCM_16"), ("OGG", "VORBIS")):
        buffer = io.BytesIO()
        with soundfile.SoundFile(buffer, "w", 22_050, 1, subtype, format=form) as file:
            file.title, file.artist, file.comment = "Träume", "Ann", "at the door"
            file.write(samples.tone(0.5))
        holds(facts(buffer.getvalue()), title="Träume", artist="Ann", comment="at the door")


def test_the_recorder_of_a_broadcast_wave() -> None:
    found = facts(fact_samples.broadcast_wave(b"ZOOM H4n", b"2021-05-06", b"07:08:09", b"  take\x01 3 "))
    holds(found, device="ZOOM H4n", captured="2021-05-06T07:08:09", description="take 3", rate_hz=22_050)
    other = wav_facts(io.BytesIO(fact_samples.broadcast_wave(b"", b"2021/05/06", b"07.08.09")))
    assert other == {"captured": "2021-05-06T07:08:09"}
    assert wav_facts(io.BytesIO(fact_samples.broadcast_wave(b"", b"\0" * 10, b"\0" * 8))) == {}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("2021:05:06 07:08:09", "2021-05-06T07:08:09"),
        ("2021-05-06T07:08:09.250000Z", "2021-05-06T07:08:09Z"),
        ("2021-05-06T09:08:09+0200", "2021-05-06T09:08:09+02:00"),
        ("0000:00:00 00:00:00", None),
        ("    :  :     :  :  ", None),
        ("2021:13:06 07:08:09", None),
        ("2021:02:30 07:08:09", None),
        ("1904-01-01T00:00:00Z", None),
        ("1970-01-01T00:00:00.000000Z", None),
        ("2021", None),
        ("last summer, at four", None),
        ("²021:05:06 07:08:09", None),
        ("", None),
    ],
)
def test_what_is_no_time_is_left_out(told: str, kept: str | None) -> None:
    assert moment_of(told) == kept


def test_a_zone_that_is_none_is_not_believed() -> None:
    assert moment_of("2021:05:06 07:08:09", "+02:00") == "2021-05-06T07:08:09+02:00"
    for zone in ("+99:99", "Berlin", "+2", "   :  "):
        assert moment_of("2021:05:06 07:08:09", zone) in {None, "2021-05-06T07:08:09"}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("+52.5000-013.2600+034.0/", (52.5, -13.26, 34.0)),
        ("+5230.00-01315.60/", (52.5, -13.26, None)),
        ("+523000-0131536.0CRSWGS_84/", (52.5, -13.26, None)),
        ("-00.0000+000.0000/", (0.0, 0.0, None)),
        ("+90.1-013.26/", None),
        ("+5260.00-01315.60/", None),
        ("+52.5/", None),
        ("52.5,-13.2", None),
        ("+52.5-013.26" + "9" * 5000, None),
    ],
)
def test_places_as_films_write_them(told: str, kept: tuple[float, float, float | None] | None) -> None:
    found = place_of_iso6709(told)
    wanted = dict(zip(("latitude", "longitude", "altitude_m"), kept or (), strict=False))
    assert found == {name: value for name, value in wanted.items() if value is not None}


def test_a_place_without_its_direction_or_with_half_of_it_is_none() -> None:
    for missing in (1, 2, 3, 4):
        tags = camera_exif()
        del tags.get_ifd(0x8825)[missing]
        found = exif.facts_of(tags.tobytes().removeprefix(b"Exif\0\0"))
        assert not {"latitude", "longitude", "altitude_m"} & found.keys()
        assert found["gps_time"] == "2021-05-06T05:08:09Z"


@given(st.text(max_size=600) | st.binary(max_size=600))
def test_any_text_becomes_one_plain_bounded_line(value: str | bytes) -> None:
    text = text_of(value)
    if text is not None:
        assert 0 < len(text) <= MOST_CHARACTERS
        assert text.splitlines() == [text]
        assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in text)
        assert orjson.loads(orjson.dumps(text)) == text


def test_makes_are_not_said_twice() -> None:
    assert device_of("Canon", "Canon EOS 80D") == "Canon EOS 80D"
    assert device_of("Canon", "EOS 80D") == "Canon EOS 80D"
    assert device_of(None, "EOS") == "EOS"
    assert device_of(None, None) is None
    assert facts_of_tags({"com.android.manufacturer": "Google", "com.android.model": "Pixel 6"}) == {
        "device": "Google Pixel 6"
    }
    assert facts_of_tags({"com.android.version": "13"}) == {"software": "Android 13"}


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_facts_are_left_out_and_cost_nothing_else(data: st.DataObject) -> None:
    tiff = camera_exif().tobytes().removeprefix(b"Exif\0\0")
    kind, whole = data.draw(
        st.sampled_from(
            [
                ("image/heic", fact_samples.heif_with_exif(tiff)),
                ("image/png", fact_samples.png_with((b"zTXt", b"Comment\0\0" + zlib.compress(b"packed")))[:400]),
                ("audio/wav", fact_samples.broadcast_wave(b"ZOOM", b"2021-05-06", b"07:08:09")[:900]),
                ("image/tiff", tiff),
            ]
        )
    )
    broken = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 6))):
        if broken:
            broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.sampled_from([0, 1, 127, 255]))
    content = bytes(broken)
    found: dict[str, object] = {}
    if kind == "image/heic":
        header = read_header(content, kind)
        found = header.facts if header is not None else {}
    elif kind == "image/png":
        found = picture_facts(content, kind)
    else:
        found = wav_facts(io.BytesIO(content)) if kind == "audio/wav" else exif.facts_of(content)
    for value in found.values():
        assert isinstance(value, str | float | int)
        assert not isinstance(value, str) or 0 < len(value) <= MOST_CHARACTERS
        assert isinstance(value, str) or math.isfinite(value)


def test_a_place_table_that_claims_everything_ends_soon() -> None:
    """Items without numbers of any width, each with 65,535 pieces."""
    item = struct.pack(">HHHH", 7, 0, 0, 65_535)
    places = fact_samples.box(b"iloc", struct.pack(">BBHBBH", 1, 0, 0, 0, 0, 65_535), item * 65_535)
    data = fact_samples.heif_with_exif(b"").replace(b"iloc", b"free", 1)
    start = data.index(b"meta") - 4
    size = int.from_bytes(data[start : start + 4], "big")
    meta = struct.pack(">I", size + len(places)) + data[start + 4 : start + size] + places
    begun = time.process_time()
    assert read_header(data[:start] + meta, "image/heic") is None
    assert time.process_time() - begun < 2


def test_facts_reach_no_feature() -> None:
    bare = samples.encode(samples.picture(60, 80), "JPEG")
    told = samples.encode(samples.picture(60, 80), "JPEG", exif=camera_exif())
    one, other = (extract_bytes(io.BytesIO(data), MediaType.IMAGE) for data in (bare, told))
    assert one.details != other.details
    assert (one.vectors == other.vectors).all()
