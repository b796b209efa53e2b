"""Google Gemini: images inline, or by the File API where the request would be too large for that."""

from __future__ import annotations

import base64
import io
import logging
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.errors import MissingDependency
from engine.vlm import dialect
from engine.vlm.model import Model
from engine.vlm.providers.account import Account, find_account, online
from engine.vlm.providers.body import at, count, each, words
from engine.vlm.providers.deadline import Deadline, http_client
from engine.vlm.providers.fault import malformed, of_connection, of_status, parsed
from engine.vlm.providers.finish import Finish, Marks, ended
from engine.vlm.question import Question
from engine.vlm.wire import Body, Fault, Provider, Reply, Request, Tokens

if TYPE_CHECKING:
    from google import genai
    from google.genai import types

KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")  # in the SDK's own order
_SERVER = "https://generativelanguage.googleapis.com"
_POLL = 0.2  # seconds between looks at a file that is being processed
_DELETE = 15.0  # seconds for taking a file away, after the request's own time
_ROOM = 4096  # bytes of a request beside its images and words, roughly
_MARKS = Marks(
    complete=frozenset({"STOP"}),
    truncated=frozenset({"MAX_TOKENS"}),
    refused=frozenset(
        {"SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "LANGUAGE", "OTHER", "MODEL_ARMOR"}
    ),
)
_log = logging.getLogger(__name__)


def connect(base_url: str | None, environ: Mapping[str, str], *, live: bool) -> Provider:
    """Without ``live`` it needs no key. Raises UsageError and MissingDependency."""
    url = base_url or environ.get("GOOGLE_GEMINI_BASE_URL") or _SERVER
    mine = find_account("Google", KEYS, url, environ if live else None)
    return Google(mine, _client(mine) if live else None)


class Google:
    """See :class:`engine.vlm.wire.Provider`."""

    def __init__(self, account: Account, connected: genai.Client | None) -> None:
        self.name = "google"
        self.base_url = account.base_url
        self._account = account
        self._client = connected  # closes itself once nobody holds it

    def request(self, question: Question, model: Model) -> Request:
        """``upload`` tells that the images, which stand here whole, go by the File API."""
        schema = dialect.compile(question.schema, model.dialect)
        words_sent = len((question.rules + question.text + str(schema)).encode(errors="replace"))
        size = words_sent + sum(len(i.data) for i in question.images) + _ROOM
        return {
            "model": model.name,
            "images": [{"mime_type": i.mime_type, "data": i.data} for i in question.images],
            "text": question.text,
            "config": {
                "system_instruction": question.rules,
                "response_mime_type": "application/json",
                "response_json_schema": schema,
                "max_output_tokens": question.max_output_tokens,
                "media_resolution": "MEDIA_RESOLUTION_HIGH",
            },
            "upload": size > model.request_bytes,
        }

    def call(self, request: Request, timeout: float) -> Body:
        files: list[str] = []
        try:
            with self._faults(timeout, request["model"]) as deadline:
                parts = [self._part(image, request["upload"], files, deadline) for image in request["images"]]
                content = self._generate(request, parts, deadline)
        finally:
            for file in files:
                self._delete(file)
        return parsed(content, self._account, "candidates", "promptFeedback")

    def reply(self, body: Body, request: Request) -> Reply:
        candidate = at(body, "candidates", 0)
        blocked = words(at(body, "promptFeedback", "blockReason"))
        finish = Finish(
            mark=words(at(candidate, "finishReason")) or blocked,
            text="".join(
                words(at(part, "text")) for part in each(candidate, "content", "parts") if not at(part, "thought")
            ),
            tokens=_tokens(body),
            refusal=words(at(body, "promptFeedback", "blockReasonMessage")) or blocked,
        )
        if not candidate and not blocked:
            return Reply("malformed", "", f"{self._account.title} answered without a candidate", finish.tokens)
        return ended(self._account.title, finish, _MARKS, count(request, "config", "max_output_tokens"))

    def models(self, timeout: float) -> tuple[str, ...]:
        with self._faults(timeout):
            page = online(self._client).models.list(config={"page_size": 1000}).page
        if not page:  # so the SDK reads an empty body too
            raise malformed(self._account, "no list of models")
        return tuple(sorted((model.name or "").removeprefix("models/") for model in page))

    def _generate(self, request: Request, parts: list[types.Part], deadline: Deadline) -> str:
        """The raw body: the SDK's own reading would turn what is no answer into errors of every kind, and send further
        requests of its own for an answer that is to be continued.
        """
        from google.genai import types

        config = types.GenerateContentConfig(
            **request["config"],
            should_return_http_response=True,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            http_options=_options(deadline),
        )
        contents = types.Content(role="user", parts=[*parts, types.Part.from_text(text=request["text"])])
        response = online(self._client).models.generate_content(
            model=request["model"], contents=[contents], config=config
        )
        raw = response.sdk_http_response
        return (raw.body if raw else None) or ""

    def _part(self, image: dict[str, str], upload: bool, files: list[str], deadline: Deadline) -> types.Part:
        """One image as a part of the request. The name of a file made for it is ours and put into *files* before it
        exists, so that it can be deleted even where the answer to the upload is lost.
        """
        from google.genai import types

        data, mime = base64.b64decode(image["data"]), image["mime_type"]
        if not upload:
            return types.Part.from_bytes(data=data, mime_type=mime)
        name = f"files/{uuid.uuid4().hex}"
        files.append(name)
        options = _options(deadline)
        options.base_url = self.base_url  # the file goes there too, whatever server the answer names for it
        config = types.UploadFileConfig(name=name, mime_type=mime, http_options=options)
        file = online(self._client).files.upload(file=io.BytesIO(data), config=config)
        while file.state == types.FileState.PROCESSING:
            if deadline.left <= _POLL:
                raise of_connection(None, self._account, timed_out=True)
            time.sleep(_POLL)
            file = online(self._client).files.get(name=name)
        if file.state == types.FileState.FAILED or not file.uri:
            raise Fault(f"{self._account.title} could not process an image that was uploaded", again=True)
        return types.Part.from_uri(file_uri=file.uri, mime_type=mime)

    def _delete(self, name: str) -> None:
        """Take an uploaded image away; Google does so itself after 48 hours."""
        try:
            with self._faults(_DELETE):
                online(self._client).files.delete(name=name)
        except Fault as fault:
            _log.warning("the uploaded image %s may stay at Google for up to 48 hours: %s", name, fault)

    @contextmanager
    def _faults(self, timeout: float, model: str = "") -> Iterator[Deadline]:
        """Whatever the SDK raises in here, as a Fault; *timeout* in seconds for all of it."""
        online(self._client)
        import httpx2
        from google.genai import errors

        with Deadline(timeout) as deadline:
            try:
                yield deadline
            except errors.APIError as error:
                if isinstance(error.response, httpx2.Response):
                    raise of_status(error.response, self._account, model) from None
                raise malformed(self._account, f"status {error.code} and no response") from None
            except (httpx2.HTTPError, httpx2.InvalidURL) as error:
                raise of_connection(error, self._account, deadline.passed) from None
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                if deadline.passed:
                    raise of_connection(None, self._account, timed_out=True) from None
                # how the SDK meets a body that is not the API's
                told = f"something its SDK cannot read ({type(error).__name__})"
                raise malformed(self._account, told) from None
            if deadline.passed:  # a body without a length looks whole when its connection is shut
                raise of_connection(None, self._account, timed_out=True)


def _client(account: Account) -> genai.Client:
    try:
        from google import genai
    except ImportError as error:
        raise MissingDependency("this provider needs the google-genai SDK: pip install google-genai") from error
    options = genai.types.HttpOptions(base_url=account.base_url, httpx_client=http_client(account.userinfo))
    # without retry options the SDK does not retry
    return genai.Client(api_key=account.key, vertexai=False, http_options=options)


def _options(deadline: Deadline) -> types.HttpOptions:
    """What is left of the time, in milliseconds; sent to the server too."""
    from google.genai import types

    return types.HttpOptions(timeout=max(1, round(deadline.left * 1000)))


def _tokens(body: Body) -> Tokens | None:
    """Thoughts are booked beside the answer, cached input within ``promptTokenCount``."""
    usage = at(body, "usageMetadata")
    if not usage:
        return None
    output = count(usage, "candidatesTokenCount") + count(usage, "thoughtsTokenCount")
    return Tokens(count(usage, "promptTokenCount"), output, count(usage, "cachedContentTokenCount"))
