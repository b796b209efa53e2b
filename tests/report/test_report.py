"""The report: one page that holds everything, loads nothing, and shows hostile text as text."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.as_json import result_to_json
from engine.cli import main
from engine.page import Box
from engine.receive import sha256_of
from engine.result import Field, Finding, PageResult, Result
from tests import sample_results as sample

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- <script>",
    "\N{RIGHT-TO-LEFT OVERRIDE}00.9\N{POP DIRECTIONAL FORMATTING}",
    "one\N{LINE SEPARATOR}two\x07\x1b[31m",
    '" onmouseover="alert(1)" x="',
)
ACTIVE = {"src", "href", "action", "data", "poster", "formaction", "background"}


@dataclass
class Page(HTMLParser):
    """A page taken apart: its data blocks by id, its scripts and styles, attributes, and text."""

    blocks: dict[str, str] = field(default_factory=dict)
    code: dict[str, list[str]] = field(default_factory=lambda: {"script": [], "style": []})
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.inside: tuple[str, str | None] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.append((tag, told))
        if tag in self.code:
            self.inside = (tag, told.get("id"))
            if told.get("id"):
                self.blocks[str(told["id"])] = ""

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag == self.inside[0]:
            self.inside = None

    def handle_data(self, data: str) -> None:
        if self.inside is None:
            self.text += data
        elif self.inside[1]:
            self.blocks[self.inside[1]] += data
        else:
            self.code[self.inside[0]].append(data)

    def document(self, number: int) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.blocks[f"document-{number}"])
        return told


def parsed(file: Path) -> Page:
    page = Page()
    page.feed(file.read_text("utf-8"))
    page.close()
    return page


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as exit:
        main([str(argument) for argument in arguments])
    return int(exit.value.code or 0)


def write(folder: Path, name: str, result: Result) -> Path:
    file = folder / f"{name}.json"
    file.write_text(result_to_json(result), "utf-8")
    return file


def sheet(folder: Path, name: str = "sheet.png") -> Path:
    """A page, half of it black: left, so that its turns can be told apart."""
    image = Image.new("L", (300, 200), 255)
    image.paste(0, (0, 0, 150, 200))
    image.save(folder / name)
    return folder / name


def result_of(document: Path, **changed: Any) -> Result:
    plain = Result(
        path=str(document),
        sha256=sha256_of(document),
        page_count=1,
        type="receipt",
        status="review",
        fields={"/total": Field("9.00", "9.00", 1, Box(0.1, 0.1, 0.3, 0.2), "ocr", "contradicted", "9.60", 0.6)},
        findings=(Finding("/total", "witness", "error", "9.00 is contradicted", 1),),
        pages=(PageResult(1, "ocr", "print that OCR reads well", {"table": 0.1}, "complete"),),
    )
    return replace(plain, **changed)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of a document in which everything that a document can say is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    document = sheet(folder)
    fields = {
        f"/entries/{n}{text.replace('/', '~1')}": Field(text, text, 1, Box(0, 0, 1, 1))
        for n, text in enumerate(HOSTILE)
    }
    findings = tuple(Finding("", "witness", "error", text, 1) for text in HOSTILE)
    pages = (PageResult(1, "ocr", HOSTILE[0], {HOSTILE[1]: 0.5}, "complete"),)
    write(
        folder, "a", result_of(document, fields=fields, findings=findings, pages=pages, type=HOSTILE[5], ocr=HOSTILE[0])
    )
    assert run("report", folder, "-o", folder / "out" / "report.html") == 0
    return parsed(folder / "out" / "report.html")


def test_a_hostile_document_adds_no_element_and_no_attribute_that_acts(hostile: Page) -> None:
    assert not [tag for tag, _ in hostile.tags if tag in {"img", "iframe", "object", "embed", "base"}]
    assert [told for tag, told in hostile.tags if tag == "script" and "id" not in told] == [{}]
    assert not [name for _, told in hostile.tags for name in told if name.startswith("on") or name == "style"]


def test_what_it_says_is_there_as_text_with_what_steers_replaced(hostile: Page) -> None:
    view = hostile.document(0)
    told = [one["value"] for one in view["fields"]]
    assert told[:3] == list(HOSTILE[:3])
    assert told[3:5] == ["\N{REPLACEMENT CHARACTER}00.9\N{REPLACEMENT CHARACTER}", "one�two��[31m"]
    assert HOSTILE[0] in hostile.text  # the first finding, in the list
    raw = hostile.blocks["document-0"]
    assert not set("<>&\N{LINE SEPARATOR}\N{RIGHT-TO-LEFT OVERRIDE}") & set(raw)


def test_the_page_loads_nothing_and_lets_only_its_own_code_run(hostile: Page) -> None:
    links = [told[name] for _, told in hostile.tags for name in told if name in ACTIVE]
    assert all(link is not None and re.fullmatch(r"#[\w-]*", link) for link in links), links
    (policy,) = (told["content"] for _, told in hostile.tags if told.get("http-equiv") == "Content-Security-Policy")
    for kind, code in hostile.code.items():
        hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in code]
        assert re.findall(f"{kind}-src ([^;]+);", str(policy)) == [f"'sha256-{one}'" for one in hashes]
    assert str(policy).startswith("default-src 'none'; img-src data:;")


def test_a_field_stands_beside_its_page(tmp_path: Path) -> None:
    write(tmp_path, "a", result_of(sheet(tmp_path)))
    assert run("report", tmp_path / "a.json", "-o", tmp_path / "r.html") == 0
    page = parsed(tmp_path / "r.html")
    view = page.document(0)
    (told,) = view["fields"]
    assert (told["box"], told["verdict"], told["witness"], told["confidence"]) == (
        [0.1, 0.1, 0.3, 0.2], "contradicted", "9.60", 0.6,
    )  # fmt: skip
    assert [reason["message"] for reason in told["reasons"]] == ["9.00 is contradicted"]
    (picture,) = view["pictures"]
    drawn = picture_of(page, "picture-0-1")
    assert drawn.size == (picture["width"], picture["height"])
    assert [drawn.getpixel((x, drawn.height // 2))[0] < 128 for x in (10, drawn.width - 10)] == [True, False]


def picture_of(page: Page, block: str) -> Image.Image:
    kind, data = page.blocks[block].split(",", 1)
    assert kind == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")


def test_a_page_is_shown_upright_as_it_was_read(tmp_path: Path) -> None:
    turned = (PageResult(1, "ocr", "printed", {"rotation": 90.0}, "complete"),)
    write(tmp_path, "a", result_of(sheet(tmp_path), pages=turned))
    assert run("report", tmp_path / "a.json", "-o", tmp_path / "r.html") == 0
    drawn = picture_of(parsed(tmp_path / "r.html"), "picture-0-1")
    assert drawn.height > drawn.width
    dark = [drawn.getpixel((drawn.width // 2, y))[0] < 128 for y in (10, drawn.height - 10)]
    assert dark == [True, False]  # a clockwise turn brings the left side to the top


def test_pages_of_other_documents_of_the_file_are_left_out(tmp_path: Path) -> None:
    pages = (
        PageResult(1, "ocr", "printed", {}, "complete"),
        PageResult(2, "ocr", "not a page of this document", {}, "skipped", attempts=0),
    )
    write(tmp_path, "a", result_of(sheet(tmp_path), pages=pages))
    assert run("report", tmp_path / "a.json", "-o", tmp_path / "r.html") == 0
    assert [one["page"] for one in parsed(tmp_path / "r.html").document(0)["pages"]] == [1]


def test_of_a_long_document_only_pages_with_a_value_or_a_doubt_have_pictures(tmp_path: Path) -> None:
    leaves = [Image.new("L", (120, 160), 255)] * 22
    leaves[0].save(tmp_path / "long.tif", save_all=True, append_images=leaves[1:])
    pages = tuple(PageResult(number, "ocr", "printed", {}, "complete") for number in range(1, 23))
    told = (Finding("", "page", "warning", "something is cut off", 7),)
    write(tmp_path, "a", result_of(tmp_path / "long.tif", page_count=22, pages=pages, findings=told))
    assert run("report", tmp_path / "a.json", "-o", tmp_path / "r.html") == 0
    shown = parsed(tmp_path / "r.html")
    assert [one["page"] for one in shown.document(0)["pictures"] if one["gone"] is None] == [1, 7]
    assert {name for name in shown.blocks if name.startswith("picture-")} == {"picture-0-1", "picture-0-7"}


def test_a_document_that_is_gone_or_another_shows_its_fields_and_says_so(tmp_path: Path) -> None:
    document = sheet(tmp_path)
    write(tmp_path, "a", result_of(document, sha256="0" * 64))
    write(tmp_path, "b", result_of(document, path="nowhere/else.png"))
    write(tmp_path, "c", sample.failed())
    assert run("report", tmp_path, "-o", tmp_path / "r.html") == 0
    page = parsed(tmp_path / "r.html")
    for number, why in enumerate(("its content has changed since", "neither where the result says nor beside")):
        view = page.document(number)
        assert [told["path"] for told in view["fields"]] == ["/total"]
        assert why in view["pictures"][0]["gone"]
    assert (page.document(2)["pages"], page.document(2)["status"]) == ([], "failed")
    assert not [name for name in page.blocks if name.startswith("picture-")]


def test_an_encrypted_document_opens_with_its_password(tmp_path: Path) -> None:
    import pikepdf

    document = tmp_path / "secret.pdf"
    made = pikepdf.new()
    made.add_blank_page()
    made.save(document, encryption=pikepdf.Encryption(user="open", owner="open"))
    write(tmp_path, "a", result_of(document))
    assert run("report", tmp_path / "a.json", "-o", tmp_path / "r.html") == 0
    assert "password" in parsed(tmp_path / "r.html").document(0)["pictures"][0]["gone"]
    assert run("report", tmp_path / "a.json", "-o", tmp_path / "r.html", "--password", "open") == 0
    assert parsed(tmp_path / "r.html").document(0)["pictures"][0]["gone"] is None


def test_of_a_folder_the_results_at_its_top_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deeper").mkdir()
    for folder, name in ((tmp_path, "b"), (tmp_path, "a"), (tmp_path / "deeper", "c")):
        write(folder, name, sample.receipt())
    (tmp_path / "notes.json").write_text('{"hello": 1}')
    assert run("report", tmp_path, tmp_path / "b.json", "-o", tmp_path / "r.html") == 0
    assert [parsed(tmp_path / "r.html").document(n)["name"] for n in (0, 1)] == ["a", "b"]
    said = capsys.readouterr().err
    assert "passed over: " in said
    assert "notes.json" in said
    assert "report of 2 documents" in said


def test_results_of_one_name_are_told_apart(tmp_path: Path) -> None:
    files = []
    for name in ("monday", "tuesday"):
        (tmp_path / name).mkdir()
        files.append(write(tmp_path / name, "a", sample.receipt()))
    assert run("report", *files, "-o", tmp_path / "r.html") == 0
    page = parsed(tmp_path / "r.html")
    assert [page.document(n)["name"] for n in (0, 1)] == ["monday__a", "tuesday__a"]


def test_what_people_decided_is_held_against_confidence(tmp_path: Path) -> None:
    write(tmp_path, "a", sample.receipt())
    assert run("report", tmp_path, "-o", tmp_path / "r.html") == 0
    assert "Nobody has decided on a value yet" in parsed(tmp_path / "r.html").text
    was = {"value": 9, "confidence": 0.92, "source": "ocr", "verdict": "silent"}
    told = {"result": "a.json", "sha256": None, "of": "x", "gives": "y", "who": "Ann", "when": "", "was": was}
    lines = [
        {"id": str(n), "path": f"/{n}", "kind": kind, **told}
        for n, kind in enumerate(("accept", "accept", "accept", "absent"))
    ]
    (tmp_path / ".engine").mkdir()
    (tmp_path / ".engine" / "review.jsonl").write_text("\n".join(map(json.dumps, lines)))
    assert run("report", tmp_path, "-o", tmp_path / "r.html") == 0
    page = parsed(tmp_path / "r.html")
    words = next(
        str(told["aria-label"]) for _, told in page.tags if "share that was right" in str(told.get("aria-label"))
    )
    assert words.endswith("4 values at 0.92: 0.75 right")


def test_a_document_beside_its_result_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = sheet(tmp_path)
    scan = document.read_bytes()
    write(tmp_path, "a", result_of(document, path="gone/sheet.png"))
    assert run("report", tmp_path / "a.json", "-o", document) == 3
    assert "would overwrite the document" in capsys.readouterr().err
    assert document.read_bytes() == scan


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.json", "-o", "r.html"], 3, "does not exist"),
        (["broken.json", "-o", "r.html"], 2, "not valid JSON"),
        (["other.json", "-o", "r.html"], 2, "this is no result"),
        (["empty", "-o", "r.html"], 2, "there is no result in"),
        (["a.json", "-o", "a.json"], 3, "would overwrite a result"),
        (["a.json", "-o", "empty"], 3, "is a folder"),
        (["a.json"], 3, "-o"),
    ],
)
def test_what_cannot_be_used_is_told(
    arguments: list[str], code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text("{}")
    before = write(tmp_path, "a", sample.receipt()).read_bytes()
    assert run("report", *arguments) == code
    assert words in capsys.readouterr().err
    assert (tmp_path / "a.json").read_bytes() == before
    assert not (tmp_path / "r.html").exists()
