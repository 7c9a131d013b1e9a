//! Every status and code of the family, in the words of the API document where it has any (docs/contract/channel.txt, 错误码).

use lambda::openapi::ErrorCode;
use lambda::openapi::When::{Always, Body, Input, Of, Path, Proof, Unserved};
use serde_json::{Value, json};
use shared::error::Fault;

const WRITES: &[&str] = &[
    "create_user",
    "update_user",
    "create_company",
    "update_company",
    "create_task",
    "update_task",
    "create_application",
    "update_application",
    "create_payment",
    "update_payment",
];

pub const ERROR_CODES: &[ErrorCode] = &[
    ErrorCode {
        status: 400,
        code: 1001,
        when: &[Input],
        meaning: "参数错误：缺少字段、格式不对或取值未知。data.errors 一次列出所有出错的字段（JSON 路径）和原因",
        sample: "phone: is required",
    },
    ErrorCode {
        status: 401,
        code: 1002,
        when: &[Proof, Of(&["create_token"])],
        meaning: "认证失败：没有 Authorization，或不是 Bearer 格式；换取 Token 时 appkey 或 secret 不正确",
        sample: "",
    },
    ErrorCode {
        status: 401,
        code: 1003,
        when: &[Proof, Of(&["refresh_token"])],
        meaning: "Token 过期或无效；刷新令牌过期、用过或不存在",
        sample: "",
    },
    ErrorCode {
        status: 403,
        code: 1004,
        when: &[Proof, Of(&["create_token", "refresh_token"])],
        meaning: "权限不足：渠道已停用",
        sample: "",
    },
    ErrorCode {
        status: 404,
        code: 1001,
        when: &[Path, Of(WRITES)],
        meaning: "记录不存在，或属于其他渠道；所引用的企业、用户、任务、投递不存在；路径不存在",
        sample: "channel_company_id: does not exist",
    },
    ErrorCode {
        status: 405,
        code: 1001,
        when: &[Unserved],
        meaning: "该路径不支持这个请求方法",
        sample: "method: is not allowed here",
    },
    ErrorCode {
        status: 409,
        code: 1001,
        when: &[Of(WRITES)],
        meaning: "同一标识已有不同的内容；或当前状态不允许这样变更",
        sample: "channel_user_id: exists with different content",
    },
    ErrorCode { status: 413, code: 1001, when: &[Body], meaning: "请求体超过 1 MiB", sample: "$: is larger than 1 MiB" },
    ErrorCode {
        status: 429, code: 1001, when: &[Always], meaning: "请求太频繁，请在 Retry-After 秒之后再试", sample: ""
    },
    ErrorCode {
        status: 500, code: 5001, when: &[Always], meaning: "服务器内部错误：稍后用同样的内容重试", sample: ""
    },
];

/// The body of an example.
pub fn error_body(error: &ErrorCode) -> Value {
    let message = match error.code {
        1002 => "认证失败",
        1003 => "Token 过期或无效",
        1004 => "权限不足",
        5001 => "服务器内部错误",
        _ => "参数错误",
    };
    let data = match error.sample.split_once(": ") {
        Some((field, reason)) => {
            let fault = Fault::new(field, reason.to_owned());
            json!({"errors": [{"field": field, "reason": reason, "reason_code": fault.code().as_str()}]})
        }
        None => json!({}),
    };
    json!({"code": error.code, "message": message, "data": data})
}
