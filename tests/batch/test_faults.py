"""Whatever hangs, crashes, explodes or fills up: it costs itself, with a sentence, and the others are done."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine import extract
from tests.batch.killing import PROGRAM
from tests.batch.small import bomb, slips
from tests.making import raw_pdf, stream

WRAPPER = """#!/bin/sh
# Stands before Tesseract: pages of two sizes of file make it hang, or end the process that called it.
for word in "$@"; do
    case "$word" in
    *_input.*) bytes=$(stat -c %s "$word") ;;
    esac
done
echo "${bytes:-0}" >> "$FAULTS/sizes"
if [ "${bytes:-0}" -gt 0 ] && grep -qx "${bytes}" "$FAULTS/hang" 2>/dev/null; then exec sleep 31536; fi
if [ "${bytes:-0}" -gt 0 ] && grep -qx "${bytes}" "$FAULTS/crash" 2>/dev/null; then kill -SEGV "$PPID"; exec sleep 0; fi
exec "$REAL" "$@"
"""
MOUNT, UMOUNT = "/bin/mount", "/bin/umount"
CATALOG = "<</Type /Catalog /Pages 2 0 R>>"
PAGES = "<</Type /Pages /Kids [3 0 R] /Count 1>>"
PAGE = "<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources <</XObject <</I 5 0 R>>>>>>"


def batch(
    *arguments: object, environment: dict[str, str] | None = None, **more: Any
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PROGRAM), "batch", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
        timeout=150,
        **more,
    )


def results(out: Path) -> dict[str, Any]:
    return {Path(each["document"]["path"]).name: each for each in map(_json, out.glob("*.json"))}


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def running(word: str) -> list[str]:
    """Command lines that hold the word."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in line:
            found.append(line)
    return found


