"""Those who call a running local stack with what its demo.json holds: what the scripts beside this one share."""

import hashlib
import hmac
import http.client
import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


def post(url, body):
    request = urllib.request.Request(url, data=body, headers={"content-type": "application/json"}, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def proof(hris, said, payload):
    """The parameters that prove who sends a call of the HR API: `said` is its method and path."""
    tonce = str(int(time.time()))
    signed = (said + hris["access_key"] + tonce).encode("utf-8", "surrogateescape") + payload
    signature = hmac.new(hris["secret_key"].encode(), signed, hashlib.sha256).hexdigest()
    return {"access_key": hris["access_key"], "tonce": tonce, "signature": signature}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Address(urllib.request.HTTPHandler):
    """Calls come from this address."""

    def __init__(self, address):
        super().__init__()
        self.address = address

    def http_open(self, req):
        return self.do_open(http.client.HTTPConnection, req, source_address=(self.address, 0))


class Consent:
    """An employee on the page of the HR API, in a browser of their own, to whose phone a code was sent: `form` is what consents."""

    def __init__(self, demo, mobile, address="127.0.0.1"):
        self.demo, self.oauth, self.page = demo, demo["hris"]["oauth"], demo["base_url"] + "/api/v2/oauth/authorize"
        cookies = urllib.request.HTTPCookieProcessor()
        self.opener = urllib.request.build_opener(NoRedirect, cookies, Address(address))
        self.form = {"mobile": mobile, **{name: self.oauth[name] for name in ["app_id", "callback_url"]}}
        query = urllib.parse.urlencode({name: self.form[name] for name in ["app_id", "callback_url"]})
        self.read(self.opener.open(f"{self.page}?{query}", timeout=60))
        self.read(self.submit("send"))
        with urllib.request.urlopen(demo["sms_outbox_url"], timeout=60) as outbox:
            sent = [message["message"] for message in json.load(outbox) if message["phone"] == f"+86{mobile}"]
        self.form |= {"action": "consent", "code": re.search(r"\d{6}", sent[-1]).group()}
        self.cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies.cookiejar)

    def read(self, page):
        """What the page's next form brings back."""
        self.form |= re.findall(r'type="hidden" name="(token|attempt)" value="([^"]*)"', page.read().decode())

    def submit(self, action):
        return self.opener.open(self.page, data=urllib.parse.urlencode(self.form | {"action": action}).encode(), timeout=60)

    def response_code(self):
        """What the app exchanges for an access token, once."""
        try:
            sys.exit(f"no consent: {self.submit('consent').status}")
        except urllib.error.HTTPError as redirect:
            location = urllib.parse.urlsplit(redirect.headers["location"])
        return urllib.parse.parse_qs(location.query)["response_code"][0]


def consent(demo):
    """An access token of the HR API, for which an employee consents on the page."""
    oauth = demo["hris"]["oauth"]
    proof = {name: oauth[name] for name in ["app_id", "app_secret", "callback_url"]}
    proof["response_code"] = Consent(demo, oauth["employee_mobile"]).response_code()
    return post(demo["base_url"] + "/api/v2/oauth/token", json.dumps(proof).encode())["access_token"]


def worker(demo, user):
    """The session of a worker of the signing API."""
    with urllib.request.urlopen(f"{demo['wechat_url']}/simulate/login_code?user={user}", timeout=60) as answer:
        code = json.load(answer)["code"]
    return post(demo["base_url"] + "/weixin/login", json.dumps({"code": code}).encode())["data"]["session_token"]


def header(url, body, name):
    """What stands in a header of an answer."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers[name]
