"""Files of any size in the users' bucket, and the erasing of all that a user has there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from handlers.storage import image_files
from handlers.storage.clients import failures_are_unavailable, files_bucket, s3

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

EXPORTS = "exports/"
_PREFIXES = (image_files.PREFIX, EXPORTS)

# S3 deletes up to a thousand at once, but is to answer before the client gives up.
_BATCH = 250

# No part but the last may be smaller than 5 MiB.
PART_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there: how large it is, and since when."""

    size: int
    changed_at: datetime


def found(prefix: str) -> dict[str, Found]:
    """The files whose keys begin so, by what follows. For prefixes that few files have."""
    page = s3().list_objects_v2(Bucket=files_bucket(), Prefix=prefix)
    return {
        file["Key"].removeprefix(prefix): Found(file["Size"], file["LastModified"]) for file in page.get("Contents", ())
    }


def write_whole(key: str, content: bytes) -> None:
    """Write a small file."""
    s3().put_object(Bucket=files_bucket(), Key=key, Body=content)


def read_whole(key: str) -> bytes | None:
    """What a small file holds; none if there is no such file."""
    try:
        answer = s3().get_object(Bucket=files_bucket(), Key=key)
    except s3().exceptions.NoSuchKey:
        return None
    with failures_are_unavailable(), closing(answer["Body"]) as body:
        return body.read()


def write(key: str, chunks: Iterable[bytes], media_type: str) -> int:
    """Write a file of these chunks, holding no more of it than a part; answers its size.

    When a chunk cannot be had, or a part not be written, nothing is left of the file.
    """
    upload: Any = {"Bucket": files_bucket(), "Key": key}
    upload["UploadId"] = s3().create_multipart_upload(**upload, ContentType=media_type)["UploadId"]
    try:
        size = 0
        written: list[CompletedPartTypeDef] = []
        for number, part in enumerate(_parts(chunks), start=1):
            answer = s3().upload_part(**upload, PartNumber=number, Body=part)
            written.append({"ETag": answer["ETag"], "PartNumber": number})
            size += len(part)
        s3().complete_multipart_upload(**upload, MultipartUpload={"Parts": written})
    except BaseException:
        s3().abort_multipart_upload(**upload)
        raise
    return size


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    part = bytearray()
    for chunk in chunks:
        part += chunk
        if len(part) >= PART_BYTES:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


def address(key: str, *, name: str, media_type: str, valid_for: timedelta) -> str:
    """An address from which a browser saves the file under that name."""
    wanted = {
        "Bucket": files_bucket(),
        "Key": key,
        "ResponseContentType": media_type,
        "ResponseContentDisposition": f'attachment; filename="{name}"',
    }
    with failures_are_unavailable():
        return s3().generate_presigned_url("get_object", Params=wanted, ExpiresIn=int(valid_for.total_seconds()))


def erase(user_id: str) -> Iterator[None]:
    """Delete all files of the user, all versions of them and what is still being written; yields after each batch."""
    for prefix in _PREFIXES:
        yield from _stop_writing(f"{prefix}{user_id}/")
        yield from _delete_versions(f"{prefix}{user_id}/")


def _stop_writing(prefix: str) -> Iterator[None]:
    for page in s3().get_paginator("list_multipart_uploads").paginate(Bucket=files_bucket(), Prefix=prefix):
        for upload in page.get("Uploads", ()):
            s3().abort_multipart_upload(Bucket=files_bucket(), Key=upload["Key"], UploadId=upload["UploadId"])
            yield


def _delete_versions(prefix: str) -> Iterator[None]:
    pages = s3().get_paginator("list_object_versions")
    for page in pages.paginate(Bucket=files_bucket(), Prefix=prefix, PaginationConfig={"PageSize": _BATCH}):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if found:
            versions: Any = [{"Key": file["Key"], "VersionId": file["VersionId"]} for file in found]
            answer = s3().delete_objects(Bucket=files_bucket(), Delete={"Objects": versions, "Quiet": True})
            if failed := answer.get("Errors"):
                raise RuntimeError(f"{len(failed)} files were not deleted, the first for {failed[0].get('Code')}")
            yield
