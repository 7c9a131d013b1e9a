//! The sign-in by the pages, without script.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use shared::runtime::clock::Clock as _;

use super::office::{foreign, seen};
use super::walk::strangers::secret_of;
use crate::support::Stage;
use crate::support::pages::Page;
use crate::support::staff::{Browser, SESSION, SIGN_IN, Staff, VISITOR};

const PHONE: &str = "/console/sign-in";
const CODE: &str = "/console/sign-in/code";
const FACTOR: &str = "/console/sign-in/totp";

struct Visit<'a> {
    stage: &'a Stage,
    staff: &'a Staff,
}

impl Visit<'_> {
    fn browser(&self) -> &Browser {
        &self.staff.browser
    }

    /// The page that asks for the code of the text message.
    async fn asked(&self, next: &str) -> Page {
        let page = self.browser().open(&format!("/console/sign-in?next={next}")).await;
        assert_eq!(seen(&page), (200, "登录".into()));
        self.browser().submit(&page.form(PHONE).fill("phone", &self.staff.phone)).await
    }

    /// The page that asks for the second factor.
    async fn checked(&self, next: &str) -> Page {
        let page = self.asked(next).await;
        assert_eq!(seen(&page), (200, "短信验证码".into()));
        let code = self.stage.address.code(&self.staff.phone).await;
        self.browser().submit(&page.form(CODE).fill("code", &format!(" {code} "))).await
    }

    /// Ends the session and lets the time pass until the phone may get another message.
    async fn leave(&self) {
        let page = self.browser().open("/console").await;
        self.browser().submit(&page.form("/console/sign-out")).await;
        self.stage.clock.advance(SignedDuration::from_mins(2));
    }
}

#[tokio::test]
async fn a_member_signs_in_sets_up_the_second_factor_and_gets_recovery_codes_once() {
    let stage = Stage::open().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    let visit = Visit { stage: &stage, staff: &staff };
    let (browser, target) = (&staff.browser, "/console/users?user_id=7");
    let sent_away = browser.open(target).await;
    assert_eq!(
        (sent_away.address.as_str(), sent_away.title().as_str()),
        ("/console/sign-in?next=%2Fconsole%2Fusers%3Fuser_id%3D7", "登录")
    );
    assert!(!sent_away.html.contains("<script"), "no script at all");

    let page = visit.checked("%2Fconsole%2Fusers%3Fuser_id%3D7").await;
    assert_eq!(seen(&page), (200, "首次登录：设置第二重验证".into()));
    assert!(page.html.contains("<svg"), "the QR code");
    let secret = secret_of(&page);
    assert_eq!(secret.len(), 32);
    staff.set_up_with(&secret);
    assert_eq!(browser.open("/console").await.title(), "登录", "the second factor is missing");
    assert!(browser.cookie(SIGN_IN).is_some() && browser.cookie(SESSION).is_none());

    let form = page.form(FACTOR).fill("code", &staff.totp(stage.clock.now()));
    let page = browser.submit(&form).await;
    assert_eq!(seen(&page), (200, "请保存恢复码".into()));
    let codes = page.texts("code");
    assert!(codes.len() == 10 && codes.iter().all(|code| code.len() == 19), "{codes:?}");
    assert!(page.addresses().contains(&("href", target.to_owned())), "{}", page.html);
    assert!(browser.cookie(SIGN_IN).is_none() && browser.cookie(SESSION).is_some());
    // The form again, as the button back does: the codes are not shown a second time.
    let again = browser.submit(&form).await;
    assert!(!codes.iter().any(|code| again.html.contains(code.as_str())), "{}", again.text());
    assert_eq!(again.title(), "登录", "{}", again.text());
    let page = browser.open(target).await;
    assert_eq!((page.status, page.title().as_str()), (200, "用户"));
    assert!(page.text().contains("张三 客服"), "{}", page.text());

    // Later, a code of the app or a recovery code leads straight to the page.
    visit.leave().await;
    let page = visit.checked("%2Fconsole%2Forders").await;
    assert_eq!(seen(&page), (200, "动态验证码".into()));
    assert_eq!(page.texts("code"), Vec::<String>::new(), "no secret is shown again");
    let done = browser.post_form(&page.form(FACTOR).fill("code", &staff.totp(stage.clock.now()))).await;
    assert_eq!((done.status, done.location()), (303, Some("/console/orders")));
    visit.leave().await;
    let page = visit.checked("").await;
    let done = browser.submit(&page.form(FACTOR).fill("code", &codes[3])).await;
    assert_eq!((done.status, done.address.as_str()), (200, "/console"));
}

