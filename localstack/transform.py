"""The template as plain CloudFormation, offline: what `sam deploy` would hand over."""

import json
import sys
from pathlib import Path

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
# Nothing is asked there; the translator wants to know the partition.
REGION = "eu-central-1"


def transformed(bucket):
    """Transforms the template, the code of each function `{its logical id}.zip` in a bucket."""
    template = yaml_parse(TEMPLATE.read_text())
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{bucket}/{name}.zip"
    session = boto3.session.Session(region_name=REGION)
    translator = Translator({}, Parser(), boto_session=session)
    plain = translator.translate(template, parameter_values={})
    plain.pop("Transform", None)
    return plain


if __name__ == "__main__":
    json.dump(transformed("artifacts"), sys.stdout, indent=1)
