"""Goes through the main journey of each role in the console, in a real Chromium: with scripts and without, by mouse and by keyboard, in light and dark.

Runs after consent.py, which creates the grants that the administrator revokes.

usage: console.py DEMO_JSON [--screenshots FOLDER]
"""

import argparse
import io
import json
import pathlib
import struct
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib

import openpyxl
from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

import staff
from chromium import Chromium

AXE = pathlib.Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JAVASCRIPT_OFF = {"profile.managed_default_content_settings.javascript": 2}
WIDTHS = [390, 1280, 1920]
SESSION = "__Host-console"
TEXTS = pathlib.Path(__file__).parents[2] / "functions" / "ops" / "texts" / "zh-CN.json"
# The pages of records. Those of lists have a title in the texts.
RECORDS = ["application", "job", "user", "order", "reconciliation", "employee", "import-record", "access-key", "app", "record", "member"]
# What links lead to that is no page.
FILES = ("/console/assets/", "/console/import-template/", "/console/import-errors")


class Console:
    """A browser of one member of staff. Prints one line per check, and counts."""

    passed = failed = 0

    # The cookies of each role.
    sessions = {}

    # The pages that were looked at.
    looked = set()

    def __init__(self, demo, role, screenshots, javascript=True):
        self.demo, self.role, self.base_url, self.screenshots = demo, role, demo["base_url"], screenshots
        self.javascript = javascript
        self.browser = Chromium(phone=False, preferences=None if javascript else JAVASCRIPT_OFF)
        self.driver, self.find, self.find_all = self.browser.driver, self.browser.find, self.browser.find_all
        # The tests read pages with a library; the policy of the pages is checked by other tests.
        self.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})

    def check(self, what, found, expected=True):
        holds = found == expected
        Console.passed, Console.failed = Console.passed + holds, Console.failed + (not holds)
        shown = "" if holds else f": {found!r} instead of {expected!r}"
        print(f"{'ok  ' if holds else 'FAIL'} {self.role}: {what}{shown}", flush=True)

    def sign_in(self):
        """Signs in through the API, for the journeys that are not about it."""
        if self.role not in Console.sessions:
            Console.sessions[self.role] = staff.sign_in(self.base_url, self.demo, self.role)
        for name, value in Console.sessions[self.role].items():
            self.driver.execute_cdp_cmd("Network.setCookie", {
                "url": self.base_url, "name": name, "value": value, "secure": True, "httpOnly": True, "path": "/", "sameSite": "Strict"})

    def open(self, page, **query):
        encoded = f"?{urllib.parse.urlencode(query)}" if query else ""
        self.driver.get(f"{self.base_url}/console{page}{encoded}")

    def wait(self, condition, what):
        try:
            return WebDriverWait(self.driver, 20, ignored_exceptions=[WebDriverException]).until(lambda _: condition())
        except WebDriverException:
            self.check(what, False)
            raise

    def see(self, text, within="main"):
        """Waits until a text is on the page."""
        return self.wait(lambda: text in self.find(within).text, f"{text!r} is shown")

    def press(self, label, within="main"):
        """Presses the button or the link with this text, and waits for what follows."""
        page = self.find("html")
        path = f".//*[self::button or self::a][normalize-space(text())='{label}']"
        self.find(within).find_element(By.XPATH, path).click()
        if self.javascript and (within == "main" and not is_gone(page)):
            self.wait(lambda: is_gone(page) or self.find_all("dialog[open] #form"), f"{label!r} leads on")
        elif not self.javascript:
            self.wait(lambda: is_gone(page), f"{label!r} leads on")

    def submit(self):
        """Submits the form in the dialog, or on its own page, and waits for the page after it."""
        page = self.find("html")
        self.find("#form form .submit button").click()
        self.wait(lambda: is_gone(page) or self.find_all("#form .faults, #form .fault, #form dl.result"), "the form is answered")

    def fill(self, name, value):
        field = self.find(f"#form [name='{name}']")
        if field.tag_name == "select":
            Select(field).select_by_index(value)
        elif field.get_attribute("type") == "date":
            self.driver.execute_script("arguments[0].value = arguments[1]", field, value) if self.javascript else field.send_keys(value)
        else:
            field.clear()
            field.send_keys(value)

    def prove(self):
        """Enters a code of the second factor, if the form asks for one. A code is accepted once, so the next step comes first."""
        if self.find_all("#form [name=_code]"):
            self.fill("_code", staff.totp(staff.member(self.demo, self.role)["totp_secret"], time.time() + staff.STEP))

    def axe(self, name):
        """Looks for violations of WCAG 2.2 AA, in light and dark."""
        for scheme in ["light", "dark"]:
            self.emulate(scheme)
            script = AXE.read_text(encoding="utf-8") + """
                ; const done = arguments[arguments.length - 1];
                axe.run(document, {runOnly: arguments[0]}).then((found) => done(
                    [found.passes.length > 5, ...found.violations.map(({id, nodes}) => [id, ...nodes.map(({html}) => html)].join(" "))]));
            """
            self.check(f"{name} has no violations, {scheme}", self.driver.execute_async_script(script, RULES), [True])
        self.emulate("light")

    def emulate(self, scheme):
        features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": name, "value": value} for name, value in features.items()]})

    def look(self, name):
        """Checks the page at three widths: it does not scroll sideways, and has no missing text. Takes screenshots if asked to."""
        if self.javascript:
            Console.looked |= {name, page_of(self.driver.current_url)}
        self.check(f"{name} has all texts", "⟦" in self.driver.page_source, False)
        for width in WIDTHS:
            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            overflow = self.driver.execute_script("return document.documentElement.scrollWidth > document.documentElement.clientWidth")
            self.check(f"{name} fits {width} pixels", overflow, False)
            if self.screenshots:
                self.driver.save_screenshot(str(self.screenshots / f"{name} {width}.png"))
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        if self.javascript:
            self.axe(name)

    def is_quiet(self):
        errors = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE" and " 4" not in entry["message"]]
        self.check("the browser reports no errors", errors, [])


