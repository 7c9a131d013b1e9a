"""A real Chromium, as the scripts beside this one use it."""

import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By

DESKTOP = (1280, 900)
PHONE = {"width": 390, "height": 844, "pixelRatio": 2, "mobile": True, "touch": True}
# What else it would ask of others in the background fails on a machine without network, and is no business of a test.
SWITCHES = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--lang=zh-CN",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--window-size={DESKTOP[0]},{DESKTOP[1]}"]


class Chromium:
    """One with an empty profile, as a phone or on a desktop. `logs` are what can be read of it, beside its console."""

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
