"""Deploys template.yaml with built functions into an emulator of AWS that needs no Docker.

Prints what a client needs, as JSON. Where the emulator only keeps records (Postgres, Valkey, tasks),
the functions are given the real servers that the caller names.
"""

import argparse
import io
import json
import time
import zipfile
from pathlib import Path

import boto3
from botocore.config import Config
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from transform import REGION, transformed

STACK = "maru"
BUCKET = "maru-artifacts"
# The API's id is the caller's choice there, so that the issuer's address is known beforehand.
API_ID = "a0a0a0a0"
STACK_SECONDS_MAX = 120
# What the emulator does not know; everything else must be created.
UNKNOWN_TYPES = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
}


def main():
    options = read_options()
    aws = Clients(options.endpoint)
    api_url = f"{options.endpoint}/_aws/execute-api/{API_ID}/$default"
    keys = signing_key()

    aws.s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    for name, bootstrap in (("AuthFunction", options.auth), ("HistoryFunction", options.history)):
        aws.s3.put_object(Bucket=BUCKET, Key=f"{name}.zip", Body=zipped(bootstrap))
    secret = aws.secrets.create_secret(Name="maru-jwt", SecretString=json.dumps(keys))

    template = transformed(BUCKET)
    left_out = adapt(template, options)
    parameters = {
        "Architecture": options.architecture,
        "Image": "maru:local",
        "AuthMode": options.auth_mode,
        "CorsAllowedOrigins": options.origins,
        "IssuerUrl": api_url,
        "JwtSecretArn": secret["ARN"],
    }
    deploy(aws.cloudformation, template, parameters)
    created = resources(aws.cloudformation)
    # Those whose condition is false are none of the stack's.
    expected = {name for name in template["Resources"] if name not in false_ones(template)}
    missing = expected - created.keys()
    if missing:
        raise SystemExit(f"the emulator has not created {sorted(missing)}")
    time_to_live(aws.dynamodb, template, created["SessionsTable"])
    fanout = aws.secrets.get_secret_value(SecretId=created["FanoutSecret"])
    print(
        json.dumps(
            {
                "apiUrl": api_url,
                "table": created["SessionsTable"],
                "publicKeys": keys["publicKeys"],
                "fanoutSecret": json.loads(fanout["SecretString"])["secret"],
                "issuer": api_url,
                "functions": {
                    "auth": created["AuthFunction"],
                    "history": created["HistoryFunction"],
                },
                "created": len(created),
                "leftOut": left_out,
            }
        )
    )


class Clients:
    """The emulator's services; it asks for no real credentials."""

    def __init__(self, endpoint):
        session = boto3.session.Session(
            aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION
        )
        config = Config(retries={"total_max_attempts": 1}, read_timeout=STACK_SECONDS_MAX)

        def client(name):
            return session.client(name, endpoint_url=endpoint, config=config)

        self.s3 = client("s3")
        self.secrets = client("secretsmanager")
        self.cloudformation = client("cloudformation")
        self.dynamodb = client("dynamodb")


def read_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True, help="the emulator")
    parser.add_argument("--auth", required=True, type=Path, help="the bootstrap of auth")
    parser.add_argument("--history", required=True, type=Path, help="the bootstrap of history")
    parser.add_argument("--database-url", required=True)
    parser.add_argument("--redis-url", required=True)
    parser.add_argument("--architecture", default="x86_64", help="what they were built for")
    parser.add_argument("--auth-mode", default="required")
    parser.add_argument("--origins", default="")
    return parser.parse_args()


def signing_key():
    """A fresh key, as the secret of the template holds it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {"privateKey": private.decode(), "publicKeys": public.decode()}


def zipped(bootstrap):
    archive = io.BytesIO()
    entry = zipfile.ZipInfo("bootstrap")
    entry.external_attr = 0o755 << 16
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        file.writestr(entry, bootstrap.read_bytes())
    return archive.getvalue()


def adapt(template, options):
    """Changes what the emulator cannot do as it stands; says which resources were left out."""
    template_resources = template["Resources"]
    left_out = sorted(
        name for name, resource in template_resources.items() if resource["Type"] in UNKNOWN_TYPES
    )
    for name in left_out:
        del template_resources[name]
    for name, url in (
        ("DatabaseUrlSecret", options.database_url),
        ("RedisUrlSecret", options.redis_url),
    ):
        template_resources[name]["Properties"]["SecretString"] = json.dumps({"url": url})
    # It reckons with this one, and takes a parameter's number for text.
    template_resources["SocketService"]["Properties"]["DesiredCount"] = 1
    # Here it reads the names as the API's own interface spells them.
    cors = template_resources["HttpApi"]["Properties"]["CorsConfiguration"]["Fn::If"]
    cors[1] = {name[0].lower() + name[1:]: value for name, value in cors[1].items()}
    template_resources["HttpApi"]["Properties"]["Tags"] = {"ms-custom-id": API_ID}
    return left_out


def deploy(cloudformation, template, parameters):
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(template),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    end = time.monotonic() + STACK_SECONDS_MAX
    while True:
        stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
        status = stack["StackStatus"]
        if status == "CREATE_COMPLETE":
            return
        if not status.endswith("IN_PROGRESS") or time.monotonic() > end:
            raise SystemExit(f"the stack is {status}: {reasons(cloudformation)}")
        time.sleep(0.2)


def reasons(cloudformation):
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    return [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}"
        for event in events
        if event["ResourceStatus"].endswith("FAILED")
    ]


def resources(cloudformation):
    """The physical name of each resource that was created."""
    described = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    return {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in described
        if resource["ResourceStatus"] == "CREATE_COMPLETE"
    }


def false_ones(template):
    """The resources for whose making no certificate is given."""
    return {
        name
        for name, resource in template["Resources"].items()
        if resource.get("Condition") == "CertificateGiven"
    }


def time_to_live(dynamodb, template, table):
    """Sets the time to live as the template says, where the emulator has not read that."""
    wanted = template["Resources"]["SessionsTable"]["Properties"]["TimeToLiveSpecification"]
    known = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if known.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)
        known = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if known.get("AttributeName") != wanted["AttributeName"]:
        raise SystemExit(f"the table's time to live is {known}")


if __name__ == "__main__":
    main()
