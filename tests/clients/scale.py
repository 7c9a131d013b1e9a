"""Imports a large company of the HR API through ops-admin, and requests all its employees at once. Run it by hand.

usage: scale.py DEMO_JSON EMPLOYEES
"""

import gzip
import hashlib
import hmac
import json
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode

ROWS = 2000


def post(url, body):
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), method="POST"), timeout=600) as response:
        return json.load(response)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        base_url = json.load(file)["base_url"]
    employees = int(sys.argv[2])
    company = f"{employees:032x}"

    def admin(command, **event):
        result = post(f"{base_url}/2015-03-31/functions/ops-admin/invocations", {"command": command, "by": "clients", **event})
        if "errorType" in result:
            sys.exit(f"{command}: {result}")
        return result

    admin("import_hris", kind="companies", rows=json.dumps({"uuid": company, "name": "大公司"}))
    began = time.monotonic()
    for first in range(0, employees, ROWS):
        rows = [{"uuid": f"{number:032x}", "name": f"员工{number}", "sex": "male", "empno": f"{number:06}",
                 "mobile": f"13{number:09}", "id_number": "510107198001011234", "address": f"天府大道{number}号",
                 "email": f"{number}@example.com", "join_date": "2012-09-29", "status": "regular", "job_title": "工程师"}
                for number in range(first, min(first + ROWS, employees))]
        result = admin("import_hris", kind="employees", company_uuid=company, rows="\n".join(map(json.dumps, rows)))
        rejected = [row for row in result["results"] if row["status"] == "refused"]
        if rejected or result["next"]:
            sys.exit(f"{rejected[:1]} {result['next']}")
        print(f"{first + len(rows)} of {employees} imported", file=sys.stderr)
    print(f"{employees} employees imported in {time.monotonic() - began:.0f} s")

    admin("create_product", product_id=f"scale-{employees}", name="规模")
    key = admin("create_access_key", product_id=f"scale-{employees}", company_uuid=company)
    payload = json.dumps({"token": admin("rotate_company_token", company_uuid=company)["token"]})
    path, tonce = "/api/v2/employees", str(int(time.time()))
    signed = f"GET{path}{key['access_key']}{tonce}{payload}".encode()
    signature = hmac.new(key["secret_key"].encode(), signed, hashlib.sha256).hexdigest()
    query = urlencode({"access_key": key["access_key"], "tonce": tonce, "signature": signature, "payload": payload})
    request = urllib.request.Request(f"{base_url}{path}?{query}", headers={"accept-encoding": "gzip"})
    began = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            body, encoding = response.read(), response.headers["content-encoding"]
        rows = json.loads(gzip.decompress(body) if encoding == "gzip" else body)
        print(f"{len(rows)} in one response: {encoding}, {len(body)} bytes, {time.monotonic() - began:.2f} s")
    except urllib.error.HTTPError as error:
        print(f"HTTP {error.code} {error.read().decode()} after {time.monotonic() - began:.2f} s")


main()
