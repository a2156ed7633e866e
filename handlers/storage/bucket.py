"""Files of any size in the users' bucket, and the erasure of all files of a user."""

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

EXPORTS, IMPORTS = "exports/", "imports/"
_PREFIXES = (image_files.PREFIX, EXPORTS, IMPORTS)

# S3 deletes up to 1 000 files in a request, but that may take longer than the client waits for the answer.
_BATCH = 250

# No part but the last may be smaller than 5 MiB.
PART_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that exists: its size in bytes, and when it was written."""

    size: int
    changed_at: datetime


def found(prefix: str) -> dict[str, StoredFile]:
    """The files whose keys have the prefix, by the rest of their keys. Reads one page only: at most 1 000 files."""
    page = s3().list_objects_v2(Bucket=files_bucket(), Prefix=prefix)
    return {
        file["Key"].removeprefix(prefix): StoredFile(file["Size"], file["LastModified"])
        for file in page.get("Contents", ())
    }


def write_whole(key: str, content: bytes) -> None:
    """Write a small file."""
    s3().put_object(Bucket=files_bucket(), Key=key, Body=content)


def read_whole(key: str) -> bytes | None:
    """The content of a small file; None if there is no such file."""
    try:
        answer = s3().get_object(Bucket=files_bucket(), Key=key)
    except s3().exceptions.NoSuchKey:
        return None
    with failures_are_unavailable(), closing(answer["Body"]) as body:
        return body.read()


def write(key: str, chunks: Iterable[bytes], media_type: str) -> int:
    """Write the chunks into a file, with at most one part of it in memory. Returns the file's size in bytes.

    When a chunk raises or a part cannot be written, no file is made.
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
    """An address from which a browser saves the file under `name`, for as long as `valid_for`."""
    wanted = {
        "Bucket": files_bucket(),
        "Key": key,
        "ResponseContentType": media_type,
        "ResponseContentDisposition": f'attachment; filename="{name}"',
    }
    with failures_are_unavailable():
        return s3().generate_presigned_url("get_object", Params=wanted, ExpiresIn=int(valid_for.total_seconds()))


def erase(user_id: str) -> Iterator[None]:
    """Delete all versions of all files of the user and abort unfinished uploads. Yields after each batch."""
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
