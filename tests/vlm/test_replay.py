"""Recordings answer the exact request they were made of, and a stale one says what changed."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image as Picture
from PIL import ImageDraw

from engine.errors import UsageError
from engine.vlm.image import Image, image_from_bytes
from engine.vlm.question import Question
from engine.vlm.record import Recorder
from engine.vlm.replay import Identity, Replay, wording_of
from engine.vlm.store import Kept, Store, kept_to_json
from engine.vlm.wire import Fault, Request

PAGES = [Image(f"cGFnZSAw{page}" * 4, "image/png") for page in range(3)]
QUESTION = Question("Read.", "What is the total?", (PAGES[0],), {"type": "object"}, (), 500)


def build(question: Question) -> Request:
    return {
        "system": question.rules,
        "messages": [{"type": "image", "data": one.data} for one in question.images] + [{"text": question.text}],
        "format": {"schema": question.schema},
        "max_tokens": question.max_output_tokens,
    }


def recorded(question: Question = QUESTION, number: int = 1, **whose: str) -> Kept:
    told = {"provider": "openai", "base_url": "http://127.0.0.1:8001", "model": "gpt-x"} | whose
    return Kept.now(**told, question=question, request=build(question), body={"number": number})


def page(number: int) -> Question:
    return replace(QUESTION, images=(PAGES[number],))


def find(replay: Replay, question: Question) -> Kept:
    return replay.find(question, build(question))


def worded(question: Question) -> Kept:
    """As the recordings of a case are: with what was asked."""
    return replace(recorded(question), wording=wording_of(question))


def picture(level: int = 200, size: tuple[int, int] = (170, 220), quality: int = 90, pixels: bool = True) -> Image:
    """Print on paper of that grey, as a JPEG."""
    page = Picture.new("L", size, level)
    if pixels:
        ImageDraw.Draw(page).text((20, 30), "TOTAL 89.15", fill=0)
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=quality)
    return image_from_bytes(buffer.getvalue())


def write(path: Path, kept: Kept) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(kept_to_json(kept))


def test_a_store_is_a_folder_of_recordings(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(3):
        store.put(recorded(page(number), number))
    replay = Replay(tmp_path)
    assert [find(replay, page(number)).body["number"] for number in range(3)] == [0, 1, 2]
    assert replay.identity == ("openai", "http://127.0.0.1:8001", "gpt-x")


def test_any_layout_and_other_files_beside(tmp_path: Path) -> None:
    write(tmp_path / "case" / "answers" / "page 1.json", recorded())
    (tmp_path / "case" / "expected.json").write_text('{"total": 9.00}')
    (tmp_path / "list.json").write_text("[1]")
    assert find(Replay(tmp_path), QUESTION).body == {"number": 1}


def test_a_broken_recording_is_told_and_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "a.json", recorded())
    (tmp_path / "b.json").write_text(kept_to_json(recorded(page(1)))[:-20])
    assert find(Replay(tmp_path), QUESTION).body == {"number": 1}
    assert "b.json is not used" in caplog.text


def test_a_recording_answers_wherever_it_was_made(tmp_path: Path) -> None:
    write(tmp_path / "a.json", recorded(page(0), 0, base_url="http://127.0.0.1:8001"))
    write(tmp_path / "b.json", recorded(page(1), 1, base_url="http://127.0.0.1:8002"))
    replay = Replay(tmp_path)
    assert [find(replay, page(number)).body["number"] for number in range(2)] == [0, 1]


def test_the_newer_of_two_recordings_answers(tmp_path: Path) -> None:
    new = recorded(number=2)
    write(tmp_path / "a.json", new)
    write(tmp_path / "b.json", replace(new, body={"number": 1}, created=new.created - timedelta(days=1)))
    assert find(Replay(tmp_path), QUESTION).body == {"number": 2}


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (replace(QUESTION, text="What?"), "differs in prompt: record it again"),
        (replace(QUESTION, rules="Guess."), "differs in prompt: record it again"),
        (replace(QUESTION, schema={"type": "array"}), "differs in schema: record it again"),
        (replace(QUESTION, max_output_tokens=9), "differs in parameters: record it again"),
        (replace(QUESTION, text="What?", schema={}, max_output_tokens=9), "in prompt, schema and parameters"),
    ],
)
def test_a_stale_recording_says_what_changed(tmp_path: Path, question: Question, told: str) -> None:
    write(tmp_path / "in" / "page 1.json", recorded())
    write(tmp_path / "in" / "page 2.json", recorded(page(1)))
    with pytest.raises(Fault, match=r"^recording stale: in/page 1\.json of 20\d\d-\d\d-\d\d answers") as caught:
        find(Replay(tmp_path), question)
    assert told in str(caught.value)
    assert (caught.value.outcome, caught.value.again, caught.value.sent) == ("failed", False, False)


def test_a_page_that_was_never_recorded_is_told_as_such(tmp_path: Path) -> None:
    write(tmp_path / "1.json", recorded(page(0)))
    write(tmp_path / "2.json", recorded(replace(page(1), text="Else?")))
    with pytest.raises(Fault, match=r"never recorded; the nearest recording, 1\.json of .*, differs in images:"):
        find(Replay(tmp_path), page(2))


def test_of_two_recordings_of_a_page_the_nearer_one_is_told(tmp_path: Path) -> None:
    write(tmp_path / "far.json", recorded(replace(QUESTION, text="Else?", schema={"type": "array"})))
    write(tmp_path / "near.json", recorded(replace(QUESTION, schema={"type": "array"})))
    with pytest.raises(Fault, match=r"near\.json .* differs in schema:"):
        find(Replay(tmp_path), QUESTION)


def test_the_same_page_is_nearer_than_the_same_question(tmp_path: Path) -> None:
    write(tmp_path / "page.json", recorded(replace(QUESTION, text="Else?", schema={"type": "array"})))
    write(tmp_path / "question.json", recorded(page(1)))
    with pytest.raises(Fault, match=r"page\.json .* differs in prompt and schema:"):
        find(Replay(tmp_path), QUESTION)


def test_several_models_need_a_choice(tmp_path: Path) -> None:
    write(tmp_path / "x.json", recorded(number=1))
    write(tmp_path / "y.json", recorded(number=2, model="gpt-y"))
    with pytest.raises(UsageError, match="several models: give --model, one of openai/gpt-x, openai/gpt-y"):
        Replay(tmp_path)
    assert find(Replay(tmp_path, "gpt-y"), QUESTION).body == {"number": 2}
    with pytest.raises(UsageError, match="no recording of the model gpt-z: give --model, one of openai/gpt-x"):
        Replay(tmp_path, "gpt-z")


def test_one_model_of_two_providers_is_chosen_by_both_names(tmp_path: Path) -> None:
    write(tmp_path / "a.json", recorded(number=1))
    write(tmp_path / "b.json", recorded(number=2, provider="openai-responses"))
    with pytest.raises(UsageError, match="one of openai-responses/gpt-x, openai/gpt-x"):
        Replay(tmp_path, "gpt-x")
    replay = Replay(tmp_path, "openai-responses/gpt-x")
    assert (replay.identity.provider, find(replay, QUESTION).body) == ("openai-responses", {"number": 2})


def test_no_folder_and_an_empty_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder of recordings"):
        Replay(tmp_path / "none")
    (tmp_path / "expected.json").write_text("{}")
    with pytest.raises(UsageError, match="no recording below"):
        Replay(tmp_path)


PROMPT = "Read.\nOne object.\nThe total is an amount of money.\nNo more."
SHOWN = replace(
    QUESTION,
    text=PROMPT,
    images=(picture(),),
    schema={"type": "object", "properties": {"total": {"type": "number"}, "date": {"type": "string"}}},
)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"text": PROMPT.replace("an amount", "a sum")},
            'prompt (line 5 was "The total is an amount of money." and is "The total is a sum of money."):',
        ),
        ({"text": PROMPT.replace("\nOne object.", "")}, 'prompt (line 4 "One object." is gone):'),
        ({"text": f"{PROMPT}\nThe end."}, 'prompt (line "The end." is new):'),
        (
            {"schema": {"type": "object", "properties": {"total": {"type": "string"}}}},
            "schema (/properties/total/type differs; /properties/date is gone):",
        ),
        ({"images": (picture(size=(340, 220)),)}, "images (image/jpeg 170x220 is now image/jpeg 340x220):"),
        ({"images": (picture(pixels=False),)}, "images (other pixels):"),
        ({"images": (picture(level=180),)}, "images (other pixels):"),
    ],
)
def test_a_recording_with_its_wording_says_where_it_differs(
    tmp_path: Path, asked: dict[str, object], told: str
) -> None:
    write(tmp_path / "1.json", worded(SHOWN))
    with pytest.raises(Fault) as caught:
        find(Replay(tmp_path), replace(SHOWN, **asked))
    assert told in str(caught.value)


def test_the_same_image_in_another_encoding_is_no_other_image(tmp_path: Path) -> None:
    write(tmp_path / "1.json", worded(SHOWN))
    again = replace(SHOWN, images=(picture(quality=80),))
    assert again.images != SHOWN.images
    replay = Replay(tmp_path)
    assert find(replay, again).body == {"number": 1}
    assert (replay.missing, replay.unused) == ((), ())
    with pytest.raises(Fault, match=r"differs in prompt .* and images"):
        find(replay, replace(again, text="Else?"))


def test_a_model_without_recordings_is_asked_and_told(tmp_path: Path) -> None:
    replay = Replay(tmp_path / "none", identity=Identity("openai", "", "gpt-x"))
    with pytest.raises(Fault, match="not recorded: there are no answers of gpt-x"):
        find(replay, QUESTION)
    write(tmp_path / "1.json", recorded(model="gpt-w"))
    other = Replay(tmp_path, identity=Identity("openai", "", "gpt-x"))
    with pytest.raises(Fault, match="an answer of openai/gpt-w, and openai/gpt-x is asked: record it again"):
        find(other, QUESTION)
    assert len(other.missing) == 1
    assert other.unused == ()  # told already, as the nearest one


def test_what_was_used_and_what_was_not(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / f"{number}.json", recorded(page(number), number))
    replay = Replay(tmp_path)
    find(replay, page(1))
    assert [one.path.name for one in replay.used] == ["1.json"]
    assert [path.name for path in replay.unused] == ["0.json", "2.json"]


def test_what_is_recorded_is_replayed_and_a_key_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(tmp_path, "openai", "gpt-x")
    recorder.keep(recorded(SHOWN), SHOWN, "page-1")
    assert [path.name[:7] for path in recorder.written] == ["page-1-"]
    assert Recorder(tmp_path, "openai", "gpt-x").find(build(SHOWN)) is not None
    assert Recorder(tmp_path, "openai", "gpt-y").find(build(SHOWN)) is None
    assert find(Replay(tmp_path), SHOWN).wording == wording_of(SHOWN)
    assert SHOWN.images[0].data not in recorder.written[0].read_text()

    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key-that-is-long-enough")
    echoed = replace(recorded(page(1)), body={"echo": "sk-a-key-that-is-long-enough"})
    recorder.keep(echoed, SHOWN, "page-2")
    assert len(list(tmp_path.iterdir())) == 1
    assert "was not recorded: the answer repeats a key" in caplog.text


def test_recordings_may_move(tmp_path: Path) -> None:
    Store(tmp_path / "a").put(recorded())
    shutil.copytree(tmp_path / "a" / "answers", tmp_path / "b" / "somewhere")
    assert find(Replay(tmp_path / "b"), QUESTION).body == {"number": 1}


def test_replaying_loads_no_sdk() -> None:
    code = (
        "import sys, engine.vlm.replay, engine.vlm.retry, engine.vlm.pace, engine.vlm.budget;"
        "print([name for name in ('openai', 'anthropic', 'google.genai', 'httpx2', 'cv2', 'filelock', 'genai_prices')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
