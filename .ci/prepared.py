"""Those who call a running local stack, and the records that the examples of the OpenAPI documents speak of."""

import base64
import json
import pathlib

import requests

from callers import consent, header, worker

FAMILIES = ["channel", "hris", "signing", "jobboard"]
ROOT = pathlib.Path(__file__).resolve().parent.parent


class Prepared:
    """A stack in which every example could be carried out."""

    def __init__(self, demo):
        self.demo, self.base_url = demo, demo["base_url"]
        self.http = requests.Session()
        self.http.trust_env = False
        self.documents = {family: json.loads((ROOT / f"openapi/{family}.json").read_text(encoding="utf-8")) for family in FAMILIES}
        # What the examples write in the place of what they cannot know.
        self.known = {"your_secret_key": demo["channel"][0]["secret"]}
        bearers = [self.bearer(channel) for channel in demo["channel"]]
        sessions = [{"x-auth-token": worker(demo, user)} for user in ["fuzz-1", "fuzz-2"]]
        login, codes = demo["base_url"] + "/wechat/user/login", [demo["jobboard"][name] for name in ["merchant_code", "user_code"]]
        users = [{"authorization": header(login, {"login_code": code}, "x-auth-token")} for code in codes]
        # Two who call each family: to the first belong the records of the examples.
        self.callers = {"channel": bearers, "signing": sessions, "jobboard": users}
        self.channel(bearers[0])
        self.hris()
        self.signing(sessions[0])
        self.jobboard(*users)

    def post(self, path, body, headers=None):
        answer = self.http.post(self.base_url + path, json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer

    def bearer(self, channel):
        token = self.post("/api/v1/auth/token", {**channel, "grant_type": "client_credentials"}).json()["data"]
        self.known.setdefault("refresh_token_string", token["refresh_token"])
        return {"authorization": f"Bearer {token['access_token']}"}

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
        command = {"command": "create_bind_code", "company_uuid": product["company_uuid"]}
        code = self.post("/2015-03-31/functions/ops-admin/invocations", command).json()["bind_code"]
        self.known |= {"YOUR_APP_KEY": product["access_key"], "YOUR_COMPANY_TOKEN": product["token"],
                       "YOUR_APP_ID": product["oauth"]["app_id"], "YOUR_APP_SECRET": product["oauth"]["app_secret"],
                       "YOUR_BIND_CODE": code, "access_token_string": consent(self.demo)}

    def picture(self):
        """The picture of the documents."""
        content = self.documents["signing"]["paths"]["/image"]["post"]["requestBody"]["content"]["multipart/form-data"]
        return base64.b64decode(content["example"]["file"].partition(",")[2])

    def upload(self, path, caller):
        files = {"file": ("a.png", self.picture())}
        answer = self.http.post(self.base_url + path, files=files, headers=caller, timeout=30)
        return answer.json()["data"]["url"]

    def signing(self, session):
        url = self.upload("/image", session)
        self.known |= {"https://api.example.com/image/5153960755200001.png": url, "5153960755200001.png": url.rsplit("/", 1)[1]}
        body = self.documents["signing"]["paths"]["/employee"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
        # The code of a text message counts once; a resume is taken without one, too.
        del body["example"]["verify_code"]
        self.post("/employee", self.real(body["example"]), session)

    def jobboard(self, merchant, user):
        job = self.post("/jobs/my", {"biz_type": 1, "page_num": 1, "page_size": 1}, merchant).json()["data"]["contacts"][0]
        bought = self.post("/contact_voucher/buy", {"price": 3.99, "contact_voucher_num": 1}, user).json()["data"]
        self.known |= {"1234": str(job["id"]), 1234: job["id"], 39: job["id"], 298: job["user_id"],
                       "298_1768292213248008000.png": self.upload("/img/upload", merchant).rsplit("/", 1)[1],
                       "CV202601101520151234": bought["order_no"]}

    def real(self, example):
        """The example with what is known in place of what it cannot know."""
        if isinstance(example, dict):
            return {name: self.real(value) for name, value in example.items()}
        if isinstance(example, list):
            return [self.real(value) for value in example]
        if isinstance(example, str) and example.startswith("{"):
            return self.real(json.loads(example))
        return example if isinstance(example, bool) else self.known.get(example, example)
