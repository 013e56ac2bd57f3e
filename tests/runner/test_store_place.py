"""Where replies lie: never in a write-ahead log on a disk that several machines write."""

import pytest

from remud_gen.config import load_config
from remud_gen.runner import store_place
from remud_gen.runner.store_place import find_network_disk, find_store


@pytest.fixture
def mounts(tmp_path, monkeypatch):
    def write(*rows):
        file = tmp_path / "mounts"
        file.write_text("".join(f"{source} {place} {kind} rw 0 0\n" for source, place, kind in rows))
        monkeypatch.setattr(store_place, "MOUNTS", file)

    return write


def test_run_on_a_network_disk_keeps_its_replies_on_this_machine(tmp_path, mounts, monkeypatch):
    share = tmp_path / "my share"
    share.mkdir()
    mounts(("/dev/a", "/", "ext4"), ("server:/x", str(share).replace(" ", "\\040"), "nfs4"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    config = load_config(None, (), {})
    place = find_store(config, share / "run")
    assert place.parent == tmp_path / "state" / "remud-gen"
    assert place == find_store(config, share / "run")
    assert place != find_store(config, share / "other")
    assert find_store(config, tmp_path / "run") == tmp_path / "run" / "replies.sqlite"
    named = load_config(None, [f"runner.replies={share / 'mine.sqlite'}"], {})
    assert find_store(named, share / "run") == share / "mine.sqlite"


def test_store_that_is_there_already_stays_in_use(tmp_path, mounts):
    mounts(("server:/x", str(tmp_path), "cifs"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "replies.sqlite").touch()
    assert find_store(load_config(None, (), {}), tmp_path / "run") == tmp_path / "run" / "replies.sqlite"


@pytest.mark.parametrize(
    ("kind", "is_network"), [("nfs", True), ("fuse.sshfs", True), ("9p", True), ("ext4", False), ("overlay", False)]
)
def test_network_disks_are_told_by_their_kind(tmp_path, mounts, kind, is_network):
    mounts(("/dev/a", "/", "ext4"), ("x", str(tmp_path), kind), ("proc", "/proc", "proc"))
    assert find_network_disk(tmp_path / "deep" / "run") == (kind if is_network else None)


def test_disk_within_a_network_disk_counts_by_itself(tmp_path, mounts):
    mounts(("s:/x", str(tmp_path), "nfs"), ("/dev/b", str(tmp_path / "local"), "xfs"))
    assert find_network_disk(tmp_path / "local" / "run") is None
    assert find_network_disk(tmp_path / "locality") == "nfs"


def test_system_that_does_not_tell_counts_as_local(tmp_path, monkeypatch):
    monkeypatch.setattr(store_place, "MOUNTS", tmp_path / "none")
    assert find_network_disk(tmp_path) is None
