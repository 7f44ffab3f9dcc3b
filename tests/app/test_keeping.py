"""What was learned is there again for the next daemon, and is begun anew where it cannot be read."""

import re

from ghostcells.app.keeping import Kept
from ghostcells.tokens import Calibration, Measure


def learned():
    return Calibration().observe("a-model", Measure(tokens=400), 500)


def test_what_is_kept_is_read_by_the_next(tmp_path):
    path = tmp_path / "counts.json"
    Kept(path, Calibration()).write(learned())
    assert Kept(path, Calibration()).read() == learned()
    assert path.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_written_where_nothing_is_new(tmp_path):
    path = tmp_path / "counts.json"
    kept = Kept(path, Calibration())
    kept.write(kept.read())
    assert not path.exists()


def test_what_cannot_be_read_is_begun_anew(tmp_path, caplog):
    path = tmp_path / "counts.json"
    path.write_bytes(b"\xff{")
    kept = Kept(path, Calibration())
    assert kept.read() == Calibration()
    assert "begun anew" in caplog.text
    kept.write(learned())
    assert Kept(path, Calibration()).read() == learned()


def test_a_disk_that_refuses_is_no_failure(tmp_path, caplog):
    Kept(tmp_path / "missing" / "counts.json", Calibration()).write(learned())
    assert "cannot be kept" in caplog.text


def test_what_another_version_kept_otherwise_is_begun_anew(tmp_path, caplog):
    path = tmp_path / "counts.json"
    Kept(path, Calibration()).write(learned())
    fewer = re.sub(rb'"buckets":\[[^,]*,', b'"buckets":[', path.read_bytes())
    path.write_bytes(fewer)
    assert Kept(path, Calibration()).read() == Calibration()
    assert "begun anew" in caplog.text
