"""Computes docs/cost.md: what a request and a month cost, from docs/budgets.md (capacity units), docs/performance.md (times), template.yaml (memory,
alarms, secrets) and prices.toml (prices and assumptions).

usage: cost.py [--check]    writes the page, or fails if it is not what this script would write
"""

import math
import pathlib
import re
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/cost.md"
DATA = tomllib.loads((ROOT / "scripts/prices.toml").read_text(encoding="utf-8"))
GIVEN = {name: entry["value"] if isinstance(entry, dict) else entry for name, entry in DATA["assumptions"].items()}
REGIONS = ("us-east-1", "cn-north-1")
KB_OF_GB = 1024 * 1024
MILLION = 1_000_000


class Prices:
    """The prices of a region. Those without a page of their own are estimates."""

    def __init__(self, region):
        self.currency = DATA[region]["currency"]
        self.entries = dict(DATA[region]["prices"])
        factor = DATA[region].get("estimate")
        for name, entry in DATA["us-east-1"]["prices"].items():
            if name not in self.entries:
                self.entries[name] = {"value": entry["value"] * factor}

    def __getitem__(self, name):
        return self.entries[name]["value"]

    def has_source(self, name):
        return "source" in self.entries[name]


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def budgets():
    """(number of calls, units read, units written) of each endpoint: of its plain case, the first row of the endpoint."""
    rows = re.findall(r"^\| ((?:GET|POST|PUT|PATCH|DELETE) [^ |,]+) \| ([^|]+) \| ([^|]+) \|$", text("docs/budgets.md"), re.MULTILINE)
    found = {}
    for endpoint, calls, units in rows:
        # The console and WeChat's messages are in no document.
        if endpoint not in FUNCTIONS:
            continue
        amounts = {kind: float(amount) for amount, kind in re.findall(r"([\d.]+) (read|written)", units)}
        count = 0 if calls == "none" else len(calls.split(" + "))
        found.setdefault(endpoint, (count, amounts.get("read", 0.0), amounts.get("written", 0.0)))
    return found


def functions():
    """The function of each endpoint."""
    return {f"{method} {path}": function for method, path, function, _ in map(str.split, text("openapi/routes.txt").splitlines())}


def times():
    """(cold, warm) of each function in milliseconds: of its first row."""
    found = {}
    for row in re.findall(r"^\| ([a-z]+-[a-z-]+)(?:\.\w+)? \|(.*)\|$", text("docs/performance.md"), re.MULTILINE):
        cells = [cell.strip() for cell in row[1].split("|")]
        if len(cells) == 13:
            found.setdefault(row[0], (float(cells[2]), float(cells[4])))
    return found


def memory():
    """The megabytes of each function, by its name."""
    template = text("template.yaml")
    default = int(re.search(r"^  MemorySize:\n(?:    .*\n)*?    Default: (\d+)", template, re.MULTILINE)[1])
    found = {}
    for resource in re.split(r"^  (?=\w+:$)", template, flags=re.MULTILINE):
        name = re.search(r"^      Handler: ([\w-]+)$", resource, re.MULTILINE)
        size = re.search(r"^      MemorySize: (\d+)", resource, re.MULTILINE)
        if "Type: AWS::Serverless::Function" in resource and name:
            found[name[1]] = int(size[1]) if size else default
    return found


def fixed():
    """What the stack has whatever its traffic: how many alarms' metrics, metrics, dashboards, keys and secrets."""
    template = text("template.yaml")
    count = lambda kind: len(re.findall(rf"^    Type: {kind}$", template, re.MULTILINE))
    alarms = [resource for resource in re.split(r"^  (?=\w+:$)", template, flags=re.MULTILINE) if "Type: AWS::CloudWatch::Alarm\n" in resource]
    # An alarm on an expression is billed for each metric in it.
    metrics = sum(max(1, len(re.findall(r"MetricStat:", alarm))) for alarm in alarms)
    behind = len(set(functions().values()) | {"ops-docs", "ops-console"})
    # Three of each function behind the gateway; those of the sweeps, of `ops-admin` and of `ops-outbox` (docs/operations.md, section 6).
    return {"alarm_metric": metrics, "metric": 3 * behind + 27, "dashboard": count("AWS::CloudWatch::Dashboard"),
            "key": count("AWS::KMS::Key"), "secret": count("AWS::SecretsManager::Secret")}