#[tokio::test]
async fn a_wrong_code_says_so_on_the_same_step_and_an_old_sign_in_begins_again() {
    let stage = Stage::open().await;
    let staff = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    let visit = Visit { stage: &stage, staff: &staff };
    let browser = &staff.browser;
    let fault = |page: &Page| (page.status, page.title(), page.faults());
    let wrong = |title: &str, fault: &str| (400, title.to_owned(), vec![fault.to_owned()]);
    visit.leave().await;

    let start = browser.open("/console/sign-in").await.form(PHONE);
    for phone in ["", "1", "138001380000000", "x"] {
        let page = browser.submit(&start.clone().fill("phone", phone)).await;
        assert_eq!((page.status, page.title().as_str(), page.faults().len()), (400, "登录", 1), "{phone}: {}", page.text());
        assert_eq!(page.form(PHONE).value("phone"), Some(phone), "what was entered stays");
    }
    let page = visit.asked("%2Fconsole%2Forders").await;
    let code = stage.address.code(&staff.phone).await;
    let other = if code == "000000" { "000001" } else { "000000" };
    let retry = browser.submit(&page.form(CODE).fill("code", other)).await;
    assert_eq!(fault(&retry), wrong("短信验证码", "验证码：不正确或已过期"));
    let page = browser.submit(&retry.form(CODE).fill("code", &code)).await;
    assert_eq!(page.title(), "动态验证码");
    let retry = browser.submit(&page.form(FACTOR).fill("code", "000000")).await;
    assert_eq!(fault(&retry), wrong("动态验证码", "验证码：不正确，或已使用过"));
    for code in ["", &"1".repeat(33)] {
        let page = browser.submit(&page.form(FACTOR).fill("code", code)).await;
        assert_eq!((page.status, page.title().as_str(), page.faults().len()), (400, "动态验证码", 1), "{}", page.text());
    }
    assert_eq!(retry.form(FACTOR).value("next"), Some("/console/orders"), "the way stays");

    // Ten minutes later it begins again, and the code of the app is not used up.
    stage.clock.advance(SignedDuration::from_mins(10));
    let totp = staff.totp(stage.clock.now());
    let expired = browser.submit(&retry.form(FACTOR).fill("code", &totp)).await;
    assert_eq!(fault(&expired), (401, "登录".into(), vec!["登录已失效，请重新登录".into()]));
    assert_eq!(expired.form(PHONE).value("next"), Some("/console/orders"), "the way stays");
    let page = visit.checked("%2Fconsole%2Forders").await;
    let done = browser.post_form(&page.form(FACTOR).fill("code", &totp)).await;
    assert_eq!((done.status, done.location()), (303, Some("/console/orders")));
    // A step that is opened by its address begins the sign-in.
    for step in [CODE, FACTOR] {
        assert_eq!(browser.open(step).await.address, "/console/sign-in");
    }
}

