"""Files of the users' bucket, at the edges: parts that end exactly, listings of several pages, and what S3 refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from handlers.storage import bucket, clients, image_files

pytestmark = pytest.mark.usefixtures("bucket")


@pytest.mark.parametrize("size", [1, 7, 8, 9, 16, 17])
def test_a_file_is_what_its_chunks_were_however_the_parts_fall(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "PART_BYTES", 8)
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    content = bytes(range(size))
    chunks = [content[start : start + 4] for start in range(0, size, 4)]
    assert bucket.write("exports/dana/file", chunks, "text/plain") == size
    assert bucket.read_whole("exports/dana/file") == content


def test_a_file_that_does_not_exist_has_no_content() -> None:
    assert bucket.read_whole("exports/dana/none") is None


def test_files_that_s3_does_not_delete_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.write_whole("exports/dana/file", b"x")
    refused = {"Errors": [{"Key": "exports/dana/file", "Code": "AccessDenied"}]}
    monkeypatch.setattr(clients.s3(), "delete_objects", lambda **_: refused)
    with pytest.raises(RuntimeError, match="AccessDenied"):
        list(bucket.erase("dana"))


def test_all_versions_of_an_images_file_are_deleted_over_several_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    list_versions = clients.s3().list_object_versions

    def a_page_of_two(**asked: Any) -> Any:
        return list_versions(**asked, MaxKeys=2)

    for number in range(5):
        bucket.write_whole("images/dana/trade/image", str(number).encode())
    monkeypatch.setattr(clients.s3(), "list_object_versions", a_page_of_two)
    assert image_files.delete_all("images/dana/trade/") == 5
    assert "Versions" not in list_versions(Bucket="files")


def test_a_file_whose_chunks_break_off_is_not_made() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x"
        raise RuntimeError("the source is gone")

    with pytest.raises(RuntimeError, match="the source is gone"):
        bucket.write("exports/dana/file", broken(), "text/plain")
    assert bucket.read_whole("exports/dana/file") is None
    assert "Uploads" not in clients.s3().list_multipart_uploads(Bucket="files")
