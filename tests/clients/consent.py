"""Goes through the OAuth consent of the HR API in a real Chromium of phone size, from the page to a request with the access token.

usage: consent.py DEMO_JSON [--screenshots FOLDER]
"""

import argparse
import http.server
import json
import pathlib
import re
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from chromium import Chromium

SEND, CONSENT, DENY, AGAIN = "[value=send]", "[value=consent]", "[value=deny]", "[method=get] button"
JAVASCRIPT_OFF = {"profile.managed_default_content_settings.javascript": 2}


def send(method, url, body=None):
    """The status and the decoded body."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


class Product:
    """A third-party product with an app for one company, whose callback is a server on this machine."""

    def __init__(self, base_url, company_uuid):
        self.base_url, self.called_back = base_url, []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.callback())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.callback_url = f"http://127.0.0.1:{self.server.server_port}/callback"
        command = {"command": "create_oauth_app", "by": "clients", "product_id": "demo", "company_uuid": company_uuid,
                   "name": "蓝图招聘助手", "callback_url": self.callback_url}
        _, app = send("POST", f"{base_url}/2015-03-31/functions/ops-admin/invocations", command)
        self.app_id, self.app_secret = app["app_id"], app["app_secret"]

    def callback(self):
        """Records the parameters of each request. The title of its page shows whether scripts run."""
        called_back = self.called_back

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                if url.path == "/callback":
                    called_back.append(dict(urllib.parse.parse_qsl(url.query)))
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(b"<title>without scripts</title><script>document.title = 'with scripts'</script>")

            def log_message(self, *_):
                pass

        return Handler

    def consent_page(self, state, callback_url=None):
        parameters = {"app_id": self.app_id, "callback_url": callback_url or self.callback_url, "state": state}
        return f"{self.base_url}/api/v2/oauth/authorize?{urllib.parse.urlencode(parameters)}"

    def exchange(self, response_code):
        exchange = {"app_id": self.app_id, "app_secret": self.app_secret, "callback_url": self.callback_url}
        return send("POST", f"{self.base_url}/api/v2/oauth/token", {**exchange, "response_code": response_code})

    def get(self, path, access_token):
        return send("GET", f"{self.base_url}/api/v2{path}?{urllib.parse.urlencode({'access_token': access_token})}")


class Browser(Chromium):
    """Chromium as a phone."""

    def __init__(self, javascript):
        super().__init__(phone=True, preferences=None if javascript else JAVASCRIPT_OFF)

    def press(self, button):
        """Presses a button and waits for the next page. WebDriver's own click needs scripts."""
        page = self.find("html")
        box = self.find(button).rect
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "button": "left", "clickCount": 1}
        for kind in ["mousePressed", "mouseReleased"]:
            self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, **place})
        WebDriverWait(self.driver, 20).until(lambda _: is_gone(page))

    def type(self, selector, text):
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def message(self):
        return self.find("[role=alert]").text

    def fits(self):
        """Whether the page needs no horizontal scrolling and every control is at least 44 pixels high."""
        width = self.find("html").size["width"]
        shown = [element for element in self.driver.find_elements(By.CSS_SELECTOR, "body *") if element.is_displayed()]
        targets = [element for element in shown if element.tag_name in ("button", "input")]
        return (targets != [] and all(element.size["height"] >= 44 for element in targets)
                and all(element.rect["x"] >= 0 and element.rect["x"] + element.rect["width"] <= width for element in shown))

    def violations(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if "Content Security Policy" in entry["message"]]


def is_gone(page):
    try:
        return page.is_enabled() is None
    except WebDriverException:
        return True


