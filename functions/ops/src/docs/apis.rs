//! The facts about each API that its page shows in addition to the walkthrough.

use std::sync::OnceLock;

use shared::error::{Error, Result};

use super::codes::Failure;
use super::document::Document;

/// One of the four APIs.
pub struct Api {
    /// The name of its folder in `functions/`, which is also the last segment of the paths of its pages.
    pub name: &'static str,
    pub title: &'static str,
    /// A short title for the navigation of a page.
    pub label: &'static str,
    pub purpose: &'static str,
    pub paths: &'static str,
    /// The credentials of a caller.
    pub proof: &'static str,
    pub success: &'static str,
    pub failure: &'static str,
    /// The OpenAPI document, as committed. Generating it would link the code of the handlers.
    pub openapi: &'static str,
    document: OnceLock<Document>,
}

impl Api {
    /// The document, which a process reads once.
    pub fn document(&self) -> Result<&Document> {
        if let Some(document) = self.document.get() {
            return Ok(document);
        }
        let document = Document::read(self.openapi).map_err(Error::internal)?;
        Ok(self.document.get_or_init(|| document))
    }

    /// Every failure, in the order of the statuses.
    pub fn failures(&self) -> Result<&[Failure]> {
        Ok(&self.document()?.failures)
    }
}

pub static APIS: [Api; 4] = [
    Api {
        name: "channel",
        title: "渠道开放接口",
        label: "渠道",
        purpose: "渠道推送灵活用工的用户、企业、任务、投递与付款。",
        paths: "/api/v1/…",
        proof: "appkey 与 secret 换取 Bearer Token",
        success: r#"{"code":0,"message":"success","data":{…}}"#,
        failure: r#"{"code":1001,"message":"参数错误","data":{"errors":[{"field":"phone","reason":"is required","reason_code":"required"}]}}"#,
        openapi: include_str!("../../../../openapi/channel.json"),
        document: OnceLock::new(),
    },
    Api {
        name: "hris",
        title: "人事开放接口",
        label: "人事",
        purpose: "第三方产品读写一家公司的员工、考勤、薪酬与审批。",
        paths: "/api/v2/…",
        proof: "HMAC-SHA256 签名，或员工授权的 access_token",
        success: r#"{"name":"管理组","uuid":"…",…}"#,
        failure: r#"{"code":1101,"text":"signature is invalid"}"#,
        openapi: include_str!("../../../../openapi/hris.json"),
        document: OnceLock::new(),
    },
    Api {
        name: "signing",
        title: "签约小程序接口",
        label: "签约",
        purpose: "工人在微信小程序登录、提交简历、跟进签约。",
        paths: "/weixin/login、/employee …",
        proof: "登录得到的会话，请求头 X-auth-token",
        success: r#"{"status":0,"msg":"","data":{…}}"#,
        failure: r#"{"status":400,"msg":"请填写姓名","data":null}"#,
        openapi: include_str!("../../../../openapi/signing.json"),
        document: OnceLock::new(),
    },
    Api {
        name: "jobboard",
        title: "餐饮招聘小程序接口",
        label: "招聘",
        purpose: "商家发布、置顶、刷新招聘；求职者浏览、收藏、用联系券联系商家。",
        paths: "/wechat/user/…、/jobs/… 等",
        proof: "登录得到的 token，请求头 Authorization",
        success: r#"{"code":0,"message":"ok","data":{…}}"#,
        failure: r#"{"code":404,"message":"Not Found","data":"user not found"}"#,
        openapi: include_str!("../../../../openapi/jobboard.json"),
        document: OnceLock::new(),
    },
];

/// Finds an API by its name.
pub fn api(name: &str) -> Option<&'static Api> {
    APIS.iter().find(|api| api.name == name)
}
