import errno
import os
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from rendering import store as stores
from rendering.store import Store, StoreAway, StoreFull

KEY = "ab" * 32


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store", reserve=0)


def write_and_fail(store):
    with store.write(KEY, ".txt") as path:
        path.write_text("half")
        raise RuntimeError


def test_a_written_file_is_found_once_it_is_whole(store):
    assert store.find(KEY, ".txt") is None
    with store.write(KEY, ".txt") as path:
        path.write_text("kept")
        assert store.find(KEY, ".txt") is None  # not before it is whole
    assert store.find(KEY, ".txt").read_text() == "kept"
    assert store.find(KEY, ".json") is None


def test_a_failed_write_leaves_nothing(store):
    with pytest.raises(RuntimeError):
        write_and_fail(store)
    assert store.find(KEY, ".txt") is None
    assert store.total() == 0


def test_a_key_is_forgotten_with_all_its_files(store):
    for key, suffix in ((KEY, ".pack"), (KEY, ".12.features"), ("ab" * 31 + "ac", ".pack")):
        with store.write(key, suffix) as path:
            path.write_text("kept")
    store.forget(KEY)
    store.forget(KEY)
    assert store.find(KEY, ".pack") is store.find(KEY, ".12.features") is None
    assert store.find("ab" * 31 + "ac", ".pack")


def test_the_old_file_stays_when_a_second_write_fails(store):
    with store.write(KEY, ".txt") as path:
        path.write_text("first")
    with pytest.raises(RuntimeError):
        write_and_fail(store)
    assert store.find(KEY, ".txt").read_text() == "first"


def test_many_writers_of_one_key_leave_one_whole_file(store):
    ready = threading.Barrier(8)

    def write():
        ready.wait()
        with store.write(KEY, ".bin") as path:
            path.write_bytes(b"same" * 10_000)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.find(KEY, ".bin").read_bytes() == b"same" * 10_000
    assert store.total() == 40_000


def test_a_killed_writer_leaves_no_file_and_its_draft_is_removed(tmp_path):
    code = (
        "import sys\nfrom rendering.store import Store\n"
        f"with Store(sys.argv[1]).write('{KEY}', '.txt') as path:\n"
        "    path.write_text('half'); print('ready', flush=True); sys.stdin.read()\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with writer:
        assert writer.stdout.readline() == b"ready\n"
        Store(tmp_path)  # leaves the draft of a living writer alone
        assert len(list((tmp_path / "unfinished").glob("*.txt"))) == 1
        writer.send_signal(signal.SIGKILL)
    assert len(list((tmp_path / "unfinished").iterdir())) == 2  # the draft, and whose it is
    with Store(tmp_path).write(KEY, ".txt") as mine:
        mine.write_text("half")
        Store(tmp_path)
        assert list((tmp_path / "unfinished").glob("*.txt")) == [
            mine
        ]  # the draft of the dead writer is gone
        other = tmp_path / "unfinished" / "of-an-older-version.txt"
        other.write_text("half")
        os.utime(other, (0, 0))
        Store(tmp_path)  # the next day
        assert not other.exists()
    assert Store(tmp_path).find(KEY, ".txt")


def test_nothing_is_written_when_the_disk_is_nearly_full(tmp_path):
    store = Store(tmp_path, reserve=1 << 60)
    with pytest.raises(StoreFull) as refusal, store.write(KEY, ".txt"):
        pytest.fail("nothing may be written")
    assert refusal.value.sentence.startswith("The disk is full")
    assert not store.healthy()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_disk_that_runs_full_is_reported_as_store_full(store):
    with pytest.raises(StoreFull), store.write(KEY, ".txt"):
        os.write(os.open("/dev/full", os.O_WRONLY), b"x")
    assert store.total() == 0


def test_other_faults_of_a_write_are_passed_on(store):
    with pytest.raises(OSError) as fault, store.write(KEY, ".txt"):
        raise OSError(errno.EINVAL, "not the disk")
    assert fault.value.errno == errno.EINVAL


@pytest.mark.parametrize("number", [errno.EROFS, errno.EIO, errno.ESTALE])
def test_a_disk_that_is_away_is_reported_as_store_away(store, number):
    with pytest.raises(StoreAway, match="cannot be reached just now"), store.write(KEY, ".txt"):
        raise OSError(number, "the disk")
    shutil.rmtree(store.folder)
    with pytest.raises(StoreAway), store.write(KEY, ".txt"):
        pytest.fail("nothing can be written")
    assert not store.healthy()


def flip(path):
    """Other bytes in the middle, the same size."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 8] = bytes(255 - byte for byte in data[middle : middle + 8])
    path.write_bytes(data)


@pytest.mark.parametrize(
    "damage", [flip, lambda path: path.write_bytes(b""), lambda path: os.truncate(path, 50)]
)
def test_a_damaged_file_counts_as_absent(store, damage):
    for _ in range(2):  # it can be written again
        with store.write(KEY, ".mp4") as path:
            path.write_bytes(b"film" * 100)
        assert store.find(KEY, ".mp4")
        assert not store.is_damaged(KEY, ".mp4")
        damage(store.path(KEY, ".mp4"))
        assert store.find(KEY, ".mp4") is None
        assert store.is_damaged(KEY, ".mp4")
    store.remove(KEY, ".mp4")
    assert not store.is_damaged(KEY, ".mp4")
    assert not list(store.folder.rglob("*.sum"))


def test_a_file_without_a_hash_is_accepted_once_and_checked_from_then_on(store):
    path = store.path(KEY, ".mp4")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"film" * 100)
    assert store.find(KEY, ".mp4") == path
    flip(path)
    assert store.find(KEY, ".mp4") is None


def test_a_malformed_key_is_refused(store):
    for key in ("", "ab", "../../etc/passwd", "ABCDEF"):
        with pytest.raises(ValueError):
            store.path(key, ".txt")


def test_an_empty_store_is_healthy(store):
    assert store.healthy()
    assert store.total() == 0


def test_a_scratch_folder_lies_on_the_disk_of_the_store_and_is_removed(store):
    with store.scratch() as folder:
        (folder / "a").write_text("a")
        assert os.stat(folder).st_dev == os.stat(store.folder).st_dev
    assert not folder.exists()
    assert stores.RESERVE == 200 * 1024 * 1024
