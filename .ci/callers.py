"""Those who call a running local stack with what its demo.json holds: what the scripts beside this one share."""

import hashlib
import hmac
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


def consent(demo):
    """An access token of the HR API, for which an employee consents on the page."""
    oauth, page = demo["hris"]["oauth"], demo["base_url"] + "/api/v2/oauth/authorize"
    opener = urllib.request.build_opener(NoRedirect, urllib.request.HTTPCookieProcessor())
    form = {name: oauth[name] for name in ["app_id", "callback_url"]}

    def submit(html, **more):
        hidden = dict(re.findall(r'type="hidden" name="(token|attempt)" value="([^"]*)"', html))
        body = urllib.parse.urlencode({**form, **hidden, "mobile": oauth["employee_mobile"], **more}).encode()
        return opener.open(page, data=body, timeout=60)

    html = opener.open(f"{page}?{urllib.parse.urlencode(form)}", timeout=60).read().decode()
    html = submit(html, action="send").read().decode()
    with urllib.request.urlopen(demo["sms_outbox_url"], timeout=60) as outbox:
        code = re.search(r"\d{6}", json.load(outbox)[-1]["message"]).group()
    try:
        sys.exit(f"no consent: {submit(html, action='consent', code=code).status}")
    except urllib.error.HTTPError as redirect:
        location = urllib.parse.urlsplit(redirect.headers["location"])
    response_code = urllib.parse.parse_qs(location.query)["response_code"][0]
    proof = {**form, "app_secret": oauth["app_secret"], "response_code": response_code}
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
