"""A real Chromium for the other clients."""

import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By

DESKTOP = (1280, 900)
PHONE = {"width": 390, "height": 844, "pixelRatio": 2, "mobile": True, "touch": True}
# Without background requests: they fail on a machine without network, and no test is about them.
SWITCHES = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--lang=zh-CN",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--window-size={DESKTOP[0]},{DESKTOP[1]}"]


class Chromium:
    """A browser with an empty profile, on a phone or a desktop. `logs` are the readable logs besides the console."""

    def __init__(self, phone, logs=(), preferences=None):
        self.profile = tempfile.mkdtemp()
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for switch in [*SWITCHES, f"--user-data-dir={self.profile}"]:
            options.add_argument(switch)
        if phone:
            options.add_experimental_option("mobileEmulation", {"deviceMetrics": PHONE})
        if preferences:
            options.add_experimental_option("prefs", preferences)
        options.set_capability("goog:loggingPrefs", {log: "ALL" for log in ["browser", *logs]})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)