def page_of(address):
    """The name of a page."""
    return urllib.parse.urlsplit(address).path.removeprefix("/console").strip("/") or "home"


def is_gone(page):
    try:
        return page.is_enabled() is None
    except (StaleElementReferenceException, WebDriverException):
        return True


def call(method, url, body=None, headers=None):
    """The decoded answer of a call of an API."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json", **(headers or {})}, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def picture(color):
    """A PNG of one color."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    rows = (b"\0" + bytes(color) * 240) * 150
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 240, 150, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def apply(demo, user, name, phone, id_number):
    """A worker submits an application with photos of both sides of the identity card."""
    base_url, signing = demo["base_url"], demo["signing"]
    code = call("GET", f"{demo['wechat_url']}/simulate/login_code?user={user}")["code"]
    token = {"x-auth-token": call("POST", f"{base_url}/weixin/login", {"code": code})["data"]["session_token"]}

    def upload(color):
        body = b'--b\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n' + picture(color) + b"\r\n--b--\r\n"
        return call("POST", f"{base_url}/image", body, {**token, "content-type": "multipart/form-data; boundary=b"})["data"]["url"]

    resume = {
        "real_name": name, "phone": phone, "id_number": id_number, "nation": "汉族", "marital_sts": 1, "political_sts": 3, "acct_type": 1,
        "province_id": 11, "province_name": "北京市", "city_id": 1101, "city_name": "北京市", "county_id": 110105, "county_name": "朝阳区",
        "addr": "人民路1号", "em_contact_name": "李四", "em_contact_phone": "13800138001", "em_contact_relationship": "配偶",
        "company_id": signing["company_id"], "work_pos": "A岗位", "ad_user_id": signing["handler_id"], "employee_edu": [{"school": "第一中学"}],
        "work_exp": [{"company": "工桥餐饮"}], "id_card_front": upload((200, 60, 60)), "id_card_back": upload((60, 60, 200)),
    }
    call("POST", f"{base_url}/employee", resume, token)
    return call("GET", f"{base_url}/employee", headers=token)["data"]["em_id"]


def invoke(demo, command):
    return call("POST", f"{demo['base_url']}/2015-03-31/functions/ops-admin/invocations", {**command, "by": "clients"})


