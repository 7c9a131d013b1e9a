"""Exports tables and a bucket to a folder, imports them, and compares them with it: for a restore, and to prove one.

usage: backup.py export  FOLDER --table NAME=TABLE.. [--bucket NAME] [--dynamodb URL] [--s3 URL]
       backup.py import  FOLDER (the same options) [--overwrite]
       backup.py compare FOLDER (the same options)

NAME is the name of a table in the folder, TABLE its name in DynamoDB: a restored table has another one. The folder gets a file for each table, an item on
each line in the JSON of DynamoDB, and the objects as files, with a list of their keys and content types. Credentials and the region are those of the AWS
CLI; the two URLs replace the endpoints of AWS. What is exported is as sensitive as the tables: fields stay sealed, but names and times do not.

An import writes only to tables and buckets that are empty, except with `--overwrite`. It may be repeated after a failure, with `--overwrite`. `compare`
prints each difference, and fails if there is one. Old versions of objects are not exported.
"""

import argparse
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import sys
import time

import boto3
import botocore.config

# The most items of one BatchWriteItem.
BATCH = 25
# The most differences that `compare` prints for a table.
SHOWN = 20
WORKERS = 8


def main():
    options = arguments()
    os.umask(0o077)
    if options.command == "export":
        options.folder.mkdir(parents=True, exist_ok=False)
    dynamodb = boto3.client("dynamodb", endpoint_url=options.dynamodb)
    stores = [Table(dynamodb, target, options.folder / f"{name}.jsonl") for name, target in options.table]
    if options.bucket:
        # An address of an endpoint has no subdomains for buckets.
        style = botocore.config.Config(s3={"addressing_style": "path"} if options.s3 else {}, max_pool_connections=WORKERS)
        stores.append(Bucket(boto3.client("s3", endpoint_url=options.s3, config=style), options.bucket, options.folder))
    if options.command == "import" and not options.overwrite:
        if full := [store.name for store in stores if next(iter(store.stored()), None) is not None]:
            sys.exit(f"not empty, and --overwrite is not given: {', '.join(full)}")
    differences = 0
    for store in stores:
        if options.command == "compare":
            differences += report(store)
        else:
            count = store.export() if options.command == "export" else store.restore()
            print(f"{store.name}: {count} {'exported' if options.command == 'export' else 'imported'}", flush=True)
    sys.exit(1 if differences else 0)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["export", "import", "compare"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--table", action="append", default=[], metavar="NAME=TABLE", type=lambda text: tuple((text.split("=", 1) * 2)[:2]))
    parser.add_argument("--bucket")
    parser.add_argument("--dynamodb", metavar="URL")
    parser.add_argument("--s3", metavar="URL")
    parser.add_argument("--overwrite", action="store_true")
    return parser.parse_args()


def report(store):
    """Prints how what is stored differs from the folder. Returns the number of differences."""
    wanted, found = dict(store.exported()), dict(store.stored())
    differences = [f"  {key}: {text}" for key, text in sorted(
        [(key, "is missing") for key in wanted.keys() - found.keys()] + [(key, "was not exported") for key in found.keys() - wanted.keys()]
        + [(key, "differs") for key in wanted.keys() & found.keys() if wanted[key] != found[key]])]
    print(f"{store.name}: {len(wanted)} exported, {len(found)} stored, {len(differences)} different", flush=True)
    for line in differences[:SHOWN]:
        print(line)
    return len(differences)


class Table:
    """A table, and the file of its items. Items are compared by their digests: a table may be larger than the memory."""

    def __init__(self, client, name, file):
        self.client, self.name, self.file = client, name, file

    def items(self):
        for page in self.client.get_paginator("scan").paginate(TableName=self.name, ConsistentRead=True):
            yield from page["Items"]

    def keys(self):
        return [part["AttributeName"] for part in self.client.describe_table(TableName=self.name)["Table"]["KeySchema"]]

    def export(self):
        count = 0
        with self.file.open("x", encoding="utf-8") as file:
            for count, item in enumerate(self.items(), 1):
                file.write(json.dumps(plain(item), ensure_ascii=False, sort_keys=True) + "\n")
        return count

    def lines(self):
        with self.file.open(encoding="utf-8") as file:
            yield from map(json.loads, file)

    def stored(self):
        return self.digests(map(plain, self.items()))

    def exported(self):
        return self.digests(self.lines())

    def digests(self, items):
        keys = self.keys()
        for item in items:
            # The key of an item may hold the number of a person's record, and nothing else about a person.
            yield " ".join(str(next(iter(item[key].values()))) for key in keys), digest(json.dumps(item, sort_keys=True).encode())

    def restore(self):
        count, batch = 0, []
        for item in self.lines():
            batch.append({"PutRequest": {"Item": binary(item)}})
            count += 1
            if len(batch) == BATCH:
                self.write(batch)
                batch = []
        if batch:
            self.write(batch)
        return count

    def write(self, batch):
        """Writes a batch. DynamoDB returns what it did not take, if it takes less than that."""
        for attempt in range(10):
            batch = self.client.batch_write_item(RequestItems={self.name: batch})["UnprocessedItems"].get(self.name)
            if not batch:
                return
            time.sleep(min(0.05 * 2 ** attempt, 5))
        sys.exit(f"{self.name}: DynamoDB takes no more items: repeat the import with --overwrite")


class Bucket:
    """A bucket, and the files of its objects."""

    def __init__(self, client, name, folder):
        self.client, self.name, self.list, self.objects = client, name, folder / "objects.jsonl", folder / "objects"

    def keys(self):
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name):
            yield from (entry["Key"] for entry in page.get("Contents", []))

    def file(self, key):
        # A key may be longer than the name of a file, and hold any character.
        return self.objects / digest(key.encode())

    def read(self, key):
        found = self.client.get_object(Bucket=self.name, Key=key)
        return found["Body"].read(), {"key": key, "content_type": found["ContentType"], "metadata": found["Metadata"]}

    def all(self):
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
            yield from workers.map(self.read, self.keys())

    def export(self):
        count = 0
        self.objects.mkdir()
        with self.list.open("x", encoding="utf-8") as file:
            for count, (content, described) in enumerate(self.all(), 1):
                self.file(described["key"]).write_bytes(content)
                file.write(json.dumps(described, ensure_ascii=False) + "\n")
        return count

    def lines(self):
        with self.list.open(encoding="utf-8") as file:
            yield from map(json.loads, file)

    def stored(self):
        return ((described["key"], (digest(content), described["content_type"], described["metadata"])) for content, described in self.all())

    def exported(self):
        return ((described["key"], (digest(self.file(described["key"]).read_bytes()), described["content_type"], described["metadata"]))
                for described in self.lines())

    def restore(self):
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
            return sum(workers.map(self.put, self.lines()))

    def put(self, described):
        content = self.file(described["key"]).read_bytes()
        self.client.put_object(Bucket=self.name, Key=described["key"], Body=content, ContentType=described["content_type"],
                               Metadata=described["metadata"], ChecksumSHA256=base64.b64encode(hashlib.sha256(content).digest()).decode())
        return 1


def digest(content):
    return hashlib.sha256(content).hexdigest()


def plain(value):
    """An attribute in the JSON of DynamoDB: bytes in base64, and sets in order, which DynamoDB does not keep."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {name: sorted(plain(part)) if name in ("SS", "NS", "BS") and isinstance(part, list) else plain(part) for name, part in value.items()}
    return value


def binary(value):
    """The inverse of `plain`: an attribute of the type B or BS has bytes."""
    if isinstance(value, list):
        return [binary(part) for part in value]
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("B"), str):
            return {"B": base64.b64decode(value["B"])}
        if len(value) == 1 and isinstance(value.get("BS"), list) and all(isinstance(part, str) for part in value["BS"]):
            return {"BS": [base64.b64decode(part) for part in value["BS"]]}
        return {name: binary(part) for name, part in value.items()}
    return value


if __name__ == "__main__":
    main()