def test_a_tesseract_that_hangs_or_crashes_costs_its_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slips of other sizes are the marked ones: the wrapper tells them by the bytes of the picture it is given."""
    inputs, tools = tmp_path / "in", tmp_path / "tools"
    made = slips(inputs, 5)
    for path, width in ((made[1], 410), (made[2], 420)):
        with Image.open(path) as image:
            wider = Image.new("L", (width, 600), 255)
            wider.paste(image)
            wider.save(path)
    tools.mkdir()
    (tools / "tesseract").write_text(WRAPPER)
    (tools / "tesseract").chmod(0o755)
    real = shutil.which("tesseract")
    assert real is not None
    for name, value in {"PATH": f"{tools}:{os.environ['PATH']}", "REAL": real, "FAULTS": str(tools)}.items():
        monkeypatch.setenv(name, value)
    for mark, path in (("hang", made[1]), ("crash", made[2])):  # what size a marked page has when Tesseract is given it
        assert extract(path, type="receipt").status == "review"
        sizes = {size for size in (tools / "sizes").read_text().split() if size != "0"}
        (tools / "sizes").write_text("")
        (tools / mark).write_text("\n".join(sorted(sizes)) + "\n")
    (tmp_path / "engine.toml").write_text("page_seconds = 6\n")
    settings = ("--config", tmp_path / "engine.toml", "--jobs", 2)
    done = batch("run", inputs, "--type", "receipt", "--out", tmp_path / "out", *settings)
    assert done.returncode == 2, done.stderr
    told = results(tmp_path / "out")
    assert len(told) == 5
    said = {name: each["findings"][0]["message"] for name, each in told.items() if each["status"] == "failed"}
    assert set(said) == {made[1].name, made[2].name}
    assert "longer than 6 seconds" in said[made[1].name]
    assert "died (signal 11)" in said[made[2].name]
    end = time.monotonic() + 10
    while (left := running("sleep 31536")) and time.monotonic() < end:
        time.sleep(0.2)
    assert left == []
    assert running(str(tmp_path)) == []


def _hostile(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    yield bomb(folder / "a form that draws itself.pdf")
    image = "/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
    zeros = zlib.compress(b"\0" * 200_000_000, 9)
    yield _file(
        folder / "an image of far more pixels than a page.pdf",
        raw_pdf(
            CATALOG,
            PAGES,
            PAGE,
            stream("", b"q 612 0 0 792 0 0 cm /I Do Q"),
            stream(f"{image} /Width 60000 /Height 60000", zlib.compress(b"\0" * 100_000)),
        ),
    )
    yield _file(
        folder / "a stream that unpacks to 200 MB.pdf",
        raw_pdf(CATALOG, PAGES, PAGE, stream("/Filter /FlateDecode", zeros), "<<>>"),
    )
    twice = zlib.compress(zeros, 9)
    yield _file(
        folder / "a stream packed twice.pdf",
        raw_pdf(CATALOG, PAGES, PAGE, stream("/Filter [/FlateDecode /FlateDecode]", twice), "<<>>"),
    )
    yield _file(folder / "pages that hold themselves.pdf", raw_pdf(CATALOG, "<</Type /Pages /Kids [2 0 R] /Count 9>>"))
    nested = b"[" * 100_000 + b"]" * 100_000
    yield _file(folder / "lists in lists.pdf", raw_pdf(CATALOG, PAGES, PAGE, stream("", b""), nested))
    Image.new("1", (30_000, 30_000)).save(folder / "900 million pixels.png")
    yield folder / "900 million pixels.png"
    Image.new("1", (30_000, 30_000)).save(folder / "900 million pixels.tif", compression="tiff_adobe_deflate")
    yield folder / "900 million pixels.tif"
    font = "<</Type /Font /Subtype /TrueType /BaseFont /X /FontDescriptor 6 0 R /Encoding 5 0 R>>"  # its own encoding
    page = PAGE.replace("/XObject <</I 5 0 R>>", "/Font <</F 5 0 R>>")
    yield _file(
        folder / "a font that is none.pdf",
        raw_pdf(
            CATALOG,
            PAGES,
            page,
            stream("", b"BT /F 12 Tf 72 700 Td (Total 12.50) Tj ET"),
            font,
            "<</Type /FontDescriptor /FontName /X /FontFile2 7 0 R>>",
            stream("", b"\0\1\0\0\xff\xff\xff\xff" + bytes(range(256)) * 40),
        ),
    )


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_bombs_cost_themselves(tmp_path: Path) -> None:
    hostile = {path.name for path in _hostile(tmp_path / "in")}
    (good,) = slips(tmp_path / "in", 1)
    (tmp_path / "engine.toml").write_text("page_seconds = 20\n")
    where = ("--out", tmp_path / "out", "--config", tmp_path / "engine.toml")
    done = batch("run", tmp_path / "in", "--type", "receipt", *where, "--jobs", 2)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    told = results(tmp_path / "out")
    assert set(told) == {*hostile, good.name}
    assert told[good.name]["status"] != "failed"
    for name in hostile:
        assert told[name]["status"] != "clean"
        assert told[name]["findings"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        [MOUNT, "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"only root may mount a disk: {made.stderr.strip()}")
    yield place
    subprocess.run([UMOUNT, "-l", str(place)], check=True)


def test_on_a_full_disk_it_stops_and_goes_on_when_there_is_room(tmp_path: Path, small_disk: Path) -> None:
    slips(tmp_path / "in", 30)  # so many that the disk is full before all are done
    command = ("run", tmp_path / "in", "--type", "receipt", "--out", small_disk / "out", "--jobs", 2)
    running_one = subprocess.Popen([str(PROGRAM), "batch", *map(str, command)], stderr=subprocess.PIPE, text=True)
    assert running_one.stderr is not None
    running_one.stderr.readline()  # one is done
    ballast = small_disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
    err = running_one.communicate(timeout=60)[1]
    assert running_one.returncode == 3, err
    (sentence,) = [line for line in err.splitlines() if line.startswith("engine: ")]
    assert "room" in sentence or "No space left" in sentence
    assert "Traceback" not in err
    before = {path: _json(path) for path in (small_disk / "out").glob("*.json")}  # whole, or not there
    assert 0 < len(before) < 30
    ballast.unlink()
    again = batch(*command)
    assert again.returncode == 1, again.stderr
    told = results(small_disk / "out")
    assert len(told) == 30
    assert {each["status"] for each in told.values()} == {"review"}
    assert all(_json(path) == each for path, each in before.items())


def test_its_state_is_told_where_nothing_can_be_written(tmp_path: Path) -> None:
    """An archive, or a disk that was mounted to be looked at: no file beside the database is needed to read it."""
    slips(tmp_path / "in", 1)
    out, archive = tmp_path / "out", tmp_path / "archive"
    assert batch("run", tmp_path / "in", "--type", "receipt", "--out", out).returncode == 1
    assert [path.name for path in (out / ".engine").glob("batch.sqlite*")] == ["batch.sqlite"]
    archive.mkdir()
    bound = subprocess.run([MOUNT, "--bind", str(out), str(archive)], capture_output=True, text=True, check=False)
    if bound.returncode:
        pytest.skip(f"only root may mount a folder: {bound.stderr.strip()}")
    try:
        subprocess.run([MOUNT, "-o", "remount,ro,bind", str(archive)], check=True)
        told = batch("status", "--out", archive)
    finally:
        subprocess.run([UMOUNT, "-l", str(archive)], check=True)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("1 of 1 documents")


def test_no_single_file_may_grow(tmp_path: Path) -> None:
    """A limit of the system on files, which needs no root: the database cannot grow."""
    slips(tmp_path / "in", 4)
    command = ("run", tmp_path / "in", "--type", "receipt", "--out", tmp_path / "out", "--jobs", 2)
    done = batch(*command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)))
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert batch(*command).returncode == 1
    assert len(results(tmp_path / "out")) == 4


def test_a_folder_that_may_not_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    """Root may write anywhere: for it the command is begun without that power."""
    (slip,) = slips(tmp_path / "in", 1)
    before = {}
    for out in (tmp_path / "empty", tmp_path / "begun"):
        out.mkdir()
        if out.name == "begun":
            assert batch("run", slip, "--type", "receipt", "--out", out).returncode == 1
        before[out] = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
        for path in (*before[out], out):
            path.chmod(0o555 if path.is_dir() else 0o444)
    powerless = ("setpriv", "--bounding-set", "-dac_override") if os.geteuid() == 0 else ()
    for out, found in before.items():
        command = (*powerless, PROGRAM, "batch", "run", slip, "--type", "receipt", "--out", out)
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        assert done.returncode == 3, done.stderr
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert "cannot be written" in done.stderr
        assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == found


def test_names_are_names_and_results_stay_where_they_belong(tmp_path: Path) -> None:
    """Nobody reads them but the file system: no shell, no pattern, no path."""
    (slip,) = slips(tmp_path / "made", 1)
    inputs, out = tmp_path / "in" / "deep", tmp_path / "out"
    inputs.mkdir(parents=True)
    names = ("$(touch x).png", "a\nb.png", "🧾 \u202e.png", 'it\'s "quoted".png', "`id`;x.png", "-rf.png", "..png")
    for name in (*names, "../outside.png"):
        shutil.copy(slip, inputs / name)
    rows = inputs / "rows.jsonl"
    rows.write_text(
        "".join(json.dumps({"path": name}) + "\n" for name in (*names, "../outside.png", "../../../gone.png"))
    )
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(out)}
    done = batch("run", rows, "--type", "receipt", "--out", out, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    told = results(out)
    assert set(told) == {*names, "outside.png", "gone.png"}
    assert {name for name, each in told.items() if each["status"] == "failed"} == {"gone.png"}
    assert {path for path in tmp_path.rglob("*") if not path.is_relative_to(out)} == before


def test_a_place_that_is_a_file_is_told(tmp_path: Path) -> None:
    slips(tmp_path / "in", 1)
    (tmp_path / "out").write_text("a file")
    done = batch("run", tmp_path / "in", "--type", "receipt", "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "cannot be written to (Not a directory)" in done.stderr
