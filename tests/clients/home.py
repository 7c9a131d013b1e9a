"""Uses the home page of the local stack in a real Chromium, as a developer does who has just started it.

usage: home.py DEMO_JSON [--screenshots FOLDER]
"""

import argparse
import base64
import hashlib
import hmac
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode

from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

import staff
from chromium import Chromium

SIZES = ["desktop", "phone"]
MARKUP = "<img src=x onerror=alert(1)>"


def send(method, url, body=None, token=None):
    """The status, the decoded body and the headers."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json", **({"authorization": token} if token else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as response:
            return response.status, json.load(response), response.headers
    except urllib.error.HTTPError as error:
        return error.code, json.load(error), error.headers


def shell(command):
    """The output of a shell command."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


def values(text):
    """The JSON values in a text, one after the other."""
    found, decoder = [], json.JSONDecoder()
    while text.strip():
        value, end = decoder.raw_decode(text.lstrip())
        found.append(value)
        text = text.lstrip()[end:]
    return found


class Browser(Chromium):
    """A browser of one size."""

    def __init__(self, size):
        super().__init__(phone=size == "phone")

    def press(self, selector):
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", self.find(selector))
        self.find(selector).click()

    def wait(self, ready):
        """Waits until `ready` returns a true value, and returns it; None after a timeout."""
        # The page rebuilds its lists every few seconds.
        waiting = WebDriverWait(self.driver, 20, ignored_exceptions=[StaleElementReferenceException])
        try:
            return waiting.until(lambda _: ready())
        except TimeoutException:
            return None

    def type(self, selector, text):
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def script(self, source, *arguments):
        return self.driver.execute_script(source, *arguments)

    def fits(self):
        """Whether the page needs no horizontal scrolling."""
        return self.script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def photograph(self, file, scheme):
        """Saves a screenshot of the whole page."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        options = {"captureBeyondViewport": True, "clip": clip}
        file.write_bytes(base64.b64decode(self.driver.execute_cdp_cmd("Page.captureScreenshot", options)["data"]))


class Visit:
    """One visitor of the page. Prints one line per check, and counts."""

    passed = failed = 0

    def __init__(self, demo, size, screenshots):
        self.demo, self.base_url, self.size, self.screenshots = demo, demo["base_url"], size, screenshots
        self.browser = Browser(size)
        self.browser.driver.get(self.base_url)

    def check(self, what, found, expected=True):
        holds = found == expected
        Visit.passed, Visit.failed = Visit.passed + holds, Visit.failed + (not holds)
        shown = "" if holds else f": {found!r} instead of {expected!r}"
        print(f"{'ok  ' if holds else 'FAIL'} {what}, {self.size}{shown}", flush=True)

    def commands(self):
        """Runs every command of the accounts unchanged."""
        printed = [values(shell(code.text)) for code in self.browser.find_all(".account .shell code")]
        channel, hris, signing, jobboard = printed
        self.check("the commands of the channel", [response["code"] for response in channel], [0, 0])
        self.check("the command of the HR API", len(hris[0]), 12)
        self.check("the commands of the signing API", [response["status"] for response in signing], [0, 0])
        self.check("the commands of the job board", [response["message"] for response in jobboard], ["ok", "ok"])

    def copy(self):
        self.browser.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
        self.browser.press(".account .copy[aria-label='复制 secret']")
        self.check("a button shows that it has copied",
                   bool(self.browser.wait(lambda: self.browser.find_all(".copy.done"))))
        copied = self.browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
        self.check("a secret is copied", copied, self.demo["channel"][0]["secret"])

    def second_factors(self):
        """The page shows the current code of each member of staff."""
        browser, members = self.browser, self.demo["staff"]
        shown = lambda: [code.text for code in browser.find_all("[data-totp]")]
        current = lambda: [staff.totp(member["totp_secret"]) for member in members]
        self.check("the current codes of seven members of staff", bool(browser.wait(lambda: shown() == current())) and len(shown()), 7)
        self.check("the seconds that they are valid", int(browser.find("#totp-seconds").text) in range(31))

    def console(self):
        """Signs in to the console with what the page shows."""
        browser, driver = self.browser, self.browser.driver
        home, row = driver.current_window_handle, lambda: browser.find("#staff tr:has([data-totp=auditor])")
        phone = row().find_element(By.CSS_SELECTOR, "code:not([data-totp])").text
        address = browser.find("#start .card a[href='/console']").get_attribute("href")
        driver.switch_to.new_window("tab")
        console = driver.current_window_handle
        driver.get(address)

        def submit(name, text):
            driver.switch_to.window(console)
            browser.type(f"[name={name}]", text)
            browser.press("main form button")

        submit("phone", phone)
        driver.switch_to.window(home)
        sent = browser.wait(lambda: [row for row in browser.find_all("#messages tr") if phone in row.text])
        self.check("the code of the sign-in appears by itself", bool(sent))
        submit("code", re.search(r"验证码 (\d{6})", sent[0].text).group(1))
        driver.switch_to.window(home)
        submit("code", row().find_element(By.CSS_SELECTOR, "[data-totp]").text)
        name = staff.member(self.demo, "auditor")["name"]
        self.check("a member of staff signs in to the console",
                   bool(browser.wait(lambda: driver.current_url == address and name in browser.find("body").text)))
        driver.close()
        driver.switch_to.window(home)

    def login_codes(self):
        browser, user = self.browser, f"home-{time.time_ns()}"
        browser.type("#login [name=user]", user)
        for use, holds in [("signing", '"session_token"'), ("register", '"user_info"'), ("jobboard", '"user_info"')]:
            Select(browser.find("#login [name=use]")).select_by_value(use)
            before = browser.find("#login output").text
            browser.press("#login button")
            changed = lambda: browser.find("#login output").text not in ("", before) and browser.find_all("#login .shell code")
            codes = browser.wait(changed)
            self.check(f"the command of a login code for {use}", bool(codes) and holds in shell(codes[0].text))
        browser.press("[data-post='/_local/phone_code'] button:not(.copy)")
        code = browser.wait(lambda: browser.find_all("[data-post='/_local/phone_code'] output code"))
        self.check("a code for a phone number", bool(code) and code[0].text.startswith("phone-"))

    def order(self, token):
        body = {"price": 3.99, "contact_voucher_num": 1}
        _, bought, _ = send("POST", f"{self.base_url}/contact_voucher/buy", body, token)
        return bought["data"]["order_no"]

    def state(self, token, number):
        _, order, _ = send("POST", f"{self.base_url}/order/status", {"order_no": number}, token)
        return order["data"]["status"]

    def pay(self):
        browser, code = self.browser, {"login_code": self.demo["jobboard"]["user_code"]}
        _, _, headers = send("POST", f"{self.base_url}/wechat/user/login", code)
        token = headers["x-auth-token"]
        number = self.order(token)
        row = f"[data-order={number}]"
        self.check("an order appears by itself", bool(browser.wait(lambda: browser.find_all(row))))
        self.check("it is not paid", self.state(token, number), "pending")
        browser.press(f"{row} button")
        paid = browser.wait(lambda: "支付成功" in browser.find(row).text)
        self.check("its button pays it", (bool(paid), self.state(token, number)), (True, "paid"))
        self.check("its result is shown", '"notified_status": 200' in browser.find("#paid").text)
        other = self.order(token)
        browser.type("[data-post='/_local/pay'] input", other)
        browser.press("[data-post='/_local/pay'] button")
        paid = browser.wait(lambda: "支付成功" in "".join(row.text for row in browser.find_all(f"[data-order={other}]")))
        self.check("a number that is typed is paid", (bool(paid), self.state(token, other)), (True, "paid"))
        self.order(token)

    def messages(self):
        """A visitor whose name is markup is announced to an employee, by a signed call."""
        hris, name = self.demo["hris"], f"{MARKUP}{time.time_ns()}"
        path = f"/api/v2/employees/{hris['company_uuid'][0]}0000000000000030000000000000001/notify"
        payload = json.dumps({"token": hris["token"], "name": name, "time": "2017-02-03 10:00"})
        tonce = str(int(time.time()))
        said = f"POST{path}{hris['access_key']}{tonce}{payload}".encode()
        signature = hmac.new(hris["secret_key"].encode(), said, hashlib.sha256).hexdigest()
        form = {"access_key": hris["access_key"], "tonce": tonce, "signature": signature, "payload": payload}
        with urllib.request.urlopen(f"{self.base_url}{path}", urlencode(form).encode(), timeout=30) as response:
            self.check("a visitor is announced", response.status, 200)
        row = self.browser.wait(lambda: [row for row in self.browser.find_all("#messages tr") if name in row.text])
        self.check("the message appears by itself, as text", bool(row))
        self.check("its markup is not rendered", self.browser.find_all("#messages img"), [])

    def schedules(self):
        for function, expected in [("ops-cleanup", "{"), ("jobboard-search-snapshot", "{")]:
            form = f"[data-post$='/{function}/invocations']"
            self.browser.press(f"{form} button")
            result = self.browser.wait(lambda form=form: self.browser.find_all(f"{form} .answer"))
            self.check(f"{function} runs", bool(result) and result[0].get_attribute("class") == "answer"
                       and result[0].text.startswith(expected))

    def endpoints(self):
        def found(text):
            self.browser.type("#filter", text)
            return [row.find_element(By.CSS_SELECTOR, "td").text for row in self.browser.find_all("#routes tr") if row.is_displayed()]

        users = ["GET /api/v1/users/{channel_user_id}", "PUT /api/v1/users/{channel_user_id}"]
        self.check("the path of a call", found("/api/v1/users/U20240101001"), users)
        self.check("a method and an address", found(f"get {self.base_url}/api/v1/users/U1?a=1"), users[:1])
        self.check("a path that others begin with", len(found("/api/v1/users")), 3)
        self.check("words of the summary", found("取消收藏 cancnel"), ["POST /job/cancnel_collect", "POST /jobs/cancnel_collect"])
        self.check("a file", len(found("functions/signing/src/employee.rs")), 3)
        self.check("words without a match", (found("nothing of the kind"), self.browser.find("#no-routes").is_displayed()),
                   ([], True))
        self.check("a space", len(found(" ")), len(self.browser.find_all("#routes tr")))
        self.browser.press("#start [data-filter='functions/hris/']")
        rows = [row for row in self.browser.find_all("#routes tr") if row.is_displayed()]
        self.check("the files of an API", {row.get_attribute("data-path")[:8] for row in rows}, {"/api/v2/", "/docs/we"})

    def look(self):
        self.check("the page fits", self.browser.fits())
        if self.screenshots:
            for scheme in ["light", "dark"]:
                self.browser.photograph(self.screenshots / f"home {self.size} {scheme}.png", scheme)

    def whole(self):
        self.look()
        self.second_factors()
        if self.size == "desktop":
            self.commands()
            self.copy()
            self.console()
        self.login_codes()
        self.pay()
        self.messages()
        self.schedules()
        self.endpoints()
        self.second_factors()
        self.look()
        self.check("the page shows that the system is running", self.browser.find("#state").text, "运行中")
        self.check("the console has no errors", self.browser.complaints(), [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("demo", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    demo = json.loads(arguments.demo.read_text(encoding="utf-8"))
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    for size in SIZES:
        visit = Visit(demo, size, arguments.screenshots)
        try:
            visit.whole()
        finally:
            visit.browser.close()
    print(f"{Visit.passed} passed, {Visit.failed} failed")
    sys.exit(1 if Visit.failed else 0)


main()
