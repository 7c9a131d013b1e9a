"""Checks the API pages in a real Chromium, on a desktop and a phone, searches them, and sends a request of each document from Swagger UI.

usage: docs.py DEMO_JSON [--screenshots FOLDER]
"""

import argparse
import json
import pathlib
import sys
import urllib.request

from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from chromium import Chromium

# An operation of each API whose page has every kind of content: nested fields, a payload in the query, a long form, a body without fields.
OPERATIONS = ["channel/create_payment", "hris/list_employees", "signing/create_employee", "jobboard/top_job"]
TEXTS = ["environments", "policy", "changelog"]
FAMILIES = ["channel", "hris", "signing", "jobboard"]
METHODS = ["get", "post", "put", "patch", "delete"]


class Browser(Chromium):
    """A browser that logs its requests."""

    def __init__(self, phone, dark):
        super().__init__(phone, logs=["performance"])
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def wait(self, selector):
        """Waits for the first element that matches."""
        return WebDriverWait(self.driver, 30).until(lambda _: self.find_all(selector))[0]

    def press(self, element):
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'}); arguments[0].click()", element)

    def resolved(self, path, method):
        """Waits until Swagger UI has loaded the whole operation. A button that is pressed earlier, faster than a user can, has no effect."""
        script = "return Boolean(window.swagger.specSelectors.specResolvedSubtree(['paths', ...arguments]))"
        WebDriverWait(self.driver, 30).until(lambda _: self.driver.execute_script(script, path, method))

    def fits(self):
        """Whether the page needs no horizontal scrolling."""
        return self.driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")

    def messages(self):
        """The messages in the console."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def origins(self):
        """The origins of all requests since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        return {"/".join(url.split("/")[:3]) for url in urls if url.startswith(("http:", "https:", "ws:", "wss:"))}

    def save(self, file):
        """Saves a screenshot of the whole page."""
        height = self.driver.execute_script("return document.documentElement.scrollHeight")
        width = self.driver.execute_script("return document.documentElement.clientWidth")
        size = {"width": width, "height": min(height, 12000), "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.save_screenshot(str(file))
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


class Look:
    """One visit to all pages. Prints one line per check, and counts."""

    passed = failed = 0

    def __init__(self, demo, name, browser, screenshots):
        self.demo, self.name, self.browser, self.screenshots = demo, name, browser, screenshots
        self.base_url = demo["base_url"]

    def check(self, what, found, expected=True):
        holds = found == expected
        Look.passed, Look.failed = Look.passed + holds, Look.failed + (not holds)
        shown = "" if holds else f": {found!r} instead of {expected!r}"
        print(f"{'ok  ' if holds else 'FAIL'} {what}, {self.name}{shown}", flush=True)

    def settle(self, page):
        """Checks that apply to each page after it has loaded."""
        if self.screenshots:
            self.browser.save(self.screenshots / f"{page.replace('/', ' ')} {self.name}.png")
        self.check(f"{page} fits", self.browser.fits())
        self.check(f"{page} writes nothing to the console", self.browser.messages(), [])
        self.check(f"{page} sends requests to its own origin only", self.browser.origins(), {self.base_url})

    def pages(self):
        for page in ["docs", *(f"docs/{name}" for name in [*TEXTS, *OPERATIONS, *FAMILIES])]:
            self.browser.driver.get(f"{self.base_url}/{page}")
            self.browser.wait("h1")
            self.settle(page)
        self.check("commands can be copied", len(self.browser.find_all(".copied button")) >= 5)

    def shown(self):
        """The ids of the operations that the overview lists."""
        lines = self.browser.find_all(".operations li")
        return [line.find_element(By.CSS_SELECTOR, "small").text for line in lines if line.is_displayed()]

    def search(self):
        """The overview finds operations by name, path and field, and lists all of them when the query is empty."""
        self.browser.driver.get(f"{self.base_url}/docs")
        field = self.browser.wait(".search input")
        every = self.shown()
        payments = ["create_payment", "list_payments", "get_payment", "update_payment"]
        for query, expected in [("/jobs/top", ["top_job"]), ("BANK_ACCOUNT", payments), ("cancel_collect", ["cancel_collection"]),
                                ("打卡 导入", ["create_punches"]), ("nothing-like-this", [])]:
            field.clear()
            field.send_keys(query)
            self.check(f"search for {query}", self.shown(), expected)
        field.clear()
        field.send_keys("x\b")
        self.check("an empty query lists all operations", self.shown(), every)
        self.settle("docs searched")
        self.browser.driver.get(f"{self.base_url}/docs?q=bank_account")
        self.check("the address holds the query", self.shown(), payments)
        self.settle("docs with a query")

    def languages(self):
        """The page of an operation shows the example in the chosen language only, and leads to the operation in Swagger UI."""
        for operation in OPERATIONS:
            self.browser.driver.get(f"{self.base_url}/docs/{operation}")
            for language in ["java", "typescript", "python", "bash"]:
                self.browser.press(self.browser.wait(f"label[for={language}]"))
                shown = [panel.get_attribute("class") for panel in self.browser.find_all(".panel") if panel.is_displayed()]
                self.check(f"{operation} in {language}", shown, [f"panel {language}"])
            self.browser.press(self.browser.wait(".quiet a[href^='/docs/ui/']"))
            block = self.browser.wait(".opblock.is-open")
            self.check(f"{operation} is open in Swagger UI", block.get_attribute("id").endswith(f"-{operation.split('/')[1]}"))
            # Swagger UI warns of each underscore in a fragment, whether it means a blank or not.
            self.browser.messages()

    def document(self, family):
        with urllib.request.urlopen(f"{self.base_url}/docs/openapi/{family}.json", timeout=30) as response:
            return json.load(response)

    def open(self, family):
        self.browser.driver.get(f"{self.base_url}/docs/ui/{family}")
        self.browser.wait(".opblock")

    def operations(self, family):
        """Swagger UI shows each operation of the document."""
        expected = sorted((method, path) for path, item in self.document(family)["paths"].items() for method in item
                          if method in METHODS)
        self.open(family)
        shown = self.browser.driver.execute_script(
            "return [...document.querySelectorAll('.opblock')].map(block => [block.querySelector('.opblock-summary-method')"
            ".textContent.toLowerCase(), block.querySelector('.opblock-summary-path').dataset.path])")
        self.check(f"all operations of {family}", sorted(map(tuple, shown)), expected)
        self.settle(f"docs/ui/{family}")

    def authorize(self, token, scheme=""):
        """Fills in a security scheme of the document, or its only one."""
        self.browser.press(self.browser.wait("button.authorize"))
        self.browser.wait(".auth-container input")
        frame = next(frame for frame in self.browser.find_all(".auth-container") if scheme in frame.text)
        frame.find_element(By.CSS_SELECTOR, "input").send_keys(token)
        self.browser.press(frame.find_element(By.CSS_SELECTOR, ".auth-btn-wrapper .authorize"))
        self.browser.press(self.browser.wait(".auth-btn-wrapper .btn-done"))

    def try_out(self, method, path, body=None):
        """The status and the text that Swagger UI shows for an operation."""
        place = f'.opblock-summary-path[data-path="{path}"]'
        block = next(block for block in self.browser.find_all(f".opblock-{method}") if block.find_elements(By.CSS_SELECTOR, place))
        self.browser.press(block.find_element(By.CSS_SELECTOR, ".opblock-summary-control"))
        find = lambda selector: WebDriverWait(self.browser.driver, 30).until(
            lambda _: block.find_elements(By.CSS_SELECTOR, selector))[0]
        if body is not None:
            field = find("textarea.body-param__text")
            field.clear()
            field.send_keys(json.dumps(body, ensure_ascii=False))
        execute = find("button.execute")
        self.browser.resolved(path, method)
        self.browser.press(execute)
        status = find(".live-responses-table tbody .response-col_status").text.split()[0]
        return status, find(".live-responses-table tbody .highlight-code").text

    def try_all(self):
        """Sends a request of each document, with credentials where it needs them."""
        post = lambda path, body: send(self.base_url + path, json.dumps(body).encode())
        self.open("jobboard")
        status, text = self.try_out("post", "/jobs/list", {"page_num": 1, "page_size": 1})
        self.check("POST /jobs/list can be tried out", (status, '"total"' in text), ("200", True))
        self.settle("docs/ui/jobboard tried")
        _, headers = post("/wechat/user/login", {"login_code": self.demo["jobboard"]["user_code"]})
        self.authorize(headers["x-auth-token"])
        status, text = self.try_out("get", "/user/info")
        self.check("GET /user/info with Authorization", (status, "小周" in text), ("200", True))
        self.open("signing")
        login, _ = post("/weixin/login", {"code": "test"})
        self.authorize(login["data"]["session_token"])
        status, text = self.try_out("get", "/companies")
        self.check("GET /companies with X-auth-token", (status, "成都彩程软件设计有限公司" in text), ("200", True))
        self.open("channel")
        token, _ = post("/api/v1/auth/token", {**self.demo["channel"][0], "grant_type": "client_credentials"})
        self.authorize(token["data"]["access_token"])
        status, text = self.try_out("get", "/api/v1/tasks")
        self.check("GET /api/v1/tasks with a bearer", (status, '"success"' in text), ("200", True))
        self.open("hris")
        self.authorize("unknown", "access_token")
        status, text = self.try_out("get", "/api/v2/departments")
        self.check("GET /api/v2/departments with a wrong access_token", (status, '"access_token is invalid"' in text), ("401", True))


def send(url, body):
    """The decoded body and the headers."""
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response), response.headers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("demo", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    demo = json.loads(arguments.demo.read_text(encoding="utf-8"))
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    for name, phone, dark in [("desktop", False, False), ("phone", True, False), ("dark", False, True)]:
        look = Look(demo, name, Browser(phone, dark), arguments.screenshots)
        try:
            look.pages()
            look.search()
            for family in FAMILIES:
                look.operations(family)
            if name == "desktop":
                look.languages()
                look.try_all()
        finally:
            look.browser.close()
    print(f"{Look.passed} passed, {Look.failed} failed")
    sys.exit(1 if Look.failed else 0)


main()
