"""Clients of a running local stack, and the records that the examples of the OpenAPI documents refer to."""

import base64
import functools
import hashlib
import hmac
import json
import pathlib
import secrets
import time
import urllib.parse

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from requests.adapters import HTTPAdapter

from api_client import consent, header, signature_parameters, worker

FAMILIES = ["channel", "hris", "signing", "jobboard"]
ROOT = pathlib.Path(__file__).resolve().parent.parent


class Fixtures:
    """Prepares a stack so that the example of every operation can succeed."""

    def __init__(self, data, demo):
        self.demo, self.base_url, self.http = demo, demo["base_url"], session("127.0.0.1")
        self.secrets = {name: json.loads(secret) for name, secret in json.loads((data / "secrets.json").read_text()).items()}
        self.wechat_pay = WeChatPay(self.secrets["wechat-platform"], self.secrets["wechat-pay-secret"]["apiv3_key"])
        self.documents = {family: json.loads((ROOT / f"openapi/{family}.json").read_text(encoding="utf-8")) for family in FAMILIES}
        # Placeholders of the examples, and their real values.
        self.known = {"your_secret_key": demo["channel"][0]["secret"]}
        bearers = [self.bearer(channel) for channel in demo["channel"]]
        sessions = [self.session("signing", user) for user in ["fuzz-1", "fuzz-2"]]
        login, codes = demo["base_url"] + "/wechat/user/login", [demo["jobboard"][name] for name in ["merchant_code", "user_code"]]
        users = [{"authorization": header(login, {"login_code": code}, "x-auth-token")} for code in codes]
        # The user in the example of the login.
        self.post("/wechat/user/register", {"login_code": "test", "phone_code": "test"})
        # Two clients of each family. The first owns the records of the examples.
        self.callers = {"channel": bearers, "signing": sessions, "jobboard": users}
        self.channel(bearers[0])
        self.hris()
        self.signing(sessions[0])
        self.jobboard(*users)

    def post(self, path, body, headers=None):
        response = self.http.post(self.base_url + path, json=body, headers=headers, timeout=30)
        response.raise_for_status()
        return response

    def bearer(self, channel):
        token = self.post("/api/v1/auth/token", {**channel, "grant_type": "client_credentials"}).json()["data"]
        self.known.setdefault("refresh_token_string", token["refresh_token"])
        return {"authorization": f"Bearer {token['access_token']}"}

    def session(self, family, user):
        """The credential of a worker of the signing API, or of a user of the job board, who has just logged in."""
        if family == "signing":
            return {"x-auth-token": worker(self.demo, user)}
        codes = {"login_code": self.code("login_code", user), "phone_code": self.code("phone_code", "13900000000")}
        return {"authorization": self.post("/wechat/user/register", codes).headers["x-auth-token"]}

    def channel(self, bearer):
        for name in ["users", "companies", "tasks", "applications", "payments"]:
            operation = self.documents["channel"]["paths"][f"/api/v1/{name}"]["post"]
            self.post(f"/api/v1/{name}", operation["requestBody"]["content"]["application/json"]["example"], bearer)
        file = b"%PDF-1.7".ljust(1024)
        upload = {"purpose": "resume", "content_type": "application/pdf", "size": len(file)}
        upload = self.post("/api/v1/uploads", upload, bearer).json()["data"]
        self.http.put(upload["upload_url"], data=file, headers=upload["headers"], timeout=30).raise_for_status()
        self.known["resume-5153960755200001.pdf"] = upload["url"].rsplit("/", 1)[1]

    def hris(self):
        product = self.demo["hris"]
        command = {"command": "create_bind_code", "by": "fixtures", "company_uuid": product["company_uuid"]}
        code = self.post("/2015-03-31/functions/ops-admin/invocations", command).json()["bind_code"]
        self.known |= {"YOUR_APP_KEY": product["access_key"], "YOUR_COMPANY_TOKEN": product["token"],
                       "YOUR_APP_ID": product["oauth"]["app_id"], "YOUR_APP_SECRET": product["oauth"]["app_secret"],
                       "YOUR_BIND_CODE": code, "access_token_string": consent(self.demo),
                       # Nothing receives there.
                       "https://example.com/gongqiao/hook": "http://127.0.0.1:9999/hook"}
        self.webhook(product)

    def webhook(self, product):
        """Makes the webhook of the product, with an event."""
        def call(method, path, body=None):
            payload = json.dumps(body) if body else ""
            url = f"{self.base_url}{path}?{urllib.parse.urlencode(signature_parameters(product, method + path, payload.encode()))}"
            response = self.http.request(method, url, data=payload, headers={"content-type": "application/json"}, timeout=30)
            response.raise_for_status()
            return response.json()
        path = "/api/v2/webhooks"
        call("PUT", path, {"address": self.known["https://example.com/gongqiao/hook"], "event_types": ["employee_created"]})
        call("POST", f"{path}/tests")
        end = time.monotonic() + 30
        while not (events := call("GET", f"{path}/events")["events"]):
            assert time.monotonic() < end, "no event"
            time.sleep(0.1)
        self.known["evt_0005109350408192a1b2c3d4000"] = events[0]["event_id"]
        # Events are sent again for thirty days.
        self.known["2024-01-15T10:00:00Z"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))

    def administrator(self, number):
        """Imports another administrator of the HR API's company, and returns the phone."""
        mobile = f"19902{number:06}"
        row = {"uuid": f"f{number:031x}", "name": "管理员", "empno": f"ADMIN-{number}", "mobile": mobile, "status": "regular",
               "administrator": True}
        command = {"command": "import_hris", "by": "fixtures", "kind": "employees", "company_uuid": self.demo["hris"]["company_uuid"],
                   "rows": json.dumps(row)}
        results = self.post("/2015-03-31/functions/ops-admin/invocations", command).json()["results"]
        assert results[0]["status"] in ["created", "unchanged"], results
        return mobile

    def picture(self):
        """The image in the OpenAPI documents."""
        content = self.documents["signing"]["paths"]["/image"]["post"]["requestBody"]["content"]["multipart/form-data"]
        return base64.b64decode(content["example"]["file"].partition(",")[2])

    def upload(self, path, caller):
        files = {"file": ("a.png", self.picture())}
        response = self.http.post(self.base_url + path, files=files, headers=caller, timeout=30)
        return response.json()["data"]["url"]

    def signing(self, session):
        url = self.upload("/image", session)
        self.known |= {"https://api.example.com/image/5153960755200001.png": url, "5153960755200001.png": url.rsplit("/", 1)[1]}
        body = self.documents["signing"]["paths"]["/employee"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
        # The code of a text message is valid once. A resume may omit it.
        del body["example"]["verify_code"]
        self.post("/employee", self.real(body["example"]), session)

    def jobboard(self, merchant, user):
        wanted = [{"biz_type": 1, "page_num": page, "page_size": 50} for page in range(1, 7)]
        jobs = [job for page in wanted for job in self.post("/jobs/my", page, merchant).json()["data"]["contacts"]]
        job, self.jobs = jobs[0], [job["id"] for job in jobs]
        bought = self.post("/contact_voucher/buy", {"price": 3.99, "contact_voucher_num": 1}, user).json()["data"]
        self.known |= {"1234": str(job["id"]), 1234: job["id"], 39: job["id"], 298: job["user_id"],
                       "298_1768292213248008000.png": self.upload("/img/upload", merchant).rsplit("/", 1)[1],
                       "CV202601101520151234": bought["order_no"]}
        self.notification(user)

    def notification(self, user):
        """Prepares the notification of another order, which is paid."""
        bought = self.post("/contact_voucher/buy", {"price": 3.99, "contact_voucher_num": 1}, user).json()["data"]
        simulator, named = self.demo["wechat_url"] + "/simulate/", {"out_trade_no": bought["order_no"]}
        self.http.post(simulator + "pay", json={**named, "notify": False}, timeout=30).raise_for_status()
        notification = self.http.post(simulator + "notify_again", json={**named, "deliver": False}, timeout=30).json()
        resource = json.loads(notification["body"])["resource"]
        self.transaction = json.loads(self.wechat_pay.opened(resource))
        self.known |= {"sRvt2X...": resource["ciphertext"], "fdasflkja484": resource["nonce"]}

    def code(self, kind, subject):
        """The code that WeChat issues to a mini program for a user or a phone; valid once."""
        name = {"login_code": "user", "phone_code": "phone"}[kind]
        return self.http.get(f"{self.demo['wechat_url']}/simulate/{kind}", params={name: subject}, timeout=30).json()["code"]

    def captcha(self, http):
        """The id of a new captcha and its solution, decrypted from the table with the system's own key."""
        captcha = http.get(self.base_url + "/captcha", timeout=30).headers["x-captcha-id"]
        hashed = base64.urlsafe_b64encode(hashlib.sha256(captcha.encode()).digest()).decode().rstrip("=")
        key = {"pk": f"signing#captcha#{hashed}", "sk": "captcha"}
        wanted = {"TableName": "credentials", "Key": {name: {"S": value} for name, value in key.items()}}
        # The stack's database requires a signature but does not check it.
        scope = "Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"x-amz-target": "DynamoDB_20120810.GetItem", "content-type": "application/x-amz-json-1.0",
                   "x-amz-date": "20260101T000000Z", "authorization": f"AWS4-HMAC-SHA256 {scope}"}
        stored = http.post(self.demo["dynamodb_url"], data=json.dumps(wanted), headers=headers, timeout=30).json()["Item"]
        key_id, sealed = stored["sealed"]["S"].split(".")
        # shared/src/crypto/keyring.rs derives the key from the secret in the same way: from a label after its length.
        label = b"gongqiao sealing"
        sealing = hmac.digest(self.secrets["signing-secret"][key_id].encode(), len(label).to_bytes(8, "big") + label, "sha256")
        sealed = base64.urlsafe_b64decode(sealed + "==")
        place = f"{key['pk']}/{key['sk']}/sealed".encode()
        fields = json.loads(AESGCM(sealing).decrypt(sealed[:12], sealed[12:], place))
        return captcha, fields["M"]["answer"]["S"]

    def real(self, example):
        """The example with real values in the place of placeholders."""
        if isinstance(example, dict):
            return {name: self.real(value) for name, value in example.items()}
        if isinstance(example, list):
            return [self.real(value) for value in example]
        if isinstance(example, str) and example.startswith("{"):
            return self.real(json.loads(example))
        return example if isinstance(example, bool) else self.known.get(example, example)


