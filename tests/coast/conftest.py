"""A night off Dongshan; fixes in a folder of the test's own."""

import pytest
from sea import NIGHT
from story import seat_of

from fangxian.hazards.epidemic.coast import ticking
from fangxian.spine.observe import tracks as trackfile


@pytest.fixture(autouse=True)
def own_tracks(tmp_path, monkeypatch):
    """A file of fixes for each test."""
    file = trackfile.TrackFile(tmp_path / "tracks.sqlite3")
    monkeypatch.setattr(trackfile, "_open", lambda path: file)
    monkeypatch.setattr(ticking, "_last", [0])
    return file


@pytest.fixture
def xu(city, now):
    now.at = NIGHT
    return seat_of("xu")
