"""Nobody gets in but the browser that was shown the address, and only from the pages it got."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from engine.config import Config
from engine.review.app import Review
from engine.review.folder import opened
from engine.review.guard import LARGEST, Guard
from tests.review.made import written

PORT = 8123
HERE = f"http://127.0.0.1:{PORT}"


@pytest.fixture
def client(tmp_path):
    with opened(written(tmp_path / "out"), "Ann", None) as folder:
        app = Guard(Review(folder, Config(), tmp_path / "fixtures").app(), "s3cret", PORT)
        yield TestClient(app, base_url=HERE, follow_redirects=False)


@pytest.fixture
def inside(client):
    client.get("/?token=s3cret")
    return client


def test_the_token_opens_once_and_leaves_the_address(client):
    assert client.get("/").status_code == 403
    assert client.get("/?token=guess").status_code == 403
    opened_ = client.get("/?token=s3cret")
    assert (opened_.status_code, opened_.headers["location"]) == (303, "/")
    cookie = opened_.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/").status_code == 200
    assert client.get("/?token=s3cret").status_code == 303, "with the cookie it only leads on"
    client.cookies.clear()
    assert client.get("/?token=s3cret").status_code == 403


@pytest.mark.parametrize("other", ['prefs={"a":1}', "a[0]=1", "n=a b", "=", "x", 'q="', "é=ü"])
def test_other_programs_cookies_on_this_host_lock_nobody_out(inside, other):
    (ours,) = inside.cookies.jar
    inside.cookies.clear()
    assert inside.get("/", headers={"cookie": other.encode()}).status_code == 403
    for both in (f"{other}; {ours.name}={ours.value}", f"{ours.name}={ours.value}; {other}"):
        assert inside.get("/", headers={"cookie": both.encode()}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/1", "/1/desk", "/1/page/1", "/static/desk.js"])
def test_nothing_is_told_without_the_cookie(client, path):
    refused = client.get(path)
    assert refused.status_code == 403
    assert "a.json" not in refused.text


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}"])
def test_another_host_s_name_is_refused(inside, host):
    assert inside.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", f"http://127.0.0.1:{PORT + 1}"])
def test_a_decision_from_elsewhere_is_refused(inside, origin):
    headers = {"origin": origin} if origin else {}
    asked = {"kind": "accept", "path": "/total", "seen": "8.00"}
    assert inside.post("/1/decide", json=asked, headers=headers).status_code == 403
    assert inside.post("/1/decide", json=asked, headers={"origin": HERE}).status_code == 200


ELSEWHERE = (
    *("/%2e%2e/a.json", "/..%2fa.json", "/static/%2e%2e%2fapp.py", "/static/app.py", "/static/desk.html", "/a.json"),
    *("/2", "/0", "/1/page/2", "/1/page/0", "/1/crop/9?box=0,0,1,1", "/.engine/review.jsonl", "/1/../a.json"),
)


@pytest.mark.parametrize("path", ELSEWHERE)
def test_addresses_hold_numbers_that_are_looked_up(inside, path):
    assert inside.get(path).status_code == 404


def test_a_large_body_is_refused(inside):
    large = b'{"kind": "' + b"x" * LARGEST + b'"}'
    assert inside.post("/1/decide", content=large, headers={"origin": HERE}).status_code == 413


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"[" * 60_000, b"\xff"])
def test_what_is_no_object_is_refused(inside, body):
    assert inside.post("/1/decide", content=body, headers={"origin": HERE}).status_code == 400


def test_no_page_may_be_framed_kept_or_run_foreign_script(inside):
    for path in ("/", "/1", "/static/look.css", "/nowhere"):
        headers = inside.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert "access-control-allow-origin" not in headers
