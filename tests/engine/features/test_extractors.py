from __future__ import annotations

import io
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mmdesk.engine.core.errors import ResourceError
from mmdesk.engine.core.types import MediaType
from mmdesk.engine.features.extractors import Sample, installed_extractors
from mmdesk.engine.features.feature_extraction import extract_bytes
from mmdesk.engine.features.feature_set import FeatureSet
from mmdesk.engine.features.layout import default_layout
from mmdesk.engine.features.limits import UnreadableError
from tests.engine.features import media_samples as samples

EXAMPLE = Path(__file__).with_name("example_extractor")


def install(place: Path, value: str | None = None) -> Path:
    """The example as pip would install it, without pip: its module and what announces it."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (place / "mmdesk_warmth.py").write_bytes((EXAMPLE / "mmdesk_warmth.py").read_bytes())
    info = place / f"mmdesk_warmth-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    ((group, points),) = project["entry-points"].items()
    lines = [f"{name} = {value or target}" for name, target in points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines]) + "\n")
    return place


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The example package is installed; the next test finds nothing of it."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(str(place))
    installed_extractors.cache_clear()
    yield place
    installed_extractors.cache_clear()


def blue_left_red_right() -> bytes:
    picture = np.zeros((90, 180, 3), np.uint8)
    picture[:, :60, 2] = 200
    picture[:, 60:, 0] = 200
    return samples.encode(picture)


def test_an_installed_extractor_appends_its_block_and_changes_the_version(installed: Path) -> None:
    before = FeatureSet().version
    installed_extractors.cache_clear()
    install(installed)
    features = FeatureSet()
    assert features.layout.names == (*default_layout().names, "warmth.red_over_blue", "warmth.is_warm")
    assert features.version != before
    found = extract_bytes(io.BytesIO(blue_left_red_right()), MediaType.IMAGE, installed_extractors())
    assert found.vectors.shape == (10, features.layout.size)
    assert (
        found.vectors[:, :-2].tobytes()
        == extract_bytes(io.BytesIO(blue_left_red_right()), MediaType.IMAGE).vectors.tobytes()
    )
    warm = found.vectors[1:, -1].reshape(3, 3)
    assert warm.tolist() == [[0, 1, 1]] * 3
    np.testing.assert_allclose(found.vectors[0, -2], 200 / 255 / 3, atol=0.01)


def test_what_an_extractor_is_not_asked_about_gets_zeros(installed: Path) -> None:
    install(installed)
    found = extract_bytes(io.BytesIO(b"just words\n" * 50), MediaType.OTHER, installed_extractors())
    assert not found.vectors[:, -2:].any()
    film = extract_bytes(io.BytesIO(samples.film(20, (96, 64))), MediaType.VIDEO, installed_extractors())
    assert np.isfinite(film.vectors).all()


class Loud:
    name = "loud"
    version = "1"
    media_types = frozenset(MediaType)
    features = ("a",)

    def __init__(self, answer: npt.ArrayLike | Exception) -> None:
        self._answer = answer

    def extract(self, sample: Sample) -> npt.ArrayLike:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ValueError("secret value"), "the extractor loud failed: ValueError"),
        (np.zeros((1, 2)), r"the extractor loud gave an array of the shape \[1, 2\] instead of \[1, 1\]"),
        ("words", "the extractor loud failed: ValueError"),
    ],
)
def test_what_an_extractor_does_wrong_is_the_reason_kept_with_the_file(
    answer: npt.ArrayLike | Exception, reason: str
) -> None:
    with pytest.raises(UnreadableError, match=f"^{reason}$"):
        extract_bytes(io.BytesIO(b"x"), MediaType.OTHER, [Loud(answer)])


def test_numbers_that_are_none_never_reach_the_features() -> None:
    for answer, stored in ((np.nan, 0.0), (np.inf, 1e9), (-np.inf, -1e9), (3.0, 3.0)):
        found = extract_bytes(io.BytesIO(b"x"), MediaType.OTHER, [Loud(np.array([[answer]]))])
        assert found.vectors[0, -1] == np.float32(stored)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise ImportError('no such library')", "no such library"),
        ("class Warmth: name = 'image'; version = '1'; media_types = frozenset(); features = ('a',)", "built-in block"),
        ("class Warmth: name = 'Warm'; version = '1'; media_types = frozenset(); features = ('a',)", "lower-case"),
        ("class Warmth: name = 'warm'; version = '1'; media_types = frozenset(); features = ()", "0 features"),
        ("class Warmth: name = 'warm'; version = '1'; media_types = {'x'}; features = ('a',)", "MediaType"),
        ("class Warmth: name = 'warm'; version = '1'; media_types = frozenset(); features = ('a', 'a')", "not unique"),
        ("class Warmth: name = 'warm'; version = '1'; media_types = frozenset(); features = ('a',)", "extract"),
        ("class Warmth: name = 'warm'", "no attribute 'features'"),
    ],
)
def test_an_installed_extractor_that_cannot_be_used_is_named(installed: Path, code: str, reason: str) -> None:
    module = f"broken_{abs(hash(code))}"
    (installed / f"{module}.py").write_text(code)
    install(installed, value=f"{module}:Warmth")
    with pytest.raises(ResourceError, match=reason) as caught:
        installed_extractors()
    assert "mmdesk-warmth" in caught.value.message
    assert caught.value.code == "features.extractor"


def test_the_example_names_what_the_program_looks_for() -> None:
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert list(project["entry-points"]) == ["mmdesk.feature_extractors"]
    assert not metadata.entry_points(group="mmdesk.feature_extractors")
