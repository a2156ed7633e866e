"""Patches of ministack's S3: upload forms and presigned URLs."""

from typing import Any

from local.emulator.patching import Patch, put, take

Json = dict[str, Any]

S3 = "ministack.services.s3"


def _tag_what_a_form_sends() -> None:
    post_object = take(f"{S3}:_post_object")

    def post_and_tag(bucket: str, body: bytes, headers: Json) -> Any:
        answer = post_object(bucket, body, headers)
        if answer[0] < 400:
            parts = take(f"{S3}:_parse_multipart_form")(headers.get("content-type", ""), body)
            fields = {name.lower(): value for name, _file, _headers, value in parts if name != "file"}
            if "tagging" in fields:
                version = {"versionId": answer[1].get("x-amz-version-id", "")}
                take(f"{S3}:_put_object_tagging")(bucket, fields["key"].decode(), fields["tagging"], version)
        return answer

    put(f"{S3}:_post_object", post_and_tag)


def _override_headers_of_versions() -> None:
    get_object = take(f"{S3}:_get_object")

    def get_with_overrides(bucket: str, key: str, headers: Json, query: Json | None = None) -> Any:
        status, answered, body = get_object(bucket, key, headers, query)
        if status == 200 and query and "versionId" in query:
            take(f"{S3}:_apply_response_overrides")(answered, query)
        return status, answered, body

    put(f"{S3}:_get_object", get_with_overrides)


PATCHES = [
    # https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
    Patch(
        "tags of an object that a form sends",
        ministack="checks the field `tagging` against the policy and drops it",
        aws="gives the object these tags",
        needs=(f"{S3}:_post_object", f"{S3}:_parse_multipart_form", f"{S3}:_put_object_tagging"),
        apply=_tag_what_a_form_sends,
    ),
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    Patch(
        "headers that a presigned URL of a version asks for",
        ministack="ignores response-content-type and the like if the URL names a version (and Range, still)",
        aws="follows them",
        needs=(f"{S3}:_get_object", f"{S3}:_apply_response_overrides"),
        apply=_override_headers_of_versions,
    ),
]
