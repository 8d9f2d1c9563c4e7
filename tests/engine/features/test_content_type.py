from __future__ import annotations

import io
import time

import pytest

from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.content_type import ContentType, mp3_frame_bytes, sniff
from tests.engine.features import media_samples as samples


def told(data: bytes) -> ContentType:
    return sniff(io.BytesIO(data))


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("WEBP", "image/webp"),
        ("AVIF", "image/avif"),
        ("JPEG2000", "image/jp2"),
        ("PPM", "image/x-portable-anymap"),
    ],
)
def test_pictures_are_told_by_content(form: str, name: str) -> None:
    assert told(samples.encode(samples.picture(40, 50), form)) == ContentType(MediaType.IMAGE, name)


@pytest.mark.parametrize(
    ("form", "subtype", "name"),
    [
        ("WAV", "PCM_16", "audio/wav"),
        ("RF64", "PCM_16", "audio/wav"),
        ("FLAC", "PCM_16", "audio/flac"),
        ("OGG", "VORBIS", "audio/ogg"),
        ("MP3", "MPEG_LAYER_III", "audio/mpeg"),
        ("AIFF", "PCM_16", "audio/aiff"),
        ("AU", "PCM_16", "audio/basic"),
        ("CAF", "PCM_16", "audio/x-caf"),
        ("W64", "PCM_16", "audio/x-w64"),
        ("VOC", "PCM_16", "audio/x-voc"),
    ],
)
def test_sounds_are_told_by_content(form: str, subtype: str, name: str) -> None:
    assert told(samples.sound(samples.tone(0.5), 22_050, form, subtype)) == ContentType(MediaType.AUDIO, name)


@pytest.mark.parametrize(
    ("form", "codec", "sound_codec", "name"),
    [
        ("mp4", "libx264", "aac", "video/mp4"),
        ("mov", "libx264", "aac", "video/quicktime"),
        ("matroska", "libx264", "aac", "video/x-matroska"),
        ("webm", "libvpx-vp9", None, "video/webm"),
        ("avi", "mpeg4", "mp3", "video/x-msvideo"),
        ("mpegts", "libx264", "aac", "video/mp2t"),
        ("flv", "libx264", "aac", "video/x-flv"),
    ],
)
def test_videos_are_told_by_content(form: str, codec: str, sound_codec: str | None, name: str) -> None:
    data = samples.film(4, (64, 48), form, codec, sound_codec)
    assert told(data) == ContentType(MediaType.VIDEO, name)


def test_a_container_without_pictures_is_audio() -> None:
    assert told(samples.only_sound("mp4")).name == "audio/mp4"
    assert told(samples.only_sound("matroska")).name == "audio/x-matroska"
    assert told(samples.only_sound("adts")).name == "audio/aac"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "application/x-empty"),
        (b"just some words, named holiday.mp4\n", "text/plain"),
        ("Straße, Größe, Übung".encode(), "text/plain"),
        ("Straße".encode("utf-16"), "text/plain"),
        ("Häuser und Bäume".encode("utf-16"), "text/plain"),
        ("naïve café ".encode("cp1252") * 9, "text/plain"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "text/plain"),
        (b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1/a.ts\n", "text/plain"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\n", "text/plain"),
        (b"BM is how this text begins, and it is no bitmap", "text/plain"),
        (b"MZ also begins some texts", "text/plain"),
        (b"P1 is a priority", "text/plain"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"<?xml version='1.0'?><a/>", "text/xml"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"%PDF-1.7\n\x00\x01", "application/pdf"),
        (b"PK\x03\x04\x00\x00", "application/zip"),
        (bytes(5000), "application/octet-stream"),
        (b"RIFF\x10\x00\x00\x00ACONanih", "application/octet-stream"),
        (b"\x00\x00\x00\x10moovhello world!", "application/octet-stream"),
    ],
)
def test_everything_else_is_other(data: bytes, name: str) -> None:
    assert told(data) == ContentType(MediaType.OTHER, name)


def test_mp3_frame_length_follows_the_standard() -> None:
    # 128 kbit/s at 44.1 kHz without padding: 144 * 128000 / 44100 = 417.96
    assert mp3_frame_bytes(bytes([0xFF, 0xFB, 0x90, 0x00])) == 417
    assert mp3_frame_bytes(bytes([0xFF, 0xFB, 0xF0, 0x00])) == 0
    assert mp3_frame_bytes(b"\xff\xfb") == 0


def test_boxes_in_boxes_in_boxes_do_not_take_long() -> None:
    """An import tells types in its own process, where nobody stops it."""

    def box(kind: bytes, body: bytes) -> bytes:
        return (8 + len(body)).to_bytes(4, "big") + kind + body

    track = box(b"trak", box(b"mdia", box(b"hdlr", b"") * 200) * 40)
    data = box(b"ftyp", b"isom\0\0\0\0") + box(b"moov", track * 40) * 10
    started = time.process_time()
    assert told(data).name in {"video/mp4", "audio/mp4"}
    assert time.process_time() - started < 1