class WeChatPay:
    """Signs and encrypts with the keys of the WeChat Pay simulator."""

    def __init__(self, platform, sealing):
        self.platform, self.sealing = platform, sealing.encode()

    def seal(self, nonce, associated_data, plain):
        return base64.b64encode(AESGCM(self.sealing).encrypt(nonce.encode(), plain, associated_data.encode())).decode()

    def opened(self, resource):
        sealed = base64.b64decode(resource["ciphertext"])
        return AESGCM(self.sealing).decrypt(resource["nonce"].encode(), sealed, resource["associated_data"].encode())

    def signature(self, body, by_id):
        """The headers that sign this body, with the key that has an id or the key that has a certificate."""
        serial, key = ["public_key_id", "public_key_private"] if by_id else ["certificate_serial", "certificate_private"]
        now, nonce = str(int(time.time())), secrets.token_hex(16).upper()
        signature = private_key(self.platform[key]).sign(f"{now}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), SHA256())
        return {"wechatpay-timestamp": now, "wechatpay-nonce": nonce, "wechatpay-serial": self.platform[serial],
                "wechatpay-signature": base64.b64encode(signature).decode()}


@functools.cache
def private_key(pem):
    """Parsed in each process: a key cannot be pickled, its text can."""
    return load_pem_private_key(pem.encode(), password=None)


class FromAddress(HTTPAdapter):
    """Sends requests from this address."""

    __attrs__ = [*HTTPAdapter.__attrs__, "address"]

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *given, **more):
        super().init_poolmanager(*given, **more, source_address=(self.address, 0))


def session(address):
    http = requests.Session()
    http.trust_env = False
    http.mount("http://", FromAddress(address))
    return http
