"""The shelf: whatever happened to its folder, it gives what was put there under this key and this name, or nothing; it never raises."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_api.images.shelf import PRUNED_EVERY, SUFFIX, Shelf
from kernel.image import WASM_PAGE, Image

MOST = 1 << 20
KEYS = frozenset({"@a.x@1", "@a.y@2"})
IMAGE = Image.of(b"\1" * WASM_PAGE + bytes(WASM_PAGE), (4096, 64))
OTHER = Image.of(b"\2" * WASM_PAGE)
KEPT = IMAGE, KEYS


def shelf(folder: Path, key: bytes = b"key", about: str = "engine 1", most: int = MOST) -> Shelf:
    return Shelf(folder / "shelf", key, about, most)


def file_of(folder: Path, name: str = "one") -> Path:
    return folder / "shelf" / (name + SUFFIX)


async def test_what_is_kept_is_given_back_also_by_another_process(tmp_path: Path) -> None:
    await shelf(tmp_path).keep("one", *KEPT)
    assert await shelf(tmp_path).image("one") == KEPT
    assert await shelf(tmp_path).image("two") is None


async def test_the_folder_and_its_files_are_nobody_elses_to_read(tmp_path: Path) -> None:
    """A val's private code is in its own image."""
    await shelf(tmp_path).keep("one", *KEPT)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "shelf", file_of(tmp_path))] == [0o700, 0o600]


async def test_another_key_another_engine_or_another_name_is_not_trusted(tmp_path: Path) -> None:
    await shelf(tmp_path).keep("one", *KEPT)
    assert await shelf(tmp_path, key=b"other").image("one") is None
    assert await shelf(tmp_path, about="engine 2").image("one") is None
    file_of(tmp_path).rename(file_of(tmp_path, "two"))
    assert await shelf(tmp_path).image("two") is None


async def test_a_name_and_its_engine_are_told_apart(tmp_path: Path) -> None:
    await shelf(tmp_path, about="engine").keep("one", *KEPT)
    assert await shelf(tmp_path, about="engine\0one").image("one") is None


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    asyncio.run(shelf(folder).keep("one", *KEPT))
    return folder, file_of(folder).read_bytes()


@given(st.integers(0, 1 << 30), st.integers(0, 7))
def test_a_bit_that_flipped_anywhere_is_seen(whole: tuple[Path, bytes], at: int, bit: int) -> None:
    folder, data = whole
    at %= len(data)
    file_of(folder).write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
    assert asyncio.run(shelf(folder).image("one")) is None


@given(st.integers(0, 1 << 30), st.binary(max_size=9))
def test_what_is_cut_or_has_more_behind_it_is_seen(whole: tuple[Path, bytes], at: int, more: bytes) -> None:
    folder, data = whole
    for changed in (data[: at % len(data)], data + more + b"x", more):
        file_of(folder).write_bytes(changed)
        assert asyncio.run(shelf(folder).image("one")) is None
    file_of(folder).write_bytes(data)
    assert asyncio.run(shelf(folder).image("one")) == KEPT


BODIES = [
    b"",
    b"\1",
    struct.pack("<I", 99),
    struct.pack("<I", 2) + b"{]",
    struct.pack("<I", 1) + b"7",
    struct.pack("<I", 2) + b"[]" + b"no image",
]


@pytest.mark.parametrize("body", BODIES)
async def test_what_we_signed_and_is_no_image_is_none(tmp_path: Path, body: bytes) -> None:
    await shelf(tmp_path).put("one", body)
    assert await shelf(tmp_path).get("one") == body
    assert await shelf(tmp_path).image("one") is None


def a_link(folder: Path) -> None:
    """The attacker has signed nothing, but knows where a good file is."""
    file_of(folder).rename(folder / "elsewhere")
    file_of(folder).symlink_to(folder / "elsewhere")


def a_linked_folder(folder: Path) -> None:
    (folder / "shelf").rename(folder / "moved")
    (folder / "shelf").symlink_to(folder / "moved")


def a_pipe(folder: Path) -> None:
    """To open it would wait for ever."""
    file_of(folder).unlink()
    os.mkfifo(file_of(folder), 0o600)


def a_folder(folder: Path) -> None:
    file_of(folder).unlink()
    file_of(folder).mkdir(0o700)


def no_folder(folder: Path) -> None:
    file_of(folder).unlink()
    (folder / "shelf").rmdir()
    (folder / "shelf").write_text("a file")