#[tokio::test]
async fn the_sign_in_leads_to_no_other_site() {
    let stage = Stage::open().await;
    let staff = Staff::signed_in(&stage.address, &["support"], json!({}), stage.clock.now()).await;
    let visit = Visit { stage: &stage, staff: &staff };
    let away = [
        "//evil.example",
        "https://evil.example",
        "https:evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/console//evil.example",
        "/console/\\evil.example",
        "/evil",
        "javascript:alert(1)",
        "data:text/html,x",
        "/console\r\nlocation: https://evil.example",
        " /console",
        "/console?a= b",
        "/console/职位",
        &format!("/console?{}", "a".repeat(2000)),
    ];
    let start = browser_form(&staff.browser, "/console/sign-in").await;
    for next in away {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        let shown = browser_form(&staff.browser, &format!("/console/sign-in?{query}")).await;
        assert_eq!(shown.value("next"), Some("/console"), "{next}");
        // Neither is it taken over from step to step.
        let page = staff.browser.submit(&start.clone().forge("next", Some(next)).fill("phone", "x")).await;
        assert_eq!(page.form(PHONE).value("next"), Some("/console"), "{next}");
    }
    for next in away.iter().take(3) {
        visit.leave().await;
        let page = visit.checked("").await;
        let form = page.form(FACTOR).fill("code", &staff.totp(stage.clock.now())).forge("next", Some(next));
        let done = staff.browser.post_form(&form).await;
        assert_eq!((done.status, done.location()), (303, Some("/console")), "{next}");
    }
}

async fn browser_form(browser: &Browser, path: &str) -> crate::support::pages::Form {
    browser.open(path).await.form(PHONE)
}

#[tokio::test]
async fn a_form_of_the_sign_in_belongs_to_the_browser_that_got_it() {
    let stage = Stage::open().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    let (browser, victim) = (Browser::at(&stage.address), Browser::at(&stage.address));
    let form = browser.open("/console/sign-in").await.form(PHONE).fill("phone", &staff.phone);
    victim.open("/console/sign-in").await;
    assert_ne!(browser.cookie(VISITOR), victim.cookie(VISITOR));
    assert_eq!(seen(&victim.submit(&form).await), foreign(), "an attacker signs a victim in");
    let fresh = Browser::at(&stage.address);
    assert_eq!(seen(&fresh.submit(&form).await), foreign(), "no cookie");
    assert_eq!(seen(&browser.submit(&form.clone().forge("_token", None)).await), foreign());
    for site in ["cross-site", "same-site"] {
        let request = browser.request_to(Method::POST, PHONE).header("sec-fetch-site", site);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.encoded());
        assert_eq!(seen(&browser.page(PHONE, request).await), foreign(), "{site}");
    }
    assert_eq!(stage.address.messages(&staff.phone).await.len(), 0, "no message was sent");
    let sent = browser.submit(&form).await;
    let code = stage.address.code(&staff.phone).await;
    let form = sent.form(CODE).fill("code", &code);
    assert_eq!(seen(&victim.submit(&form).await), foreign());
    let page = browser.submit(&form).await;
    staff.set_up_with(&secret_of(&page));
    let form = page.form(FACTOR).fill("code", &staff.totp(stage.clock.now()));
    assert_eq!(seen(&victim.submit(&form).await), foreign());
    assert_eq!(browser.submit(&form).await.title(), "请保存恢复码");
    // The token of the sign-in is not the one of the session.
    let token = form.value("_token");
    let sign_out = browser.open("/console").await.form("/console/sign-out");
    assert_ne!(sign_out.value("_token"), token);
    assert_eq!(seen(&browser.submit(&sign_out.clone().forge("_token", token)).await), foreign());
    let left = browser.submit(&sign_out).await;
    assert_eq!((left.address.as_str(), browser.cookie(SESSION)), ("/console/sign-in", None));
}

#[tokio::test]
async fn a_stranger_sees_the_same_pages_as_a_member() {
    let stage = Stage::open().await;
    let staff = Staff::create(&stage.address, &["support"], json!({})).await;
    let mut pages = Vec::new();
    for phone in [staff.phone.as_str(), "13800000000"] {
        let browser = Browser::at(&stage.address);
        let start = browser.open("/console/sign-in").await.form(PHONE);
        let asked = browser.submit(&start.fill("phone", phone)).await;
        let wrong = browser.submit(&asked.form(CODE).fill("code", "x")).await;
        pages.push([asked, wrong].map(|page| (page.status, page.text())));
    }
    assert_eq!(pages[0], pages[1]);
}
