"""The command line: options in, stdout, stderr and exit code out. The flow behind it is a small fake here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from engine import __version__
from engine.as_json import RESULT_SCHEMA
from engine.cli import main
from engine.config import Config
from engine.errors import BadInput, MissingDependency
from engine.page import Box, Reading, Word
from engine.result import Result, Status
from engine.route import Decision, PageRoute
from tests import sample_results as sample


@dataclass
class Flow:
    """Stands where engine.flow stands: notes what it is asked and answers from the file's content."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    readings: tuple[Reading, ...] = (
        Reading(1, words=(Word("Total", Box(0, 0, 1, 1), 0.9, 0),), signals={"ink": 0.02, "table": 0.5}),
    )

    def extract(self, path: Path, **options: Any) -> Result:
        self.asked.append({"path": path, **options})
        if options["progress"] is not None:
            options["progress"](1, 2)
        word = path.read_text()
        if word == "no tesseract":
            raise MissingDependency("tesseract is not installed: apt install tesseract-ocr")
        result = sample.failed(str(path)) if word == "failed" else sample.receipt(str(path))
        return replace(result, status=cast(Status, word))

    def read(self, path: Path, **options: Any) -> SimpleNamespace:
        self.asked.append({"path": path, **options})
        if path.read_text() == "failed":
            raise BadInput(f"{path} is broken: scan it again")
        return SimpleNamespace(document=self.document(path), readings=self.readings)

    def route(self, path: Path, **options: Any) -> SimpleNamespace:
        self.asked.append({"path": path, **options})
        pages = tuple(PageRoute(r, Decision("ocr", "ocr", r.failure or "printed text")) for r in self.readings)
        return SimpleNamespace(document=self.document(path), pages=pages)

    @staticmethod
    def document(path: Path) -> SimpleNamespace:
        return SimpleNamespace(path=path, sha256="0" * 64, page_count=1)


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("ENGINE_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def flow(monkeypatch: pytest.MonkeyPatch) -> Flow:
    fake = Flow()
    module = ModuleType("engine.flow")
    for name in ("extract", "read", "route"):
        setattr(module, name, getattr(fake, name))
    monkeypatch.setitem(sys.modules, "engine.flow", module)
    return fake


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command as the console does; gives exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        code = stopped.value.code
        assert isinstance(code, int)
        return code, *capfd.readouterr()

    return run


Run = Callable[..., tuple[int, str, str]]


def scan(name: str, content: str = "clean") -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return name


def inside(folder: str) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def types(folder: str = "types", **schemas: str) -> str:
    Path(folder).mkdir()
    for name, text in schemas.items():
        (Path(folder) / f"{name}.json").write_text(text)
    return folder


SOUND = '{"title": "A bill", "type": "object", "properties": {"total": {"type": "number"}}}'


# extract


@pytest.mark.parametrize(("status", "code"), [("clean", 0), ("review", 1), ("failed", 2)])
def test_the_result_of_one_file_goes_to_stdout_and_its_status_to_the_exit_code(
    run: Run, flow: Flow, status: str, code: int
) -> None:
    found, out, err = run("extract", scan("a.pdf", status))
    assert (found, err) == (code, "")
    assert json.loads(out)["status"] == status


def test_the_worst_of_several_files_is_the_exit_code(run: Run, flow: Flow) -> None:
    files = [scan("a.pdf"), scan("b.pdf", "failed"), scan("c.pdf", "review")]
    assert run("extract", *files, "--out", "out")[0] == 2


def test_out_gets_one_whole_file_a_document_and_nothing_else(run: Run, flow: Flow) -> None:
    code, out, err = run("extract", scan("in/a/s.pdf"), scan("in/b/s.pdf", "review"), scan("x.pdf"), "--out", "out")
    assert (code, out) == (1, "")
    assert inside("out") == ["a__s.pdf.json", "b__s.pdf.json", "x.json"]
    assert json.loads(Path("out/x.json").read_text())["document"]["path"] == "x.pdf"
    assert err.splitlines()[1] == "review  in/b/s.pdf  1 finding  out/b__s.pdf.json"


def test_quiet_says_nothing(run: Run, flow: Flow) -> None:
    assert run("extract", scan("a.pdf"), "--out", "out", "--quiet") == (0, "", "")


def test_the_same_file_twice_is_done_once(run: Run, flow: Flow) -> None:
    code, out, _ = run("extract", scan("a.pdf"), "./a.pdf")
    assert code == 0
    assert json.loads(out)["document"]["path"] == "a.pdf"
    assert len(flow.asked) == 1


def test_options_reach_the_library(run: Run, flow: Flow) -> None:
    Path("engine.toml").write_text("min_side = 10\nlang = 'fra'\n")
    folder = types(bill=SOUND)
    options = "--type bill --route ocr --pages 1-3,7 --lang eng+deu --jobs 2 --password x --no-vlm --ocr tesseract"
    run("extract", scan("a.pdf"), *options.split(), "--schemas", folder)
    expected = Config(
        route="ocr",
        pages="1-3,7",
        lang="eng+deu",
        jobs=2,
        password="x",  # noqa: S106 - no secret
        ocr="tesseract",
        schemas=Path(folder),
        min_side=10,
        no_vlm=True,
    )
    assert flow.asked == [{"path": Path("a.pdf"), "type": "bill", "config": expected, "progress": None, "vlm": None}]


def test_csv_is_written_beside_the_json(run: Run, flow: Flow) -> None:
    run("extract", scan("a.pdf"), scan("b.pdf"), "--out", "out", "--csv", "tables/all.csv")
    assert inside("tables") == ["all.csv", "all.line_items.csv"]
    assert {line.split(",")[0] for line in Path("tables/all.csv").read_text().splitlines()} == {
        "document",
        "a.pdf",
        "b.pdf",
    }


def test_a_missing_program_is_a_usage_error_with_its_remedy(run: Run, flow: Flow) -> None:
    assert run("extract", scan("a.pdf", "no tesseract")) == (
        3,
        "",
        "engine: tesseract is not installed: apt install tesseract-ocr\n",
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "Missing argument 'FILE...'"),
        (("a.pdf", "missing.pdf"), "missing.pdf does not exist"),
        (("a.pdf", "folder"), "folder is a folder"),
        (("x" * 300,), "does not exist"),
        (("a.pdf", "b.pdf"), "give --out DIR"),
        (("a.pdf", "--tpye", "x"), "No such option '--tpye'"),
        (("a.pdf", "--route", "best"), "'best' is not one of"),
        (("a.pdf", "--jobs", "two"), "'two' is not a valid integer"),
        (("a.pdf", "--jobs", "-1"), "--jobs is -1 and must be a whole number of at least 0"),
        (("a.pdf", "--pages", "one"), "must be pages such as 1-3,7"),
        (("a.pdf", "--lang", ""), "must be languages"),
        (("a.pdf", "--ocr", "both", "--lang", "eng+rus"), "Western European languages only"),
        (("a.pdf", "--config", "missing.toml"), "missing.toml does not exist"),
        (("a.pdf", "--schemas", "missing"), "missing is not a directory"),
        (("a.pdf", "--type", "recipt"), "unknown document type"),
        (("a.pdf", "--quiet", "--verbose"), "contradict"),
        (("a.pdf", "--no-vlm", "--route", "vlm"), "contradict"),
        (("a.pdf", "--out", "a.pdf"), "a.pdf cannot be made"),
        (("a.pdf", "--csv", "all.txt"), "neither a folder nor named *.csv"),
        (("own.json", "--out", "."), "would overwrite its document"),
    ],
)
def test_wrong_usage_is_told_in_one_line_before_any_work(
    run: Run, flow: Flow, arguments: tuple[str, ...], told: str
) -> None:
    scan("a.pdf")
    scan("b.pdf")
    scan("own.json")
    Path("folder").mkdir()
    code, out, err = run("extract", *arguments)
    assert (code, out) == (3, "")
    assert told in err
    assert err.startswith("engine: ")
    assert err.count("\n") == 1
    assert flow.asked == []


