//! Every status of the family. The API document names none but 0.

use lambda::openapi::ErrorCode;
use lambda::openapi::When::{Always, Body, Input, Of, Path, Proof, Unserved};
use serde_json::{Value, json};

pub const ERROR_CODES: &[ErrorCode] = &[
    ErrorCode {
        status: 400,
        code: 400,
        when: &[Input],
        meaning: "内容不正确：msg 说明哪些项没有填或填错；图形验证码、短信验证码不正确或已失效",
        sample: "请填写姓名",
    },
    ErrorCode {
        status: 401,
        code: 401,
        when: &[Proof, Of(&["log_in"])],
        meaning: "没有登录或会话已结束；微信登录凭证 code 已失效",
        sample: "请先登录",
    },
    ErrorCode {
        status: 403,
        code: 403,
        when: &[Always],
        meaning: "平台不存在或已停用；微信账号暂时无法登录",
        sample: "平台不存在或已停用",
    },
    ErrorCode {
        status: 404,
        code: 404,
        when: &[Path, Of(&["update_employee"])],
        meaning: "还没有提交过简历；图片或接口不存在",
        sample: "还没有提交过简历",
    },
    ErrorCode {
        status: 405, code: 405, when: &[Unserved], meaning: "不支持该请求方法", sample: "不支持该请求方法"
    },
    ErrorCode {
        status: 409,
        code: 409,
        when: &[Of(&["create_employee", "update_employee"])],
        meaning: "当前状态不允许：重复提交，或待签约、已签约时修改简历",
        sample: "简历已提交，请勿重复提交",
    },
    ErrorCode {
        status: 413,
        code: 413,
        when: &[Body],
        meaning: "内容太大：图片不能超过 4.5 MB",
        sample: "内容太大，图片不能超过 4.5 MB",
    },
    ErrorCode {
        status: 429,
        code: 429,
        when: &[Always],
        meaning: "操作太频繁：短信、微信登录请在 Retry-After 秒之后再试",
        sample: "操作太频繁，请稍后再试",
    },
    ErrorCode {
        status: 500, code: 500, when: &[Always], meaning: "系统繁忙，请稍后再试", sample: "系统繁忙，请稍后再试"
    },
];

/// The body of an example.
pub fn error_body(error: &ErrorCode) -> Value {
    json!({"status": error.status, "msg": error.sample, "data": null})
}
