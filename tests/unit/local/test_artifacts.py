import io
import zipfile
from pathlib import Path

import pytest

from local.artifacts import digest, read_template, with_artifacts, zipped

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Resources:
  First:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: First, Environment: {Variables: {TABLE: !Ref Table, ARN: !GetAtt Table.Stream.Arn}}}
  Plain:
    Type: AWS::Lambda::Function
    Properties: {Code: Plain}
  Elsewhere:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: s3://bucket/key.zip}
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: Layer}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: ../gateway.json}}}
  Name:
    Type: AWS::SSM::Parameter
    Properties: {Value: !Sub "${Table}-x", Code: left alone}
"""


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


@pytest.fixture
def template_file(tmp_path: Path) -> Path:
    file = tmp_path / "template.yaml"
    file.write_text(TEMPLATE)
    return file


def test_short_forms_are_read_as_cloudformation_does_and_dates_stay_text(template_file: Path) -> None:
    template = read_template(template_file)
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"
    assert template["Resources"]["First"]["Properties"]["Environment"]["Variables"] == {
        "TABLE": {"Ref": "Table"},
        "ARN": {"Fn::GetAtt": ["Table", "Stream.Arn"]},
    }
    assert template["Resources"]["Name"]["Properties"]["Value"] == {"Fn::Sub": "${Table}-x"}


def test_local_locations_become_addresses_and_nothing_else_changes(template_file: Path) -> None:
    template = read_template(template_file)
    folder = template_file.parent
    packaged = with_artifacts(template, folder, lambda path: f"s3://b/{path.name}")

    properties = {name: resource["Properties"] for name, resource in packaged["Resources"].items()}
    assert properties["First"]["CodeUri"] == "s3://b/First"
    assert properties["Plain"]["Code"] == {"S3Bucket": "b", "S3Key": "Plain"}
    assert properties["Elsewhere"]["CodeUri"] == "s3://bucket/key.zip"
    assert properties["Layer"]["ContentUri"] == "s3://b/Layer"
    assert properties["Api"]["DefinitionBody"]["Fn::Transform"]["Parameters"]["Location"] == "s3://b/gateway.json"
    assert properties["Name"] == template["Resources"]["Name"]["Properties"]
    assert template == read_template(template_file)


def test_equal_folders_have_one_digest_wherever_they_are(tmp_path: Path) -> None:
    first = write(tmp_path / "a", app_py="x")
    second = write(tmp_path / "b" / "c", app_py="x")
    assert digest(first) == digest(second)


@pytest.mark.parametrize("files", [{"app_py": "y"}, {"other_py": "x"}, {"app_py": "x", "more_py": ""}])
def test_another_name_or_content_gives_another_digest(tmp_path: Path, files: dict[str, str]) -> None:
    assert digest(write(tmp_path / "a", app_py="x")) != digest(write(tmp_path / "b", **files))


def test_the_archive_holds_the_files_and_keeps_what_is_executable(tmp_path: Path) -> None:
    folder = write(tmp_path / "code", app_py="x", run_sh="y")
    (folder / "run.sh").chmod(0o755)
    with zipfile.ZipFile(io.BytesIO(zipped(folder))) as archive:
        modes = {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()}
    assert modes == {"app.py": 0o644, "run.sh": 0o755}