def test_an_unknown_variable_is_wrong_usage(run: Run, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_LAGN", "deu")
    code, _, err = run("extract", scan("a.pdf"))
    assert (code, "did you mean 'ENGINE_LANG'" in err) == (3, True)


def test_a_hostile_name_is_shown_and_not_obeyed(run: Run, flow: Flow) -> None:
    name = scan("\x1b[2J\nengine: fine\u202e.pdf")
    _, _, err = run("extract", name, "--out", "out")
    assert err.count("\n") == 1
    assert "\x1b" not in err
    assert "\u202e" not in err
    assert json.loads(Path("out", f"{Path(name).stem}.json").read_text())["document"]["path"] == name


def test_a_bar_is_drawn_on_a_terminal_only_and_not_when_quiet(
    run: Run, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("extract", scan("a.pdf"))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    run("extract", "a.pdf")
    run("extract", "a.pdf", "--quiet")
    assert [asked["progress"] is not None for asked in flow.asked] == [False, True, False]


# read and route


def test_read_prints_the_lines(run: Run, flow: Flow) -> None:
    box = Box(0, 0, 1, 1)
    words = (Word("Grand", box, 0.9, 0), Word("Total", box, 0.9, 0), Word("9.00\x1b[2J", box, 0.9, 1))
    flow.readings = (Reading(1, words=words),)
    assert run("read", scan("a.pdf")) == (0, "Grand Total\n9.00�[2J\n", "")


def test_read_puts_several_pages_under_headings_and_tells_of_broken_ones(run: Run, flow: Flow) -> None:
    flow.readings = (*flow.readings, Reading(2, failure="page 2 cannot be decoded"))
    code, out, err = run("read", scan("a.pdf"))
    assert (code, out.split("\n")[:4]) == (0, ["--- page 1 ---", "Total", "", "--- page 2 ---"])
    assert err == "engine: page 2: page 2 cannot be decoded\n"


@pytest.mark.parametrize("command", ["read", "route"])
def test_a_document_of_which_no_page_came_is_bad_input(run: Run, flow: Flow, command: str) -> None:
    broken = Reading(1, failure="page 1 cannot be decoded", signals={"handwriting": 0.0, "table": 0.0})
    flow.readings = (broken,)
    code, _, err = run(command, scan("a.pdf"))
    assert (code, err) == (2, "engine: page 1: page 1 cannot be decoded\n")
    flow.readings = (broken, Reading(2, signals={"ink": 0.02}))
    assert run(command, "a.pdf")[0] == 0


@pytest.mark.parametrize("command", ["read", "route"])
def test_pages_that_the_document_does_not_have_are_bad_input(run: Run, flow: Flow, command: str) -> None:
    flow.readings = ()
    code, _, err = run(command, scan("a.pdf"), "--pages", "7")
    assert (code, err) == (2, "engine: --pages names no page of the document: it has 1 page\n")


def test_read_json_has_the_words(run: Run, flow: Flow) -> None:
    code, out, _ = run("read", scan("a.pdf"), "--json")
    assert code == 0
    assert json.loads(out)["pages"][0]["words"][0]["text"] == "Total"


def test_a_file_that_cannot_be_read_is_bad_input(run: Run, flow: Flow) -> None:
    assert run("read", scan("a.pdf", "failed")) == (2, "", "engine: a.pdf is broken: scan it again\n")


def test_route_prints_a_line_a_page(run: Run, flow: Flow) -> None:
    assert run("route", scan("a.pdf")) == (0, "page  route  reason\n1     ocr    printed text\n", "")
    assert flow.asked[0]["type"] is None


def test_route_json_has_signals_and_type(run: Run, flow: Flow) -> None:
    code, out, _ = run("route", scan("a.pdf"), "--json", "--type", "bill", "--schemas", types(bill=SOUND))
    data = json.loads(out)
    assert (code, data["document"]["type"], data["pages"][0]["signals"]) == (0, "bill", {"ink": 0.02, "table": 0.5})


def test_route_json_names_no_type_where_none_was_chosen(run: Run, flow: Flow) -> None:
    _, out, _ = run("route", scan("a.pdf"), "--json", "--type", "auto")
    assert json.loads(out)["document"]["type"] is None


# schema, doctor and the rest


def test_schema_list_names_every_type(run: Run) -> None:
    code, out, _ = run("schema", "list", "--schemas", types(bill=SOUND, broken="{"))
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert code == 0
    assert lines["bill"].split() == ["bill", "A", "bill", "types/bill.json"]
    assert "engine schema check broken" in lines["broken"]


def test_schema_show_prints_the_file_or_the_result(run: Run) -> None:
    assert run("schema", "show", "bill", "--schemas", types(bill=SOUND)) == (0, f"{SOUND}\n", "")
    assert json.loads(run("schema", "show", "result")[1]) == RESULT_SCHEMA


def test_schema_check_tells_sound_from_wrong(run: Run) -> None:
    folder = types(bill=SOUND, broken='{"type": "object", "x-lables": []}')
    code, out, _ = run("schema", "check", "bill", "types/broken.json", "--schemas", folder)
    sound, wrong, _ = out.splitlines()
    assert code == 2
    assert sound == "ok     types/bill.json"
    assert wrong.startswith("wrong  types/broken.json")
    assert "x-labels" in wrong


def test_schema_check_of_another_kind_of_file_says_what_a_type_is(run: Run) -> None:
    code, out, err = run("schema", "check", scan("bill.yaml"), "bill", "--schemas", types(bill=SOUND))
    assert (code, err) == (2, "")
    assert out.splitlines() == [
        "wrong  bill.yaml: a document type is a .json file; name it bill.json",
        "ok     types/bill.json",
    ]


def test_schema_check_of_sound_types_is_done(run: Run) -> None:
    assert run("schema", "check", "bill", "--schemas", types(bill=SOUND))[0] == 0


@pytest.mark.parametrize("command", ["show", "check"])
@pytest.mark.parametrize("name", ["nothing", "nothing.json"])
def test_a_type_that_is_not_there_is_wrong_usage(run: Run, command: str, name: str) -> None:
    code, out, err = run("schema", command, name)
    assert (code, out, err.count("\n")) == (3, "", 1)


def test_the_shipped_types_are_sound(run: Run) -> None:
    code, out, _ = run("schema", "check")
    assert code == 0
    assert "receipt.json" in out


def test_doctor_says_what_to_do_about_what_is_missing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_LANG", "eng+tlh")
    code, out, _ = run("doctor")
    assert code == 0
    assert "apt install tesseract-ocr-tlh" in out
    assert out.splitlines()[-1] == "to do: languages"


def test_doctor_without_any_program_still_answers(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, out, _ = run("doctor")
    assert code == 0
    assert "apt install tesseract-ocr tesseract-ocr-eng" in out
    assert "apt install poppler-utils" in out


def test_version_is_that_of_the_package(run: Run) -> None:
    assert run("--version") == (0, f"engine {__version__}\n", "")


def test_without_a_command_the_help_is_wrong_usage(run: Run) -> None:
    code, out, err = run()
    assert (code, out) == (3, "")
    assert "extract" in err


@pytest.mark.parametrize("command", ["verfiy", "schema verfiy"])
def test_an_unknown_command_is_wrong_usage(run: Run, command: str) -> None:
    code, out, err = run(*command.split())
    assert (code, out, err.count("\n")) == (3, "", 1)


def test_help_imports_nothing_slow() -> None:
    script = (
        "import sys; from engine.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stopped: assert stopped.code == 0\n"
        "slow = {'numpy', 'cv2', 'PIL', 'rich', 'jsonschema', 'simplejson', 'engine.flow'}\n"
        "print(*slow & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/")
    assert "extract" in done.stdout
    assert done.stderr.split() == []


def test_the_module_runs_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "engine", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"engine {__version__}\n")
