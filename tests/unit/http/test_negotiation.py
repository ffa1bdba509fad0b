"""What `Accept` says is what comes."""

from __future__ import annotations

import httpx
import pytest

from genkol.errors import NotAcceptable
from genkol.http.negotiation import negotiate
from genkol.http.pictures import ANSWERS


@pytest.mark.parametrize(
    ("accept", "answer"),
    [
        (None, "image/png"),
        ("", "image/png"),
        ("*/*", "image/png"),
        ("image/*", "image/png"),
        ("image/webp", "image/webp"),
        ("IMAGE/JPEG", "image/jpeg"),
        ("application/json, text/plain, */*", "application/json"),  # a named type wins over a wildcard
        ("text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8", "image/webp"),  # a browser
        ("image/png;q=0.2, image/jpeg;q=0.9", "image/jpeg"),
        ("image/png;q=0, */*", "image/jpeg"),  # anything but PNG
        ("image/*;q=0.5, application/json;q=0.4", "image/png"),
        ("image/openraster;q=1.0", "image/openraster"),
        ("application/json; charset=utf-8", "application/json"),
        ("image/webp;q=nonsense, image/jpeg", "image/jpeg"),
        ("image/webp;q=2, image/jpeg;q=0.1", "image/jpeg"),
        ("rubbish, image/jpeg", "image/jpeg"),
    ],
)
def test_the_best_liked_form_wins(accept: str | None, answer: str) -> None:
    assert negotiate(accept, ANSWERS) == answer


@pytest.mark.parametrize(
    "accept", ["text/html", "image/avif", "*/*;q=0", "image/png;q=0", "rubbish", "image/nan;q=nan"]
)
def test_nothing_acceptable_is_said_so(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="Accept one of: image/png, image/jpeg"):
        negotiate(accept, ANSWERS)


async def test_406_is_a_problem(client: httpx.AsyncClient, portrait: bytes) -> None:
    answer = await client.post("/v1/pictures", files={"portrait": portrait}, headers={"accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")
    assert answer.headers["content-type"] == "application/problem+json"
