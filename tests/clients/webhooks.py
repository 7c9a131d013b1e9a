"""Opens the page of a webhook with a signed link in a real Chromium, on a desktop and a phone, and sends events from there.

usage: webhooks.py DEMO_JSON [--screenshots FOLDER]
"""

import argparse
import hashlib
import hmac
import http.server
import json
import pathlib
import sys
import threading
import time
import urllib.parse
import urllib.request

from selenium.webdriver.support.wait import WebDriverWait

from chromium import Chromium

SIZES = ["desktop", "phone"]


class Product:
    """A product with a receiver on this machine, which fails unless `is_up`."""

    def __init__(self, demo):
        self.base_url, self.hris, self.received, self.is_up = demo["base_url"], demo["hris"], [], True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.receiver())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.call("PUT", "/api/v2/webhooks", {"address": f"http://127.0.0.1:{self.server.server_port}/hook",
                                             "event_types": ["webhook_open", "employee_updated"]})
        self.wait("webhook_open", 1)

    def receiver(self):
        product = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                product.received.append((self.headers["webhook-id"], body["event"]["event_type"]))
                self.send_response(200 if product.is_up else 503)
                self.end_headers()
                self.wfile.write(b"<b>maintenance</b>" if not product.is_up else b"")

            def log_message(self, *_):
                pass

        return Handler

    def parameters(self, method, path, payload=""):
        tonce, key = str(int(time.time())), self.hris["access_key"]
        signed = f"{method}{path}{key}{tonce}{payload}"
        signature = hmac.new(self.hris["secret_key"].encode(), signed.encode(), hashlib.sha256).hexdigest()
        return urllib.parse.urlencode({"access_key": key, "tonce": tonce, "signature": signature})

    def call(self, method, path, body):
        payload = json.dumps(body)
        url = f"{self.base_url}{path}?{self.parameters(method, path, payload)}"
        request = urllib.request.Request(url, payload.encode(), {"content-type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def link(self):
        return f"{self.base_url}/docs/webhooks?{self.parameters('GET', '/docs/webhooks')}"

    def wait(self, event_type, count):
        """Waits until this many calls of the type arrived. The ids of all calls of the type."""
        end = time.monotonic() + 20
        found = lambda: [event for event, kind in self.received if kind == event_type]
        while len(found()) < count and time.monotonic() < end:
            time.sleep(0.05)
        return found()


class Walk:
    """A person of the product with one browser. Prints one line per check, and counts."""

    passed = failed = 0

    def __init__(self, product, size, screenshots):
        self.product, self.size, self.screenshots = product, size, screenshots
        self.browser = Chromium(phone=size == "phone")

    def check(self, what, found, expected=True):
        holds = found == expected
        Walk.passed, Walk.failed = Walk.passed + holds, Walk.failed + (not holds)
        shown = "" if holds else f": {found!r} instead of {expected!r}"
        print(f"{'ok  ' if holds else 'FAIL'} {what}, {self.size}{shown}", flush=True)

    def look(self, name):
        driver = self.browser.driver
        self.check(f"the page {name} needs no horizontal scrolling",
                   driver.execute_script("return document.documentElement.scrollWidth <= innerWidth"))
        # The browser reports a page with an error status, too.
        reported = [entry["message"] for entry in driver.get_log("browser") if "responded with a status of" not in entry["message"]]
        self.check(f"the page {name} reports nothing in the console", reported, [])
        if self.screenshots:
            height = driver.execute_script("return document.documentElement.scrollHeight")
            width = driver.execute_script("return innerWidth")
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                   {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": self.size == "phone"})
            driver.save_screenshot(str(self.screenshots / f"webhooks {name} {self.size}.png"))
            driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def press(self, selector):
        element = self.browser.find(selector)
        page = self.browser.find("html")
        self.browser.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        WebDriverWait(self.browser.driver, 20).until(lambda _: self.browser.find("html") != page)

    def note(self):
        return [element.text for element in self.browser.find_all("[role=status], [role=alert]")]

    def walk(self):
        product, driver = self.product, self.browser.driver
        product.is_up, before = False, len(product.wait("webhook_test", 0))
        driver.get(product.link())
        self.check("the link leads to the page", driver.current_url, f"{product.base_url}/docs/webhooks")
        self.press("[value=test]")
        self.check("the test is confirmed", self.note(), ["测试事件已经提交，稍后推送"])
        event = product.wait("webhook_test", before + 1)[-1]
        time.sleep(0.5)
        driver.get(f"{product.base_url}/docs/webhooks")
        self.look("events")
        self.press(f"a[href$='event_id={event}']")
        self.check("the answer of the receiver is shown as text", [code.text for code in self.browser.find_all("pre")],
                   ["<b>maintenance</b>"])
        self.look("event")
        product.is_up = True
        self.press("[value=replay]")
        self.check("the replay is confirmed", self.note(), ["事件已经提交，稍后再次推送"])
        self.check("the event arrives again with its id", set(product.wait("webhook_test", before + 2)[before:]), {event})
        driver.get(f"{product.base_url}/docs/webhooks")
        field = self.browser.find("#since")
        driver.execute_script("arguments[0].value = arguments[1]", field, "2020-01-01T00:00")
        self.press("[value=replays]")
        self.check("a time that is too long ago is reported", self.note(), ["请输入最近 30 天内的时间"])
        driver.delete_all_cookies()
        driver.get(f"{product.base_url}/docs/webhooks?{product.parameters('GET', '/docs')}")
        self.check("a wrong link opens nothing", self.note(), ["链接不正确或已失效，请从您的产品重新打开"])
        self.look("ended")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("demo", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    demo = json.loads(arguments.demo.read_text(encoding="utf-8"))
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    product = Product(demo)
    for size in SIZES:
        walk = Walk(product, size, arguments.screenshots)
        try:
            walk.walk()
        finally:
            walk.browser.close()
    print(f"{Walk.passed} passed, {Walk.failed} failed")
    sys.exit(1 if Walk.failed else 0)


main()
