"""Proves the restore of docs/operations.md on a local stack, which this script starts: exports the demo data, erases a person, wipes tables and bucket,
imports the export, compares, and replays the erasure.

usage: check_restore.py FOLDER_WITH_BINARIES
"""

import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zoneinfo

import boto3
import botocore.config

import stack
from api_client import call, post

BACKUP = pathlib.Path(__file__).resolve().parent / "backup.py"
# Of the tables that AWS Backup keeps, those that are restored: AuditTable holds the orders to erase persons.
TABLES = ["channel", "hris", "signing", "jobboard", "staff"]
BUCKET = "uploads"
# The credentials of `local`.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local-secret", "AWS_DEFAULT_REGION": "us-east-1"}
PERSON = {"channel_user_id": "U-restore", "name": "张三", "id_card": "110101199001011237", "phone": "13800138111"}
PICTURES = {"img/恢复.png": b"\x89PNG\r\n\x1a\n", "img/restore.jpg": bytes(range(256)) * 300}


class Stack:
    def __init__(self, demo):
        self.demo, self.url = demo, demo["base_url"]
        self.dynamodb = boto3.client("dynamodb", endpoint_url=demo["dynamodb_url"])
        self.s3 = boto3.client("s3", endpoint_url=demo["s3_url"], config=botocore.config.Config(s3={"addressing_style": "path"}))
        credentials = json.dumps({**demo["channel"][0], "grant_type": "client_credentials"}).encode()
        self.token = post(f"{self.url}/api/v1/auth/token", credentials)["data"]["access_token"]

    def call(self, path, body=None):
        """(status, answer) of the partner API."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        method, body = ("POST", json.dumps(body).encode()) if body else ("GET", None)
        return call(method, self.url + path, headers, body)[:2]

    def admin(self, command, **fields):
        answer = post(f"{self.url}/2015-03-31/functions/ops-admin/invocations", json.dumps({"command": command, "by": "restore", **fields}).encode())
        if "errorType" in answer:
            sys.exit(f"{command}: {answer}")
        return answer

    def backup(self, command, folder, *options):
        """The status of scripts/backup.py, and what it prints."""
        tables = [part for table in TABLES for part in ("--table", table)]
        done = subprocess.run([sys.executable, BACKUP, command, folder, *tables, "--bucket", BUCKET, "--dynamodb", self.demo["dynamodb_url"],
                               "--s3", self.demo["s3_url"], *options], timeout=300, check=False, capture_output=True, text=True)
        # Without the names of single items.
        lines = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("  ")]
        print("\n".join([f"-- {' '.join([command, *options])}: status {done.returncode}", *lines]), flush=True)
        return done.returncode, lines

    def wipe(self):
        for table in TABLES:
            items = [item for page in self.dynamodb.get_paginator("scan").paginate(TableName=table) for item in page["Items"]]
            for start in range(0, len(items), 25):
                keys = [{name: item[name] for name in ("pk", "sk")} for item in items[start:start + 25]]
                deletes = [{"DeleteRequest": {"Key": key}} for key in keys]
                expect(self.dynamodb.batch_write_item(RequestItems={table: deletes})["UnprocessedItems"], {}, None)
        for entry in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            self.s3.delete_object(Bucket=BUCKET, Key=entry["Key"])

    def spoil(self):
        """Deletes one record and changes one object."""
        item = self.dynamodb.scan(TableName="hris", Limit=1)["Items"][0]
        self.dynamodb.delete_item(TableName="hris", Key={name: item[name] for name in ("pk", "sk")})
        self.s3.put_object(Bucket=BUCKET, Key=next(iter(PICTURES)), Body=b"another")


def expect(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: {found} instead of {wanted}")
    if what:
        print(f"ok   {what}", flush=True)


def check(running, folder):
    path = f"/api/v1/users/{PERSON['channel_user_id']}"
    expect(running.call("/api/v1/users", PERSON)[0], 200, "a person is stored")
    stored = running.call(path)
    found = running.admin("find_person", phone=PERSON["phone"])["objects"]
    for key, content in PICTURES.items():
        running.s3.put_object(Bucket=BUCKET, Key=key, Body=content, ContentType="image/png", Metadata={"checked": "yes"})
    expect(running.backup("export", folder)[0], 0, "the export succeeds")

    since = datetime.datetime.now(zoneinfo.ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M:%S")
    expect(len(running.admin("erase_person", objects=found, reason="本人申请")["erased"]), len(found), "the person is erased")
    status, lines = running.backup("compare", folder)
    expect((status, "channel: 4 exported, 3 stored, 1 different" in lines), (1, True), "the comparison finds the one record that is missing")
    running.wipe()
    counts = [running.dynamodb.scan(TableName=table, Select="COUNT")["Count"] for table in TABLES]
    expect((counts, "Contents" in running.s3.list_objects_v2(Bucket=BUCKET)), ([0] * len(TABLES), False), "tables and bucket are empty")

    expect(running.backup("import", folder)[0], 0, "the import into empty tables succeeds")
    expect(running.backup("compare", folder)[0], 0, "every item and object is as it was exported")
    expect(running.call(path), stored, "the API answers as before")
    expect(running.backup("import", folder)[0], 1, "an import does not overwrite what is stored")
    running.spoil()
    expect(running.backup("import", folder, "--overwrite")[0], 0, "an import is repeated")
    expect(running.backup("compare", folder)[0], 0, "the repeated import repairs what was changed")

    replayed = running.admin("replay_erasures", since=since)
    expect(([entry["object"] for entry in replayed["erased"]], replayed["next_cursor"]), (found, None), "the erasure is replayed")
    expect(running.call(path)[0], 404, "the person is gone again")
    expect(running.admin("find_person", phone=PERSON["phone"])["objects"], [], "no family finds the person")


def main():
    os.environ.update(CREDENTIALS)
    with stack.running(pathlib.Path(sys.argv[1]).resolve()) as (_, demo), tempfile.TemporaryDirectory() as folder:
        check(Stack(demo), pathlib.Path(folder) / "export")


main()