def request(endpoint):
    """What a request to an endpoint uses, as amounts of the prices."""
    function = FUNCTIONS[endpoint]
    cold, warm = TIMES[function]
    calls, read, written = BUDGETS[endpoint]
    milliseconds = math.ceil(warm + GIVEN["call_ms"] * calls) + GIVEN["cold"] * math.ceil(cold)
    starts = GIVEN["cold"] * GIVEN["secrets_per_process"]
    return {"api_million": 1 / MILLION, "lambda_million": 1 / MILLION, "lambda_gb_second": milliseconds / 1000 * MEMORY[function] / 1024,
            "read_million": (read + GIVEN["lookup_reads"]) / MILLION, "write_million": written / MILLION,
            "log_gb": GIVEN["log_kb"] / KB_OF_GB, "transfer_gb": GIVEN["response_kb"] / KB_OF_GB,
            "secret_calls_10000": starts / 10_000, "key_calls_10000": starts / 10_000}


def change(label):
    """What a change of one record uses for its events: its own record, the row of budgets.md with this label, and the message of the queue."""
    calls, units = re.search(rf"^\| {label} \| ([^|]+) \| ([^|]+) \|$", text("docs/budgets.md"), re.MULTILINE).groups()
    read, written = map(float, re.match(r"([\d.]+) read \+ ([\d.]+) written", units).groups())
    runs = 2 if "delivered" in label else 1
    milliseconds = GIVEN["call_ms"] * len(calls.split(" + "))
    return {"read_million": read / MILLION, "write_million": (written + GIVEN["change_writes"]) / MILLION,
            # A message is sent, received and deleted.
            "queue_million": 3 * (runs - 1) / MILLION, "lambda_million": runs / MILLION,
            "lambda_gb_second": milliseconds / 1000 * MEMORY["hris-events"] / 1024}


def summed(parts):
    total = {}
    for share, amounts in parts:
        for name, amount in amounts.items():
            total[name] = total.get(name, 0.0) + share * amount
    return total


def month(per_day, processes):
    """What a month of the mix uses, by the lines of the table."""
    count = per_day * GIVEN["days"]
    used = {name: amount * count for name, amount in MIX.items()}
    over = max(0, count - 300 * MILLION) / MILLION
    stored = GIVEN["stored_kb"] * count * GIVEN["months"] / KB_OF_GB
    pictures = GIVEN["uploads"] * count
    # Each process reads its secrets every five minutes, and S3 encrypts with keys of the bucket.
    reads = processes * GIVEN["secrets_per_process"] * 12 * 24 * GIVEN["days"]
    return {
        "API Gateway": {"api_million": used["api_million"] - over, "api_million_over_300": over},
        "Lambda": {name: used[name] for name in ("lambda_million", "lambda_gb_second")},
        "DynamoDB, requests": {name: used[name] for name in ("read_million", "write_million")},
        "DynamoDB, storage and recovery": {"table_gb": stored, "table_recovery_gb": stored},
        "S3": {"s3_gb": pictures * GIVEN["picture_kb"] * GIVEN["months"] / KB_OF_GB, "s3_put_1000": 2 * pictures / 1000,
               "s3_get_1000": (pictures + GIVEN["downloads"] * count) / 1000},
        "traffic to the internet": {"transfer_gb": used["transfer_gb"] + GIVEN["downloads"] * count * GIVEN["picture_kb"] / KB_OF_GB},
        "logs": {"log_gb": used["log_gb"], "log_stored_gb": used["log_gb"] * LOG_DAYS / GIVEN["days"]},
        "metrics, alarms, dashboard": {name: FIXED[name] for name in ("metric", "alarm_metric", "dashboard")},
        "KMS": {"key": FIXED["key"], "key_calls_10000": used["key_calls_10000"] + reads / 10_000},
        "Secrets Manager": {"secret": FIXED["secret"], "secret_calls_10000": used["secret_calls_10000"] + reads / 10_000},
        "with `Backups`: copies of the tables in two vaults": {"table_backup_gb": 2 * stored * GIVEN["backups_kept"]},
    }


