"""Makes the table of template.yaml in an emulator: LocalStack runs it when it is ready."""

import os

import boto3

TABLE = os.environ.get("SESSIONS_TABLE", "maru-sessions")
ENDPOINT = os.environ.get("AWS_ENDPOINT_URL", "http://localhost:4566")


def main():
    dynamodb = boto3.client(
        "dynamodb",
        endpoint_url=ENDPOINT,
        region_name=os.environ.get("AWS_REGION", "eu-central-1"),
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    try:
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        )
    except dynamodb.exceptions.ResourceInUseException:
        print(f"the table {TABLE} is there")
        return
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE)
    dynamodb.update_time_to_live(
        TableName=TABLE,
        TimeToLiveSpecification={"AttributeName": "expiresAt", "Enabled": True},
    )
    print(f"the table {TABLE} is made")


main()