class Walk:
    """One employee with one browser. Prints one line per check, and counts."""

    passed = failed = 0

    def __init__(self, demo, company, javascript, screenshots):
        self.outbox, self.mobile = demo["sms_outbox_url"], demo[company]["oauth"]["employee_mobile"]
        self.product = Product(demo["base_url"], demo[company]["company_uuid"])
        self.browser = Browser(javascript)
        self.title = "with scripts" if javascript else "without scripts"
        self.screenshots = screenshots

    def check(self, what, found, expected=True):
        holds = found == expected
        Walk.passed, Walk.failed = Walk.passed + holds, Walk.failed + (not holds)
        shown = "" if holds else f": {found!r} instead of {expected!r}"
        print(f"{'ok  ' if holds else 'FAIL'} {what}, {self.title}{shown}", flush=True)

    def look(self, name):
        self.check(f"the page {name} fits a phone", self.browser.fits())
        if self.screenshots:
            self.browser.driver.save_screenshot(str(self.screenshots / f"{name} {self.title}.png"))

    def code(self):
        """The code in the latest text message to the phone."""
        _, messages = send("GET", self.outbox)
        texts = [sent["message"] for sent in messages if sent["phone"].endswith(self.mobile)]
        return re.search(r"\d{6}", texts[-1]).group()

    def consent(self):
        """From the page to the response code."""
        browser, product, state = self.browser, self.product, "状态 a+b&c=%20 😀"
        browser.driver.get(product.consent_page(state))
        self.look("phone")
        browser.type("#mobile", "12345")
        browser.press(SEND)
        self.check("an invalid number is reported", browser.message(), "请输入正确的手机号")
        self.look("wrong phone")
        browser.type("#mobile", self.mobile)
        browser.press(SEND)
        self.look("code")
        code = self.code()
        browser.type("#code", "000000" if code != "000000" else "000001")
        browser.press(CONSENT)
        self.check("a wrong code is reported", browser.message(), "验证码不正确")
        self.look("wrong code")
        self.check("no policy was violated", browser.violations(), [])
        browser.type("#code", code)
        browser.press(CONSENT)
        self.check("no policy was violated on the way back", browser.violations(), [])
        self.check("the title of the app's page", browser.driver.title, self.title)
        response_code = product.called_back[-1].get("response_code") if product.called_back else None
        query = urllib.parse.urlsplit(browser.driver.current_url).query
        self.check("the browser is back at the app", dict(urllib.parse.parse_qsl(query)),
                   {"response_code": response_code, "state": state})
        self.check("the app was called once", len(product.called_back), 1)
        return response_code

    def use(self, response_code):
        """From the response code to the data."""
        status, token = self.product.exchange(response_code)
        self.check("the response code is exchanged", (status, sorted(token)), (200, ["access_token", "expires_in"]))
        access_token = token.get("access_token", "")
        status, candidates = self.product.get("/recruitments/candidates", access_token)
        self.check("the candidates can be read", (status, len(candidates)), (200, 30))
        status, employees = self.product.get("/employees", access_token)
        mobiles = [employee["mobile"] for employee in employees] if status == 200 else employees
        self.check("the employees can be read", self.mobile in mobiles)
        status, problem = self.product.exchange(response_code)
        self.check("the response code is no longer valid", (status, problem.get("code")), (422, 2002))

    def deny(self):
        """An employee who denies consent gives no access, even after another visit to the first page."""
        self.browser.driver.get(self.product.consent_page("denial"))
        self.browser.type("#mobile", self.mobile[:-4] + "9999")
        self.browser.press(SEND)
        self.browser.press(AGAIN)
        self.browser.press(DENY)
        self.check("the app is notified of a denial", self.product.called_back[-1], {"error": "access_denied", "state": "denial"})
        self.browser.driver.get(self.product.consent_page("", callback_url="https://elsewhere.example.com/"))
        self.check("another callback is rejected", self.browser.message(),
                   "应用不存在，或回调地址与登记的不一致")
        if self.screenshots:
            self.browser.driver.save_screenshot(str(self.screenshots / f"denied {self.title}.png"))

    def inject(self):
        """The content security policy blocks an injected script and reports it. The page had no report before, so it had no such script."""
        self.browser.driver.get(self.product.consent_page(""))
        self.browser.driver.execute_script("""
            const script = document.createElement("script");
            script.textContent = "document.title = 'injected'";
            document.body.append(script);
        """)
        self.check("an injected script does not run", self.browser.driver.title, "授权")
        self.check("an injected script is reported", len(self.browser.violations()), 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("demo", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    demo = json.loads(arguments.demo.read_text(encoding="utf-8"))
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    # A phone receives one message per minute: each run has another employee.
    for company, javascript in [("hris", True), ("hris_other", False)]:
        walk = Walk(demo, company, javascript, arguments.screenshots)
        try:
            walk.use(walk.consent())
            walk.deny()
            if javascript:
                walk.inject()
        finally:
            walk.browser.close()
    print(f"{Walk.passed} passed, {Walk.failed} failed")
    sys.exit(1 if Walk.failed else 0)


main()