def cost(amounts, prices):
    return sum(prices[name] * amount for name, amount in amounts.items())


def proven(amounts, prices):
    """The part of the cost whose prices have a source, in percent."""
    total = cost(amounts, prices)
    return 100 * sum(prices[name] * amount for name, amount in amounts.items() if prices.has_source(name)) / total


def table(head, rows):
    """A table of Markdown: the first column and those of sources are text, the others are numbers."""
    lines = [f"| {' | '.join(head)} |", f"|{'|'.join('---:' if at and name != 'source' else '---' for at, name in enumerate(head))}|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def page():
    prices = {region: Prices(region) for region in REGIONS}
    money = [f"{region}, {prices[region].currency}" for region in REGIONS]
    mix = table(["part", *money], [
        *([name, *(f"{cost({part: MIX[part] * MILLION for part in parts}, prices[region]):.2f}" for region in REGIONS)] for name, parts in (
            ("API Gateway", ["api_million"]), ("Lambda", ["lambda_million", "lambda_gb_second"]),
            ("DynamoDB", ["read_million", "write_million"]), ("logs", ["log_gb"]), ("traffic to the internet", ["transfer_gb"]),
            ("Secrets Manager and KMS", ["secret_calls_10000", "key_calls_10000"]))),
        ["**together**", *(f"**{MILLION * cost(MIX, prices[region]):.2f}**" for region in REGIONS)],
        ["of it with a source", *(f"{proven(MIX, prices[region]):.0f} %" for region in REGIONS)]])
    sizes = {int(size): month(int(size), processes) for size, processes in DATA["sizes"].items()}
    months = {}
    for region in REGIONS:
        lines = [[name, *(f"{cost(parts[name], prices[region]):,.2f}" for parts in sizes.values())] for name in next(iter(sizes.values()))]
        backups = lines.pop()
        whole = [summed((1, amounts) for name, amounts in parts.items() if "Backups" not in name) for parts in sizes.values()]
        lines.append(["**together**", *(f"**{cost(parts, prices[region]):,.2f}**" for parts in whole)])
        lines.append(["of it with a source", *(f"{proven(parts, prices[region]):.0f} %" for parts in whole)])
        months[region] = table([f"{prices[region].currency} per month", *(f"{size:,} a day" for size in sizes)], [*lines, backups])
    endpoints = table(["endpoint", "ms", "read", "written", *money], [
        [f"`{endpoint}`", f"{request(endpoint)['lambda_gb_second'] * 1024 * 1000 / MEMORY[FUNCTIONS[endpoint]]:.1f}",
         f"{BUDGETS[endpoint][1]:g}", f"{BUDGETS[endpoint][2]:g}",
         *(f"{MILLION * cost(request(endpoint), prices[region]):.2f}" for region in REGIONS)] for endpoint in BUDGETS])
    changes = table(["change of one record", "read", "written", *money], [
        [label, *(f"{MILLION * change(label)[kind]:g}" for kind in ("read_million", "write_million")),
         *(f"{MILLION * cost(change(label), prices[region]):.2f}" for region in REGIONS)] for label in CHANGES])
    price_rows = [[f"`{name}`", *(cell for region in REGIONS for cell in described(prices[region], name))] for name in prices["us-east-1"].entries]
    messages = table(["provider", "1,000 messages", "source"], [
        [name, f"{1000 * entry['value']:.2f} {entry['currency']}", origin(entry)] for name, entry in DATA["messages"].items()])
    values = "\n".join(f"- `{name}` {entry['value']:g}: {entry['text']}." for name, entry in DATA["assumptions"].items() if isinstance(entry, dict))
    return TEXT.format(mix=mix, us=months["us-east-1"], cn=months["cn-north-1"], endpoints=endpoints, changes=changes, messages=messages, values=values,
                       days=GIVEN["days"], prices=table(["price", money[0], "source", money[1], "source"], price_rows), factor=DATA["cn-north-1"]["estimate"],
                       shares=", ".join(f"`{endpoint}` {share / 10:g}" for endpoint, share in DATA["mix"].items()), log_days=LOG_DAYS)


def origin(entry):
    return f"{entry['source']}, read on {entry['read']}" if "source" in entry else "not verified"


def described(prices, name):
    entry = prices.entries[name]
    return f"{entry['value']:.10f}".rstrip("0").rstrip("."), origin(entry)


TEXT = """# What the system costs

`scripts/cost.py` writes this page from the capacity units of [budgets.md](budgets.md), the times of [performance.md](performance.md), the memory, alarms,
keys and secrets of `template.yaml`, and the prices and assumptions of `scripts/prices.toml`. `.ci/run` fails if the page differs. Amounts are list prices
without taxes and free tiers.

- **Not verified** is every price without a source: no page was found that states it. For cn-north-1 such a price is {factor} times that of us-east-1,
  which is an estimate and no price. The rows "of it with a source" say how much of an amount rests on pages that were read.
- AWS fills its price tables in the browser, so some sources are pages of others, and no page of AWS China was found for Lambda, API Gateway and S3.
  Compare with the price lists of the regions before you rely on an amount.
- A million written units cost 11.15 CNY on the page of AWS China that was read. AWS halved this price in us-east-1 in November 2024; whether that holds
  for China is unknown.
- The stack has no WAF: an HTTP API cannot have one.

## A million requests

Of the mix below. Storage, metrics and keys are in the tables of a month.

{mix}

## A month

us-east-1:

{us}

cn-north-1:

{cn}

## Text messages

They are in no table above: a log-in of a mini program needs none.

{messages}

## Each endpoint

A million requests to one endpoint: the milliseconds that Lambda bills, the capacity units, and the cost. Variants are in [budgets.md](budgets.md).

{endpoints}

## A million events

What a change of one record of a company costs beyond its own endpoint, from its record to the noted delivery: units, the queue, and `hris-events` without
the time that the receiver takes. Many changes at a time cost less: most of it is for each run and not for each event.

{changes}

## Assumptions

A month has {days} days; logs are kept for {log_days} (`LogRetentionDays`).

{values}

Of 100 requests: {shares}.

Not included: support plans, AWS Config, CloudTrail (`AdminTrail`), the transfer between regions of copied backups, backups of the bucket, WeChat Pay's
fee, and what a domain costs. The schedules cost less than one dollar a month.

## Prices

{prices}
"""

FUNCTIONS, TIMES, MEMORY, FIXED = functions(), times(), memory(), fixed()
BUDGETS = budgets()
LOG_DAYS = int(re.search(r"^  LogRetentionDays:\n(?:    .*\n)*?    Default: (\d+)", text("template.yaml"), re.MULTILINE)[1])
MIX = summed((share / sum(DATA["mix"].values()), request(endpoint)) for endpoint, share in DATA["mix"].items())


CHANGES = ["a change, distributed and delivered", "a change without a webhook"]


def main():
    written = page()
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(written, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != written:
        sys.exit("docs/cost.md differs from what scripts/cost.py writes: run it, and read the difference")


main()