def pay(demo, phone):
    """A user of the job board buys vouchers. Returns the number of the order."""
    base_url, wechat_url = demo["base_url"], demo["wechat_url"]
    login = call("GET", f"{wechat_url}/simulate/login_code?user=console-{phone}")["code"]
    code = call("GET", f"{wechat_url}/simulate/phone_code?phone={phone}")["code"]
    register = urllib.request.Request(f"{base_url}/wechat/user/register", json.dumps({"login_code": login, "phone_code": code}).encode())
    with urllib.request.urlopen(register, timeout=30) as response:
        token = {"authorization": response.headers["x-auth-token"]}
    price = next(price for price in invoke(demo, {"command": "list_prices"})["prices"] if price["goods"] == "voucher")
    order = {"price": float(price["price"]), "contact_voucher_num": price["quantity"]}
    number = call("POST", f"{base_url}/contact_voucher/buy", order, token)["data"]["order_no"]
    call("POST", f"{wechat_url}/simulate/pay", {"out_trade_no": number})
    return number


def report(demo, job_id):
    """The demo user reports a job."""
    code = json.dumps({"login_code": demo["jobboard"]["user_code"]}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{demo['base_url']}/wechat/user/login", code), timeout=30) as response:
        token = {"authorization": response.headers["x-auth-token"]}
    call("POST", f"{demo['base_url']}/job/report", {"job_id": job_id, "reason": "fee"}, token)


def sign_in_by_hand(console):
    """From the first page to the home page: phone, text message, second factor."""
    member = staff.member(console.demo, console.role)
    console.open("/orders")
    console.see("登录", "body")
    console.look("sign-in")
    console.find("#phone").send_keys(member["phone"])
    page = console.find("html")
    console.find("button").click()
    console.wait(lambda: is_gone(page) and console.find("#code"), "the code is asked for")
    console.find("#code").send_keys("000000", Keys.ENTER)
    console.see("不正确或已过期", "[role=alert]")
    console.find("#code").send_keys(staff.text_message_code(console.demo, member["phone"]), Keys.ENTER)
    console.see("动态验证码", "h1")
    console.find("#code").send_keys(staff.totp(member["totp_secret"]), Keys.ENTER)
    console.see("订单", "h1")
    console.check("the page that was asked for is shown", urllib.parse.urlsplit(console.driver.current_url).path, "/console/orders")


def finance(console):
    """Finds a payment by the user's phone and refunds it."""
    number = pay(console.demo, "13911112222")
    sign_in_by_hand(console)
    console.look("orders")
    console.check("the newest order comes first", console.find("th[aria-sort]").get_attribute("aria-sort"), "descending")
    console.press("创建时间")
    console.check("the oldest order comes first", console.find("th[aria-sort]").get_attribute("aria-sort"), "ascending")
    console.check("the direction is in the address", "order=ascending" in console.driver.current_url)
    console.open("/users")
    console.look("users")
    console.find("[name=phone]").send_keys("13911112222")
    console.press("精确查找", "details.find form .submit")
    console.see("139****2222")
    console.check("no phone is in the address", "13911112222" in console.driver.current_url, False)
    console.find("tbody td a").click()
    console.see(number)
    console.look("user")
    console.find("main").find_element(By.LINK_TEXT, number).click()
    console.see("微信通知")
    console.look("order")
    console.press("退款")
    console.check("the form names the order", console.find("#form h1").text, f"退款：{number}")
    console.fill("reason", "用户申请")
    console.prove()
    console.submit()
    console.see("已完成：退款")
    console.see("退款中")
    console.press("向微信查询")
    console.submit()
    console.see("已完成：向微信查询")
    console.see("已退款")
    console.see("用户申请")


def reviewer(console):
    """Approves an application with photos, and rejects several at the same time."""
    demo = console.demo
    em_id = apply(demo, "console-1", "周小敏", "13911113333", "110101199003070030")
    for number, id_number in [(2, "110101199003070110"), (3, "110101199003070291")]:
        apply(demo, f"console-{number}", f"测试{number}", f"1391111444{number}", id_number)
    console.sign_in()
    console.open("")
    console.see("待审核的签约申请")
    console.look("home")
    console.open("/applications")
    console.look("applications")
    Select(console.find("[name=status]")).select_by_value("1")
    console.wait(lambda: "status=1" in console.driver.current_url, "the filter is in the address")
    console.see(str(em_id))
    console.find("main").find_element(By.LINK_TEXT, str(em_id)).click()
    console.see("周小敏", "h1")
    loaded = "return [...document.querySelectorAll('.photo img')].map((image) => image.complete && image.naturalWidth)"
    console.wait(lambda: console.driver.execute_script(loaded) == [240, 240], "both photos are shown")
    console.find("[data-rotate]").click()
    console.check("a photo turns", console.find(".photo").get_attribute("data-turn"), "90")
    console.look("application")
    console.press("记录实名认证")
    Select(console.find("#form [name=verify_status]")).select_by_value("2")
    console.submit()
    console.see("已完成：记录实名认证")
    console.press("通过申请")
    console.check("the form names the worker", console.find("#form h1").text, "通过申请：周小敏")
    console.axe("the form of an approval")
    console.fill("contract_id", 1)
    console.fill("entry_date", "2026-12-01")
    console.fill("salary", "abc")
    console.fill("work_pos", 1)
    console.submit()
    console.check("a wrong salary is reported", len(console.find_all("#form .fault")), 1)
    console.fill("salary", "5000")
    console.submit()
    console.see("待签约")
    console.see("¥5,000.00")

    console.open("/applications", status=1)
    for box in console.find_all("[form=batch]")[:2]:
        box.click()
    console.press("驳回申请", "#batch")
    console.wait(lambda: console.find_all("dialog[open] #form"), "the form opens")
    console.check("the form says how many", console.find("#form h1").text, "驳回申请：2 条")
    console.find("#form .chip").click()
    console.submit()
    console.see("已完成：驳回申请")


def keyboard(console):
    """Rejects an application with the keyboard alone."""
    apply(console.demo, "console-9", "键盘", "13911119999", "110101199003070372")
    console.sign_in()
    console.open("/applications", status=1)
    body = console.find("body")
    body.send_keys("/")
    console.check("the slash goes to the filters", console.driver.switch_to.active_element.get_attribute("name"), "platform_code")
    console.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    body.send_keys("j")
    console.driver.switch_to.active_element.send_keys("j")
    console.driver.switch_to.active_element.send_keys("k")
    page = console.find("html")
    console.driver.switch_to.active_element.send_keys(Keys.ENTER)
    console.wait(lambda: is_gone(page), "Enter opens the row")
    console.see("驳回申请")
    for _ in range(60):
        console.driver.switch_to.active_element.send_keys(Keys.TAB)
        if console.driver.switch_to.active_element.text == "驳回申请":
            break
    console.driver.switch_to.active_element.send_keys(Keys.ENTER)
    console.wait(lambda: console.find_all("dialog[open] #form"), "the form opens")
    console.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    console.wait(lambda: not console.find_all("dialog[open]"), "Esc closes the form")
    console.check("the focus returns to the button", console.driver.switch_to.active_element.text, "驳回申请")
    console.driver.switch_to.active_element.send_keys(Keys.ENTER)
    console.wait(lambda: console.find_all("dialog[open] #form textarea"), "the form opens again")
    console.driver.switch_to.active_element.send_keys("照片不清晰", Keys.TAB, *[Keys.TAB] * 5, Keys.ENTER)
    console.see("已完成：驳回申请")


def without_script(console):
    """Cancels an application without script."""
    em_id = apply(console.demo, "console-8", "无脚本", "13911118888", "110101199003070452")
    console.sign_in()
    console.open("/application", platform_code=console.demo["signing"]["platform_code"], em_id=em_id)
    console.press("取消申请")
    console.see("取消申请：无脚本", "h1")
    page = console.find("html")
    console.find("#form form .submit button").click()
    console.wait(lambda: is_gone(page), "the form is answered")
    console.see("已取消")
    console.open("/applications")
    page = console.find("html")
    Select(console.find("[name=status]")).select_by_value("5")
    console.find(".filters .submit button").click()
    console.wait(lambda: is_gone(page), "the list is filtered")
    console.see(str(em_id))


def hr(console):
    """Imports 1,000 employees from XLSX, ten of which are faulty, and exports the list."""
    book = openpyxl.Workbook()
    book.active.append(["工号", "姓名", "手机号", "入职日期", "员工ID", "员工状态"])
    for number in range(1000):
        mobile = "123" if number % 100 == 7 else f"137{number:08}"
        book.active.append([f"C{number:05}", f"导入{number}", mobile, "2026-11-01", f"c{number:031x}", "正式"])
    console.sign_in()
    console.open("/imports")
    console.press("导入数据")
    console.look("import")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "员工.xlsx"
        book.save(path)
        Select(console.find("#kind")).select_by_value("employees")
        Select(console.find("[name=company_uuid]")).select_by_value(console.demo["hris"]["company_uuid"])
        console.find("#file").send_keys(str(path))
        console.press("上传")
        console.see("对应字段")
    chosen = [Select(select).first_selected_option.get_attribute("value") for select in console.find_all("[name=column]")]
    console.check("the columns are matched", chosen, ["empno", "name", "mobile", "join_date", "uuid", "status"])
    console.look("matching")
    console.press("检查")
    console.see("检查结果")
    console.check("the faults are shown by cell", [cell.text for cell in console.find_all("tbody td.code")][:2], ["C9", "C109"])
    console.look("a dry run")
    console.press("确认导入")
    console.see("导入结果")
    counts = [count.text for count in console.find_all("dl dd")]
    console.check("all but ten are imported", counts, ["990", "0", "0", "0", "10"])
    with urllib.request.urlopen(errors_link(console), timeout=30) as response:
        rows = list(openpyxl.load_workbook(io.BytesIO(response.read())).active.values)
    console.check("the file has the faulty rows", [row[0] for row in rows[1:]], [f"C{number:05}" for number in range(7, 1000, 100)])
    console.press("查看导入记录")
    console.see("已完成")
    console.see("手机号：")
    console.look("the record of an import")
    console.open("/employees")
    console.press("导出 XLSX")
    console.see("导出完成")
    console.look("export")
    with urllib.request.urlopen(console.find("main a[download]").get_attribute("href"), timeout=30) as response:
        rows = list(openpyxl.load_workbook(io.BytesIO(response.read())).active.values)
    console.check("the export is whole, and masked", (len(rows) > 990, rows[1][1].endswith("*"), "****" in rows[1][2]), (True, True, True))
    console.open("/employees")
    console.press("导出明文")
    console.look("export_whole")
    console.find("[name=reason]").send_keys("线下核对")
    if console.find_all("[name=_code]"):
        console.find("[name=_code]").send_keys(staff.totp(staff.member(console.demo, "hr")["totp_secret"], time.time() + staff.STEP))
    console.press("导出 CSV")
    console.see("导出完成")
    with urllib.request.urlopen(console.find("main a[download]").get_attribute("href"), timeout=30) as response:
        exported = response.read().decode()
    console.check("the export has whole phones after a reason", ("13700000000" in exported, "****" in exported), (True, False))


def errors_link(console):
    """Where the file with the faulty rows is: the page redirects to it."""
    href = console.find("main").find_element(By.LINK_TEXT, "下载错误数据").get_attribute("href")
    session = console.driver.get_cookie(SESSION)["value"]
    opener = urllib.request.build_opener(NoRedirect)
    try:
        opener.open(urllib.request.Request(href, headers={"cookie": f"{SESSION}={session}"}), timeout=30)
    except urllib.error.HTTPError as redirect:
        return redirect.headers["location"]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def moderator(console):
    """Takes a job down, so that the public does not see it, restores it, and closes a report on it."""
    console.sign_in()
    console.open("/jobs")
    console.look("jobs")
    row = console.find("tbody td a")
    job_id = int(row.text)
    row.click()
    console.see(str(job_id))
    console.look("job")
    console.press("下架职位")
    console.find("#form .chip").click()
    console.submit()
    console.see("已下架")
    console.see("虚假招聘")
    console.axe("a message with 撤销")
    console.find(".done button").click()
    console.see("已完成：恢复职位")
    console.see("招聘中")
    console.press("下架职位")
    console.find("#form .chip").click()
    console.submit()
    console.open("/job", job_id=job_id)
    console.press("恢复职位")
    console.submit()
    console.see("招聘中")
    report(console.demo, job_id)
    console.open("")
    console.see("待处理的举报")
    console.open("/reports")
    console.see("收取费用")
    console.look("reports")
    console.find("tbody td a[href*=job]").click()
    console.press("关闭举报")
    console.find("#form .chip").click()
    console.submit()
    console.open("/reports")
    console.see("没有待处理的举报")


def administrator(console):
    """Invites a member, creates and disables a channel, revokes a grant."""
    console.sign_in()
    for page in ["channels", "records", "products", "access-keys", "apps", "platforms", "companies", "handlers", "contracts", "positions",
                 "dictionaries", "requests", "failures", "staff"]:
        console.open(f"/{page}")
        console.look(page)
    console.press("邀请成员")
    console.fill("name", "新成员")
    console.fill("phone", "13911117777")
    console.find("#form [name=roles][value=support]").click()
    console.prove()
    console.submit()
    console.see("已完成：邀请成员")
    console.see("新成员")
    console.open("/channels")
    console.press("新建渠道")
    console.fill("appkey", "console_client")
    console.prove()
    console.submit()
    console.see("密钥只显示这一次", "#form")
    console.axe("a new secret")
    revoke(console)


def revoke(console):
    for app in invoke(console.demo, {"command": "list_oauth_apps"})["apps"]:
        if any(grant["active"] for grant in invoke(console.demo, {"command": "list_grants", "app_id": app["app_id"]})["grants"]):
            break
    console.open("/app", app_id=app["app_id"])
    console.see("授权")
    console.look("app")
    console.open("/grants", app_id=app["app_id"])
    console.look("grants")
    for summary in console.find_all("tbody .drop summary")[:1]:
        summary.click()
    console.press("撤销授权", "tbody .drop")
    console.wait(lambda: console.find_all("dialog[open] #form"), "the form opens")
    console.prove()
    console.submit()
    console.see("已完成：撤销授权")
    grants = invoke(console.demo, {"command": "list_grants", "app_id": app["app_id"]})["grants"]
    console.check("the grant has ended", sum(grant["revoked_at"] is not None for grant in grants) >= 1)


def auditor(console):
    """Finds the audit record of a refund, and cannot change anything."""
    console.sign_in()
    name = staff.member(console.demo, "finance")["name"]
    finance_id = next(member["staff_id"] for member in invoke(console.demo, {"command": "list_staff"})["staff"] if member["name"] == name)
    console.open("/audit", actor=f"staff/{finance_id}")
    console.see("退款")
    console.look("audit")
    for page in ["orders", "jobs", "employees", "departments", "visits", "imports", "prices", "orders-to-review", "reports"]:
        console.open(f"/{page}")
        console.look(page)
        console.check(f"{page} offers no action", console.find_all("main form[data-dialog]"), [])
    console.open("/form/refund_order")
    console.check("a form of another role is rejected", console.find("h1").text, "您的角色不能使用这个功能")
    console.look("a failure")


def rest(console):
    """Looks at every page that links lead to and that no journey before has looked at."""
    console.sign_in()
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 48 * 3600))
    call("POST", f"{console.demo['base_url']}/2015-03-31/functions/jobboard-reconcile/invocations", {"day": day})
    waiting, known = ["/console"], {"home"}
    while waiting:
        address = waiting.pop()
        console.driver.get(f"{console.base_url}{address}")
        if page_of(address) not in Console.looked:
            console.look(page_of(address))
        links = "return [...document.querySelectorAll('a[href^=\"/console\"]')].map((link) => link.getAttribute('href'))"
        for link in console.driver.execute_script(links):
            if page_of(link) not in known and not link.startswith(FILES):
                known.add(page_of(link))
                waiting.append(link)
            if page_of(link) == "user":
                user = urllib.parse.urlsplit(link).query
    # No link leads to lists that are empty, as these of the demo user are.
    for page in ("contacts", "pictures"):
        if page not in Console.looked:
            console.open(f"/{page}?{user}")
            console.look(page)


