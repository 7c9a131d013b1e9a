//! Every status and code of the family (docs/contract/jobboard.txt, 响应体).

use axum::http::StatusCode;
use lambda::openapi::ErrorCode;
use lambda::openapi::When::{Always, Body, Input, Of, Path, Proof, Unserved};
use serde_json::{Value, json};

/// The operations on one job of the user.
const OWNED: &[&str] = &["update_job", "close_job", "refresh_job", "top_job", "pay_refresh"];

pub const ERROR_CODES: &[ErrorCode] = &[
    ErrorCode {
        status: 400,
        code: 400,
        when: &[Input],
        meaning: "参数错误：data 逐项写出字段与原因；文字没有通过内容审核；直传的图片没有通过检查；职位已关闭时刷新或置顶；联系自己的职位；超过每人限购的次数",
        sample: "positions: is required; contact: must be a phone number",
    },
    ErrorCode {
        status: 400,
        code: 1002,
        when: &[Of(&["spend_voucher"])],
        meaning: "联系券不足",
        sample: "not enough contact vouchers",
    },
    ErrorCode {
        status: 400,
        code: 1003,
        when: &[Of(&["top_job", "pay_refresh", "buy_vouchers"])],
        meaning: "价格不符：价格以服务端为准，没有这样的时长或数量、不在售卖期内时也是它",
        sample: "price does not match",
    },
    ErrorCode {
        status: 401,
        code: 401,
        when: &[Proof, Of(&["log_in", "register", "list_jobs", "get_job"])],
        meaning: "没有 token、token 无效，或请求头 user_id 与 token 不是同一人；login_code 不正确或已用过",
        sample: "login required",
    },
    ErrorCode {
        status: 403,
        code: 403,
        when: &[Of(OWNED), Of(&["log_in", "register"])],
        meaning: "职位不是自己发布的；该微信用户被微信封禁，或被平台封禁",
        sample: "job_id: is somebody else's", // words:ignore: a text of the API
    },
    ErrorCode {
        status: 404,
        code: 404,
        when: &[
            Path,
            Of(OWNED),
            Of(&["log_in", "get_job", "collect_job", "report_job", "spend_voucher", "get_order_status", "create_job"]),
        ],
        meaning: "尚未注册；职位、订单、图片或路径不存在",
        sample: "user not found",
    },
    ErrorCode {
        status: 405,
        code: 405,
        when: &[Unserved],
        meaning: "该路径不支持这个请求方法",
        sample: "method is not allowed here",
    },
    ErrorCode {
        status: 409,
        code: 409,
        when: &[Of(&["create_job", "spend_voucher", "buy_vouchers", "top_job", "pay_refresh", "collect_job"])],
        meaning: "同一个 Idempotency-Key 之下是另一个请求；或与已有的数据矛盾",
        sample: "Idempotency-Key: was sent with another request",
    },
    ErrorCode {
        status: 413,
        code: 413,
        when: &[Body],
        meaning: "图片超过 4.5 MB：改用 /img/upload/presign",
        sample: "the body is too large",
    },
    ErrorCode {
        status: 429,
        code: 429,
        when: &[Always],
        meaning: "太频繁：今天已经免费刷新过，发布、下单、上传、收藏或联系达到每天的上限，或微信繁忙；见 Retry-After",
        sample: "try again later",
    },
    ErrorCode {
        status: 500, code: 500, when: &[Always], meaning: "服务端错误，请稍后再试", sample: "try again later"
    },
];

/// The body of an example.
pub fn error_body(error: &ErrorCode) -> Value {
    let phrase = StatusCode::from_u16(error.status).ok().and_then(|status| status.canonical_reason());
    json!({"code": error.code, "message": phrase, "data": error.sample})
}
