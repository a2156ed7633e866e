"""The image files in the users' bucket, at images/<userId>/<tradeId>/<imageId>.

The bucket is private: a browser sends a file with a form, and reads it at an address, that was signed for that file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handlers.journal.images import MOST_BYTES, TIME_TO_SEND, disposition
from handlers.journal.trade import Image
from handlers.storage.clients import failures_are_unavailable, files_bucket, s3

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ListObjectVersionsOutputTypeDef

PREFIX = "images/"
PAGE = 1000
SHOWN_FOR = timedelta(minutes=15)

# What is so tagged is deleted by the bucket's lifecycle after a day: nobody has checked it.
_PENDING = "<Tagging><TagSet><Tag><Key>status</Key><Value>pending</Value></Tag></TagSet></Tagging>"


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """The place of an image's file in the bucket."""

    user_id: str
    trade_id: str
    image_id: str

    @property
    def key(self) -> str:
        """The file's key in the bucket."""
        return f"{prefix_of(self.user_id, self.trade_id)}{self.image_id}"


@dataclass(frozen=True, slots=True)
class File:
    """One version of a file, or the mark of a deletion, as the bucket lists it."""

    key: str
    version: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class SweepPosition:
    """The last file that a listing has reached. It must not be deleted before the listing has gone on from it."""

    key: str
    version: str
    is_unwanted: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """The keys after `after`, up to and with `upto`, in the bucket's order; None stands for the first or the last
    key."""

    after: str | None = None
    upto: str | None = None


def spans() -> list[Span]:
    """All keys under images/ in 256 spans of about the same size, which can be listed at the same time.

    Users' ids are random UUIDs, so their first two hexadecimal digits split them evenly. Each key belongs to exactly
    one span, whatever follows images/.
    """
    borders = [f"{PREFIX}{number:02x}" for number in range(1, 256)]
    return [Span(after, upto) for after, upto in zip([None, *borders], [*borders, None], strict=True)]


def prefix_of(user_id: str, trade_id: str) -> str:
    """The prefix of the keys of all images of a trade."""
    return f"{PREFIX}{user_id}/{trade_id}/"


def place_of(key: str) -> ImagePlace | None:
    """The place of the key; None for a key that no form was made for."""
    images, *names = key.split("/")
    return ImagePlace(*names) if f"{images}/" == PREFIX and len(names) == 3 and all(names) else None


def form(place: ImagePlace, content_type: str) -> tuple[str, dict[str, str]]:
    """Address and fields of a form that sends one file to the place, of this media type, within the size limit."""
    fields = {"Content-Type": content_type, "tagging": _PENDING}
    with failures_are_unavailable():
        signed = s3().generate_presigned_post(
            files_bucket(),
            place.key,
            Fields=dict(fields),
            Conditions=[*({name: value} for name, value in fields.items()), ["content-length-range", 1, MOST_BYTES]],
            ExpiresIn=int(TIME_TO_SEND.total_seconds()),
        )
    return signed["url"], signed["fields"]


def address(place: ImagePlace, image: Image) -> str:
    """An address that shows the version of the file that was checked, for some minutes.

    S3 answers with the media type that the check found, not with the one that the form stored, and with a file name
    that is made here. Both are signed, so nobody can change the address to show the file as another type.
    """
    wanted = {
        "Bucket": files_bucket(),
        "Key": place.key,
        "VersionId": image.file_version,
        "ResponseContentType": image.content_type,
        "ResponseContentDisposition": disposition(image.image_id, image.content_type),
    }
    with failures_are_unavailable():
        return s3().generate_presigned_url("get_object", Params=wanted, ExpiresIn=int(SHOWN_FOR.total_seconds()))


def size_of(place: ImagePlace, version: str) -> int:
    """The size of the file in bytes."""
    return s3().head_object(Bucket=files_bucket(), Key=place.key, VersionId=version)["ContentLength"]


def read_range(place: ImagePlace, version: str, start: int, count: int) -> bytes:
    """`count` bytes of the file from the position `start` on; `count` is at least 1."""
    wanted = f"bytes={start}-{start + count - 1}"
    answer = s3().get_object(Bucket=files_bucket(), Key=place.key, VersionId=version, Range=wanted)
    with failures_are_unavailable(), closing(answer["Body"]) as body:
        return body.read()


def read_whole(place: ImagePlace, image: Image) -> bytes | None:
    """The file of an image, of 10 MB at most; None if it has been deleted."""
    try:
        return read_range(place, image.file_version, 0, image.size)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "NoSuchVersion"):
            raise
        return None


def write(place: ImagePlace, content_type: str, content: bytes) -> str:
    """Write the file of an image that has been checked. Returns its version."""
    answer = s3().put_object(Bucket=files_bucket(), Key=place.key, Body=content, ContentType=content_type)
    return answer["VersionId"]


def keep(place: ImagePlace, version: str) -> None:
    """Exclude the file from what the bucket's lifecycle deletes."""
    s3().put_object_tagging(
        Bucket=files_bucket(),
        Key=place.key,
        VersionId=version,
        Tagging={"TagSet": [{"Key": "status", "Value": "ready"}]},
    )


def delete(key: str, version: str) -> None:
    """Delete one version for good. Safe to repeat."""
    s3().delete_object(Bucket=files_bucket(), Key=key, VersionId=version)


def delete_all(prefix: str) -> int:
    """Delete all versions of the files whose keys have the prefix, for good. Returns how many there were."""
    count = 0
    # Each listing starts at the beginning: what it finds there was written since the listing before.
    while True:
        page = s3().list_object_versions(Bucket=files_bucket(), Prefix=prefix)
        files = list(_files(page))
        for file in files:
            delete(file.key, file.version)
        count += len(files)
        if not page["IsTruncated"]:
            return count


def page_of_files(span: Span, after: SweepPosition | None) -> tuple[Sequence[File], SweepPosition | None]:
    """The next page of versions of files in the span, in the order of their keys, and where to go on."""
    start: Any = {"KeyMarker": span.after} if span.after else {}
    if after:
        start = {"KeyMarker": after.key, "VersionIdMarker": after.version}
    page = s3().list_object_versions(Bucket=files_bucket(), Prefix=PREFIX, MaxKeys=PAGE, **start)
    files = [file for file in _files(page) if not _is_before(file, span)]
    within = [file for file in files if not _is_behind(file, span)]
    goes_on = page["IsTruncated"] and len(within) == len(files)
    return within, SweepPosition(page["NextKeyMarker"], page["NextVersionIdMarker"]) if goes_on else None


# S3 lists keys by the bytes of their UTF-8.
def _is_before(file: File, span: Span) -> bool:
    return span.after is not None and file.key.encode() <= span.after.encode()


def _is_behind(file: File, span: Span) -> bool:
    return span.upto is not None and file.key.encode() > span.upto.encode()


def _files(page: ListObjectVersionsOutputTypeDef) -> Iterator[File]:
    for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
        yield File(found["Key"], found["VersionId"], found["LastModified"])
