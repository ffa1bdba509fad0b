"""The client of Amazon Bedrock against a server that answers as Bedrock does."""

from __future__ import annotations

import json
import logging
import time
import traceback
from types import SimpleNamespace
from typing import Any

import pytest

from genkol.errors import (
    Cancelled,
    GenkolError,
    Moderated,
    Overloaded,
    RemoteFailed,
    RemoteMissing,
    RemoteRefused,
    StepTimeout,
    TooLarge,
)
from genkol.remote import bedrock as module
from genkol.remote.bedrock import MOST_BYTES, Bedrock
from genkol.settings import Settings
from tests.bedrock_server import SIGNED, BedrockServer, Reply, answering, failing, throttled
from tests.conftest import SECRETS

PICTURE = "iVBORw0KGgoAAAANSUhEUg" * 100
BLOCKED = "This request has been blocked by our content filters. Please adjust your {} to submit a new request."
REQUEST = {"taskType": "TEXT_IMAGE"}


def client(**more: object) -> Bedrock:
    return Bedrock(Settings(**{"bedrock_timeout_s": 5.0, "bedrock_attempts": 3, **more}))


def invoke(client: Bedrock) -> bytes:
    return client.invoke(REQUEST, lambda seconds: None)


def test_a_call_is_signed_for_the_region_and_names_the_model(bedrock: BedrockServer) -> None:
    bedrock.then(answering({"images": []}))
    assert json.loads(invoke(client())) == {"images": []}
    assert bedrock.models == ["amazon.nova-canvas-v1:0"]
    assert bedrock.requests == [REQUEST]
    (headers,) = bedrock.headers
    assert SIGNED.fullmatch(headers["authorization"])["region"] == "us-east-1"
    assert headers["x-amz-security-token"] == SECRETS["AWS_SESSION_TOKEN"]
    assert "genkol" in headers["user-agent"]


