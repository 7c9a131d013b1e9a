"""A client of a running local stack, which takes its credentials from demo.json. The other scripts share it."""

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
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def call(method, url, headers, body=None):
    """(status, body, headers) of the response, whatever the status. The body is that of a JSON API."""
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def signature_parameters(hris, method_and_path, payload, tonce=None):
    """The parameters that sign a request to the HR API. A call with the same tonce and content is the same call, sent again."""
    tonce = tonce or str(int(time.time()))
    signed = (method_and_path + hris["access_key"] + tonce).encode("utf-8", "surrogateescape") + payload
    signature = hmac.new(hris["secret_key"].encode(), signed, hashlib.sha256).hexdigest()
    return {"access_key": hris["access_key"], "tonce": tonce, "signature": signature}


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class FromAddress(urllib.request.HTTPHandler):
    """Sends requests from this address."""

    def __init__(self, address):
        super().__init__()
        self.address = address

    def http_open(self, req):
        return self.do_open(http.client.HTTPConnection, req, source_address=(self.address, 0))


class Consent:
    """An employee on the consent page of the HR API, with their own cookies, who has received a code. `form` holds the fields that consent."""

    def __init__(self, demo, mobile, address="127.0.0.1"):
        self.demo, self.oauth, self.page = demo, demo["hris"]["oauth"], demo["base_url"] + "/api/v2/oauth/authorize"
        cookies = urllib.request.HTTPCookieProcessor()
        self.opener = urllib.request.build_opener(NoRedirect, cookies, FromAddress(address))
        self.form = {"mobile": mobile, **{name: self.oauth[name] for name in ["app_id", "callback_url"]}}
        query = urllib.parse.urlencode({name: self.form[name] for name in ["app_id", "callback_url"]})
        self.read(self.opener.open(f"{self.page}?{query}", timeout=60))
        self.read(self.submit("send"))
        with urllib.request.urlopen(demo["sms_outbox_url"], timeout=60) as outbox:
            sent = [message["message"] for message in json.load(outbox) if message["phone"] == f"+86{mobile}" and "验证码" in message["message"]]
        self.form |= {"action": "consent", "code": re.search(r"\d{6}", sent[-1]).group()}
        self.cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies.cookiejar)

    def read(self, page):
        """Takes over the hidden fields of the page's form."""
        self.form |= re.findall(r'type="hidden" name="(token|attempt)" value="([^"]*)"', page.read().decode())

    def submit(self, action):
        return self.opener.open(self.page, data=urllib.parse.urlencode(self.form | {"action": action}).encode(), timeout=60)

    def response_code(self):
        """The code that the app exchanges for an access token; valid once."""
        try:
            sys.exit(f"no consent: {self.submit('consent').status}")
        except urllib.error.HTTPError as redirect:
            location = urllib.parse.urlsplit(redirect.headers["location"])
        return urllib.parse.parse_qs(location.query)["response_code"][0]


class WebhookPage:
    """A browser with the page of the webhook of the HR API's product. `token` is that of its form, if there is a webhook."""

    def __init__(self, demo):
        page = demo["base_url"] + "/docs/webhooks"
        cookies = urllib.request.HTTPCookieProcessor()
        query = urllib.parse.urlencode(signature_parameters(demo["hris"], "GET/docs/webhooks", b""))
        try:
            opened = urllib.request.build_opener(cookies).open(f"{page}?{query}", timeout=60)
        except urllib.error.HTTPError as missing:
            opened = missing
        self.token = "".join(re.findall(r'name="token" value="([^"]*)"', opened.read().decode())[:1])
        self.cookie = "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies.cookiejar)


def consent(demo):
    """An access token of the HR API, after an employee has consented."""
    oauth = demo["hris"]["oauth"]
    exchange = {name: oauth[name] for name in ["app_id", "app_secret", "callback_url"]}
    exchange["response_code"] = Consent(demo, oauth["employee_mobile"]).response_code()
    return post(demo["base_url"] + "/api/v2/oauth/token", json.dumps(exchange).encode())["access_token"]


def worker(demo, user):
    """A session token of a worker of the signing API."""
    with urllib.request.urlopen(f"{demo['wechat_url']}/simulate/login_code?user={user}", timeout=60) as response:
        code = json.load(response)["code"]
    return post(demo["base_url"] + "/weixin/login", json.dumps({"code": code}).encode())["data"]["session_token"]


def header(url, body, name):
    """A header of the response to this body."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.headers[name]