# Each member signs in once: a phone gets one text message a minute, so the reviewers of the last journeys use the session of the first.
JOURNEYS = [("finance", finance, True), ("reviewer", reviewer, True), ("hr", hr, True), ("moderator", moderator, True),
            ("admin", administrator, True), ("auditor", auditor, True), ("auditor", rest, True), ("admin", rest, True), ("reviewer", keyboard, True),
            ("reviewer", without_script, False)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("demo", type=pathlib.Path)
    parser.add_argument("--screenshots", type=pathlib.Path)
    arguments = parser.parse_args()
    demo = json.loads(arguments.demo.read_text(encoding="utf-8"))
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
    for role, journey, javascript in JOURNEYS:
        console = Console(demo, role, arguments.screenshots, javascript)
        try:
            journey(console)
            console.is_quiet()
        except WebDriverException as error:
            console.check(f"{journey.__name__} goes to its end", str(error).splitlines()[0])
        finally:
            console.browser.close()
    pages = set(json.loads(TEXTS.read_text(encoding="utf-8"))["page"]) | set(RECORDS)
    console.check("every page was looked at, in light and dark", sorted(pages - Console.looked), [])
    print(f"{Console.passed} passed, {Console.failed} failed")
    sys.exit(1 if Console.failed else 0)


if __name__ == "__main__":
    main()