def test_a_bedrock_key_of_the_standard_chain_is_taken(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore sends it over https alone; the answer is given before anything is sent."""
    from botocore.awsrequest import AWSResponse

    def answer(request: Any, **_: Any) -> AWSResponse:
        seen.append(request.headers["Authorization"])
        return AWSResponse(request.url, 403, {}, SimpleNamespace(stream=lambda: iter([b"{}"])))

    seen: list[bytes] = []
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "a-bedrock-key")
    keyed = client(bedrock_region="us-east-1")
    keyed._client.meta.events.register_first("before-send", answer)
    with pytest.raises(RemoteRefused) as e:
        invoke(keyed)
    assert seen == [b"Bearer a-bedrock-key"]
    assert "a-bedrock-key" not in f"{e.value} {e.value.context}"


def test_region_and_model_come_from_the_settings(bedrock: BedrockServer) -> None:
    bedrock.then(answering({}))
    arn = "arn:aws:bedrock:eu-west-1:123456789012:provisioned-model/abcdefghijkl"
    provisioned = client(bedrock_region="eu-west-1", bedrock_model=arn)
    invoke(provisioned)
    assert bedrock.models == [arn]
    assert str(provisioned.place) == "abcdefghijkl of Amazon Bedrock in eu-west-1"  # no account's number
    assert SIGNED.fullmatch(bedrock.headers[0]["authorization"])["region"] == "eu-west-1"


def test_a_region_of_the_standard_chain_is_taken(bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GENKOL_BEDROCK_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-1")
    assert client().place.region == "ap-northeast-1"


def test_a_throttled_call_is_repeated_until_it_succeeds(bedrock: BedrockServer) -> None:
    bedrock.then(throttled(), answering({"images": ["x"]}))
    assert json.loads(invoke(client())) == {"images": ["x"]}
    assert bedrock.calls == 2


def test_a_call_that_stays_throttled_says_when_to_come_back(bedrock: BedrockServer) -> None:
    bedrock.then(throttled(retry_after="42"))
    with pytest.raises(
        Overloaded, match=r"no room for another picture \(ThrottlingException, tried 2 times\).* 42 s"
    ) as e:
        invoke(client(bedrock_attempts=2))
    assert bedrock.calls == 2
    assert e.value.context["retry_after_s"] == 42
    assert e.value.context["repeatable"] is True
    assert e.value.context["aws_request_id"] == "5e6c3f0a-1111-2222-3333-444455556666"


@pytest.mark.parametrize(("status", "code"), [(503, "ServiceUnavailableException"), (429, "ModelNotReadyException")])
def test_a_service_that_did_not_begin_is_asked_again(bedrock: BedrockServer, status: int, code: str) -> None:
    bedrock.then(failing(status, code, "Not now."), answering({}))
    assert invoke(client()) == b"{}"
    assert bedrock.calls == 2


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (500, "InternalServerException", RemoteFailed),
        (502, "", RemoteFailed),
        (504, "", StepTimeout),
        (408, "ModelTimeoutException", StepTimeout),
        (424, "ModelErrorException", RemoteFailed),
    ],
)
def test_what_may_have_been_paid_for_is_not_repeated(
    bedrock: BedrockServer, status: int, code: str, kind: type[GenkolError]
) -> None:
    """botocore alone would send a 500, 502 or 504 again."""
    bedrock.then(failing(status, code, "It broke."))
    with pytest.raises(kind) as e:
        invoke(client())
    assert bedrock.calls == 1
    assert e.value.context["repeatable"] is False


def test_an_answer_that_does_not_come_is_not_asked_for_again(bedrock: BedrockServer) -> None:
    bedrock.then(answering({}, delay_s=3))
    started = time.monotonic()
    with pytest.raises(StepTimeout, match="may have been charged") as e:
        invoke(client(bedrock_timeout_s=0.7))
    assert time.monotonic() - started < 2.5
    assert bedrock.calls == 1
    assert e.value.context["repeatable"] is False


def test_an_answer_that_drips_does_not_hang_the_step(bedrock: BedrockServer) -> None:
    """No byte is late by itself, but all would take a minute."""
    bedrock.then(answering({"images": ["x" * 1200]}, drip=True))
    started = time.monotonic()
    with pytest.raises(StepTimeout, match=r"within 0\.8 s"):
        invoke(client(bedrock_timeout_s=0.8))
    assert time.monotonic() - started < 3
    assert bedrock.calls == 1


def test_a_connection_that_breaks_off_is_not_repeated(bedrock: BedrockServer) -> None:
    bedrock.then(answering({"images": ["x" * 200_000]}, cut=True))
    with pytest.raises(RemoteFailed, match="broke off"):
        invoke(client())
    assert bedrock.calls == 1


def test_a_dead_endpoint_is_told(aws: None) -> None:
    dead = client(bedrock_endpoint_url="http://127.0.0.1:9", bedrock_region="us-east-1", bedrock_attempts=2)
    with pytest.raises(
        RemoteFailed, match=r"could not be made \(EndpointConnectionError\).* GENKOL_BEDROCK_ENDPOINT_URL"
    ):
        invoke(dead)


def test_a_cancelled_call_ends_at_once_and_is_not_repeated(bedrock: BedrockServer) -> None:
    bedrock.then(throttled())

    def waiting(seconds: float) -> None:
        if bedrock.calls:
            raise Cancelled("No longer wanted.")

    with pytest.raises(Cancelled, match="No longer wanted"):
        client(bedrock_attempts=10).invoke(REQUEST, waiting)
    seen = bedrock.calls
    time.sleep(1.5)
    assert bedrock.calls <= seen
    assert seen <= 2


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (failing(403, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/kim is not authorized"),
         RemoteRefused, r"refused the credentials \(AccessDeniedException\).* bedrock:InvokeModel"),
        (failing(403, "UnrecognizedClientException", "The security token included in the request is invalid."),
         RemoteRefused, "UnrecognizedClientException"),
        (failing(403, "InvalidSignatureException", f"The Canonical String was {SECRETS['AWS_SESSION_TOKEN']}"),
         RemoteRefused, "InvalidSignatureException"),
        (failing(400, "ValidationException", BLOCKED.format("text prompt")), Moderated, "refused the prompt"),
        (failing(400, "ValidationException", BLOCKED.format("input image")), Moderated, "refused a picture"),
        (failing(400, "ValidationException", "The provided model identifier is invalid."),
         RemoteMissing, r"There is no amazon\.nova-canvas-v1:0 of Amazon Bedrock in us-east-1"),
        (failing(404, "ResourceNotFoundException", "This model version has reached the end of its life."),
         RemoteMissing, "has reached the end of its life there"),
        (failing(413, "RequestEntityTooLargeException", "Too much."), TooLarge, "Use a smaller `size`"),
        (failing(400, "ValidationException", "Input image exceeds maximum size."), TooLarge, "exceeds maximum size"),
        (failing(400, "ValidationException", "height is 17 for arn:aws:bedrock:us-east-1:123456789012:x"),
         RemoteFailed, r"400 ValidationException: height is 17 for \.\.\."),
        (lambda request: Reply(418, b"<html>teapot</html>"), RemoteFailed, "418"),
    ],
)  # fmt: skip
def test_each_fault_has_its_error_and_is_not_repeated(bedrock: BedrockServer, answer, kind, text) -> None:
    bedrock.then(answer)
    with pytest.raises(kind, match=text) as e:
        invoke(client())
    assert type(e.value) is kind
    assert bedrock.calls == 1
    assert "123456789012" not in f"{e.value} {e.value.context}"


def test_missing_credentials_are_told(bedrock: BedrockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name)
    with pytest.raises(RemoteRefused, match=r"no working AWS credentials .*\(NoCredentialsError\)"):
        invoke(client())
    assert bedrock.calls == 0


def test_half_of_the_credentials_and_a_missing_profile_are_told(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(RemoteRefused, match="PartialCredentialsError"):
        client(bedrock_region="us-east-1")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(RemoteRefused, match="ProfileNotFound"):
        client(bedrock_region="us-east-1")


def test_a_missing_region_is_told(aws: None) -> None:
    with pytest.raises(RemoteMissing, match="Set GENKOL_BEDROCK_REGION or AWS_REGION"):
        client()


@pytest.mark.parametrize("url", ["http://example.org", "ftp://127.0.0.1", "example.org"])
def test_pictures_are_never_sent_unencrypted(aws: None, url: str) -> None:
    with pytest.raises(RemoteFailed, match="over https alone"):
        client(bedrock_endpoint_url=url, bedrock_region="us-east-1")


def test_a_request_or_an_answer_without_bounds_is_refused(bedrock: BedrockServer, monkeypatch) -> None:
    with pytest.raises(TooLarge, match=r"has 25,000,0\d\d bytes; Amazon Bedrock takes 25,000,000"):
        client().invoke({"x": "y" * MOST_BYTES}, lambda seconds: None)
    assert bedrock.calls == 0
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    bedrock.then(answering({"images": ["x" * 2000]}))
    with pytest.raises(RemoteFailed, match="more than 1,000 bytes"):
        invoke(client())


@pytest.mark.parametrize(
    "answer",
    [
        answering({"images": []}),
        throttled(),
        failing(403, "InvalidSignatureException", " ".join(SECRETS.values())),
        failing(400, "ValidationException", " ".join(SECRETS.values())),
        failing(500, "InternalServerException", "It broke."),
    ],
)
def test_no_secret_and_no_picture_is_logged_or_told(
    bedrock: BedrockServer, caplog: pytest.LogCaptureFixture, answer
) -> None:
    """Not even where everything logs at DEBUG: botocore would write down the headers and the body."""
    caplog.set_level(logging.DEBUG)
    bedrock.then(answer)
    told = ""
    try:
        client(bedrock_attempts=2).invoke({"image": PICTURE}, lambda seconds: None)
    except GenkolError as error:
        told = f"{error} {error.context} {error.args} {''.join(traceback.format_exception(error))}"
    for secret in (*SECRETS.values(), PICTURE[:9], "Signature="):
        assert secret not in caplog.text
        assert secret not in told


def test_the_shapes_are_those_of_the_service_model() -> None:
    """What the client sends, reads and expects stands in botocore's own model of bedrock-runtime."""
    from botocore.session import Session
    from botocore.validate import ParamValidator

    from genkol.remote import faults

    operation = Session().get_service_model("bedrock-runtime").operation_model("InvokeModel")
    sent = {"modelId": "amazon.nova-canvas-v1:0", "body": b"{}", "contentType": "a/b", "accept": "a/b"}
    assert ParamValidator().validate(sent, operation.input_shape).generate_report() == ""
    assert operation.http["requestUri"] == "/model/{modelId}/invoke"
    assert operation.input_shape.members["body"].metadata["max"] == MOST_BYTES
    assert operation.output_shape.serialization["payload"] == "body"
    modelled = {shape.name for shape in operation.error_shapes}
    assert modelled == {
        "AccessDeniedException", "ResourceNotFoundException", "ThrottlingException", "ModelTimeoutException",
        "InternalServerException", "ServiceUnavailableException", "ValidationException",
        "ServiceQuotaExceededException", "ModelNotReadyException", "ModelErrorException",
    }  # fmt: skip
    assert {"ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException"} <= faults._BUSY & modelled


def test_every_exception_that_is_known_by_name_is_botocores() -> None:
    from botocore import exceptions

    from genkol.remote import faults

    for name in faults._NO_CREDENTIALS | faults._UNSENT | faults._LATE:
        assert issubclass(getattr(exceptions, name), exceptions.BotoCoreError), name
