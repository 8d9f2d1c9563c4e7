"""Which features these are: a hash that changes when, and only when, the vectors could."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib import metadata

from mmdesk.engine.core.code_manifest import code_hash
from mmdesk.engine.core.hashing import sha256_bytes, sha256_json
from mmdesk.engine.features.layout import default_layout

_CODE = tuple(
    f"features/{name}.py"
    for name in (
        "audio_decoding",
        "audio_features",
        "chunk_facts",
        "codec_messages",
        "completeness",
        "containers",
        "content_type",
        "document_facts",
        "documents",
        "embedding_model",
        "exif",
        "extractors",
        "facts",
        "feature_extraction",
        "file_ends",
        "heif",
        "image_decoding",
        "image_features",
        "layout",
        "limits",
        "media_ends",
        "media_file",
        "onnx_extractor",
        "other_features",
        "pdf_streams",
        "picture_headers",
        "segments",
        "tiff",
        "video_decoding",
        "video_features",
        "xml_text",
    )
)
"""The files that decide a vector's bytes; the pool, the cache and this file do not."""

_LIBRARIES = ("av", "numpy", "opencv-python-headless", "pypdfium2", "scipy", "soundfile", "soxr")
"""Their wheels bring FFmpeg, libjpeg, libsndfile and so on along, so their versions name those too."""


@functools.cache
def library_versions() -> dict[str, str]:
    """Distribution name -> version of what the extractors compute with; ``"missing"`` where there is none."""
    return {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def feature_version(extra: Sequence[object] = ()) -> str:
    """SHA-256 over the extractors' code, the layout and the libraries' versions; 64 hexadecimal digits.

    The settings of the built-in extractors are constants of their code.

    Args:
        extra: What decides the numbers of extra extractors, as plain JSON; none for the built-in features alone.
    """
    document: dict[str, object] = {
        "code": code_hash("features", *_CODE),
        "layout": list(default_layout().names),
        "libraries": library_versions(),
    }
    return sha256_json({**document, "extra": list(extra)} if extra else document)


def feature_key(artifact_sha256: str, version: str) -> str:
    """The name of an artifact's cache entry under a feature version."""
    return sha256_bytes(f"{artifact_sha256}{version}".encode())