SPOILED: dict[str, Callable[[Path], None]] = {
    "a link": a_link,
    "a folder that is a link": a_linked_folder,
    "a pipe": a_pipe,
    "a folder for a file": a_folder,
    "a file for the folder": no_folder,
    "a folder that the group reads": lambda folder: (folder / "shelf").chmod(0o750),
    "a folder that anybody writes": lambda folder: (folder / "shelf").chmod(0o702),
    "a file that anybody writes": lambda folder: file_of(folder).chmod(0o602),
    "a file that the group reads": lambda folder: file_of(folder).chmod(0o640),
    "a file that is larger than all": lambda folder: os.truncate(file_of(folder), MOST + 1),
    "a file that is gone": lambda folder: file_of(folder).unlink(),
    "an empty file": lambda folder: os.truncate(file_of(folder), 0),
}


@pytest.mark.parametrize("what", SPOILED)
async def test_a_folder_or_a_file_that_is_not_ours_alone_is_as_if_it_was_not_there(tmp_path: Path, what: str) -> None:
    made = shelf(tmp_path)
    await made.keep("one", *KEPT)
    SPOILED[what](tmp_path)
    assert await made.image("one") is None
    await made.keep("two", OTHER, KEYS)  # and it does not raise
    assert await made.image("two") in (None, (OTHER, KEYS))


async def test_nothing_is_written_where_others_may_write(tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir(0o777)
    (tmp_path / "shelf").chmod(0o777)
    await shelf(tmp_path).keep("one", *KEPT)
    assert list((tmp_path / "shelf").iterdir()) == []


async def test_a_file_of_another_user_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await shelf(tmp_path).keep("one", *KEPT)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert await shelf(tmp_path).image("one") is None


@pytest.mark.parametrize("call", ["fdopen", "open", "fstat", "utime"])
async def test_a_disk_that_is_full_or_broken_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """And it leaves no halves of files, which would fill it for good."""
    made = shelf(tmp_path)
    await made.keep("one", *KEPT)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    await made.keep("two", *KEPT)
    assert await made.image("one") is None
    monkeypatch.undo()
    assert {path.name for path in (tmp_path / "shelf").iterdir()} <= {"one.image", "two.image"}
    assert await made.image("one") == KEPT


async def test_what_cannot_be_put_in_its_place_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    await shelf(tmp_path).keep("one", *KEPT)
    monkeypatch.undo()
    assert list((tmp_path / "shelf").iterdir()) == []


async def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    await shelf(tmp_path).put("first", bytes(1000))
    most = 5 * file_of(tmp_path, "first").stat().st_size
    for number in range(6):
        await shelf(tmp_path, most=1 << 30).put(str(number), bytes(1000))
        os.utime(file_of(tmp_path, str(number)), (number, number))
    os.utime(file_of(tmp_path, "first"), (0, 0))
    assert await shelf(tmp_path).get("first") is not None  # used: it is the newest now
    await shelf(tmp_path, most=most).put("last", bytes(1000))
    assert {path.stem for path in (tmp_path / "shelf").iterdir()} == {"first", "last", "3", "4", "5"}


async def test_a_shelf_is_never_much_larger_than_it_may_be(tmp_path: Path) -> None:
    made = shelf(tmp_path, most=20_000)
    for number in range(3 * PRUNED_EVERY):
        await made.put(str(number), bytes(1000))
    await made.put("too large", bytes(20_000))
    files = list((tmp_path / "shelf").iterdir())
    assert sum(path.stat().st_size for path in files) <= 20_000 + PRUNED_EVERY * 1032
    assert "too large.image" not in {path.name for path in files}


async def test_files_that_vanish_while_they_are_counted_are_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = shelf(tmp_path, most=5000)
    await made.put("one", bytes(1000))
    real = Path.iterdir

    def vanishing(path: Path) -> list[Path]:
        return [*real(path), path / "gone"]

    monkeypatch.setattr(Path, "iterdir", vanishing)
    await shelf(tmp_path, most=5000).put("two", bytes(1000))
    assert await made.get("two") == bytes(1000)


async def test_many_write_and_read_one_name_at_once(tmp_path: Path) -> None:
    """Each sees a whole file, of one or of another."""
    made = [shelf(tmp_path) for _ in range(4)]
    images = [Image.of(bytes([number + 1]) * WASM_PAGE) for number in range(4)]

    async def busy(which: int) -> set[bytes]:
        seen = set()
        for _ in range(10):
            await made[which].keep("one", images[which], KEYS)
            found = await made[which].image("one")
            assert found is not None
            seen.add(found[0].to_bytes())
        return seen

    seen = set().union(*await asyncio.gather(*map(busy, range(4))))
    assert seen <= {image.to_bytes() for image in images}


async def test_without_a_folder_or_without_room_nothing_is_kept(tmp_path: Path) -> None:
    for none in (Shelf(None, b"key", "", MOST), Shelf(tmp_path / "shelf", b"key", "", 0)):
        await none.keep("one", *KEPT)
        assert await none.image("one") is None
    assert not (tmp_path / "shelf").exists()
