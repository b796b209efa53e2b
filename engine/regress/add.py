"""A corrected result to a new case: its document, its data as what is right, its routes."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.as_json import RESULT_SCHEMA, to_json
from engine.check import rule_findings, schema_findings
from engine.config import Config
from engine.doctype import DocumentType, load_type
from engine.errors import UsageError
from engine.exact_json import read_json
from engine.given import values_to_fields
from engine.locate import find_document
from engine.merge import fields_to_data
from engine.pointer import expand, pointer_to
from engine.regress.case import CASE_FILE, EXPECTED_FILE, read_case
from engine.result import Field, Finding
from engine.validate import broken, faults

_NAME = re.compile(r"\w[\w.-]*")
_LANG = re.compile(r"tesseract \S+ (\S+)")


@dataclass(frozen=True, slots=True)
class Added:
    """The new case. ``findings`` are what the type's schema and rules have against the values that are now held to be
    right; ``unvouched`` how many of them are as the engine gave them, without a witness or a person to confirm it;
    ``model`` whose answers have to be recorded, None where no model was asked."""

    folder: Path
    findings: tuple[Finding, ...]
    unvouched: int
    model: str | None


def add_case(
    result_json: Path,
    fixtures: Path,
    *,
    name: str | None = None,
    why: str,
    document: Path | None = None,
    schemas: Path | None = None,
) -> Added:
    """Make a folder in ``fixtures`` out of a result of the engine whose ``data`` a person has put right.

    ``document`` is the file, where it is neither at the path that the result tells nor beside it. ``name`` is the
    folder's (default: the document's stem). Nothing that exists is overwritten, nothing is left half done. Raises
    UsageError: no result, no document of that sha256, data without the type's shape, a name that is taken.
    """
    result = _read(result_json)
    told = result["document"]
    source = find_document(told["path"], told["sha256"], result_json, document)
    name = name or re.sub(r"[^\w.-]+", "_", source.stem).strip("._-") or "case"
    folder = fixtures / name
    if not _NAME.fullmatch(name):
        raise UsageError(f'"{name}" is no name for a folder: use letters, digits, hyphens and underscores')
    if folder.exists():
        raise UsageError(f"{folder} is there already: give another --name")
    if not why.strip():
        raise UsageError("a case says why it is here: give a sentence with --why")
    named = result["document"]["type"]
    doctype = load_type(named, schemas) if named else None
    fields = _fields(result["data"], doctype, result_json)
    data = fields_to_data(fields, doctype) if doctype else {}
    given = {pointer: field["value"] for pointer, field in result["fields"].items()}
    by_person = any(field["source"] == "human" for field in result["fields"].values())
    corrected = by_person or {pointer: field.value for pointer, field in fields.items()} != given
    _write(folder, source, _case_toml(why.strip(), source.name, result, corrected=corrected), data)
    findings = (*schema_findings(data, doctype), *rule_findings(data, doctype)) if doctype else ()
    return Added(folder, findings, _unvouched(data, result["fields"]), _asked(result))


def _read(path: Path) -> dict[str, Any]:
    result = read_json(path, "a result")
    for fault in faults(result, RESULT_SCHEMA):
        at, said = pointer_to(fault.absolute_path), broken(fault) or fault.message
        raise UsageError(f"{path} is no result of the engine: {at or 'the whole'} {said}; give what extract wrote")
    return dict(result)


def _fields(data: Mapping[str, Any], doctype: DocumentType | None, where: Path) -> dict[str, Field]:
    """The data at every place of the type. Raises UsageError for what the type has no place for."""
    if doctype is None:
        if data:
            raise UsageError(f"{where}: has data but no type: name the type at /document/type")
        return {}
    return values_to_fields(data, doctype, str(where))


def _unvouched(data: Mapping[str, Any], fields: Mapping[str, Mapping[str, Any]]) -> int:
    """A value that differs from the engine's was put right by a person."""
    return sum(
        field["value"] not in (None, [])
        and field["verdict"] != "confirmed"
        and field["source"] != "human"
        and any(value == field["value"] for _, value in expand(data, pointer))
        for pointer, field in fields.items()
    )


def _asked(result: Mapping[str, Any]) -> str | None:
    """The model that pages were sent to, None where they were not, though there may have been one."""
    asked = any(page["route"] == "vlm" or page["usage"] is not None for page in result["pages"])
    return (result["engine"]["model"] or "a model") if asked else None


def language_of(ocr: str) -> str | None:
    """What was read in, such as eng+deu, of the name of an OCR engine in a result; None where it does not tell."""
    told = _LANG.search(ocr)
    return told[1] if told else None


# ---------------------------------------------------------------- the folder


def _case_toml(why: str, document: str, result: Mapping[str, Any], *, corrected: bool) -> str:
    """Whether it should be clean tells a clean result only where nothing in it had to be corrected."""
    entries: dict[str, Any] = {"why": why, "document": document, "type": result["document"]["type"]}
    entries["expected_status"] = "clean" if result["status"] == "clean" and not corrected else None
    entries["routes"] = [page["route"] for page in result["pages"]] or None
    settings = "".join(f"{key} = {_toml(value)}\n" for key, value in _settings(result).items())
    lines = "".join(f"{key} = {_toml(value)}\n" for key, value in entries.items() if value is not None)
    return f"{lines}\n[settings]\n{settings}" if settings else lines


def _settings(result: Mapping[str, Any]) -> dict[str, str]:
    """Under what the result was made, as far as it tells: the languages and the pages."""
    read = [page["page"] for page in result["pages"] if page["outcome"] != "skipped"]
    lang = language_of(result["engine"]["ocr"])
    some = read and len(read) < len(result["pages"])
    return ({"lang": lang} if lang and lang != Config().lang else {}) | (
        {"pages": ",".join(map(str, read))} if some else {}
    )


def _toml(value: Any) -> str:
    """Text or a list of texts; JSON writes both as TOML wants them, but for one character."""
    return to_json(value, indent=None).replace("\x7f", "\\u007f")


def _write(folder: Path, source: Path, case_toml: str, data: Mapping[str, Any]) -> None:
    """The whole folder or nothing."""
    made: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        made.chmod(0o755)
        shutil.copyfile(source, made / source.name)
        (made / CASE_FILE).write_text(case_toml, encoding="utf-8")
        (made / EXPECTED_FILE).write_text(to_json(data) + "\n", encoding="utf-8")
        read_case(made)  # what is written can be read
        made.rename(folder)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}): give another folder of cases") from error
    finally:
        if made is not None:
            with suppress(FileNotFoundError):
                shutil.rmtree(made)
