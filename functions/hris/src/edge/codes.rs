//! Every status and code of the family, in the words of the API document where it has any (docs/contract/hris.txt, API 错误代码列表).

use lambda::openapi::ErrorCode;
use lambda::openapi::When::{Always, Body, Input, Of, Path, Proof, Unserved};
use serde_json::{Value, json};

pub const ERROR_CODES: &[ErrorCode] = &[
    ErrorCode {
        status: 400,
        code: 2004,
        when: &[Input],
        meaning: "JSON 格式错误：payload 不是合法的 JSON",
        sample: "payload is not JSON",
    },
    ErrorCode { status: 401, code: 1001, when: &[Proof], meaning: "缺少 access_key", sample: "access_key is missing" },
    ErrorCode { status: 401, code: 1002, when: &[Proof], meaning: "缺少签名", sample: "signature is missing" },
    ErrorCode { status: 401, code: 1003, when: &[Proof], meaning: "缺少 tonce", sample: "tonce is missing" },
    ErrorCode { status: 401, code: 1101, when: &[Proof], meaning: "签名无效", sample: "signature is invalid" },
    ErrorCode {
        status: 401,
        code: 1103,
        when: &[Proof],
        meaning: "tonce 无效：不是秒级 UNIX 时间，或与服务器时间相差超过 5 分钟",
        sample: "tonce must be Unix seconds within 300 of the server's time",
    },
    ErrorCode {
        status: 401,
        code: 1104,
        when: &[Proof],
        meaning: "没有找到对应的公司：payload 中的 token 不是该公司当前的令牌",
        sample: "token is not that of the company",
    },
    ErrorCode {
        status: 401,
        code: 1105,
        when: &[Proof, Of(&["create_token", "revoke_token"])],
        meaning: "access_key 无效；access_token 无效；app_id 或 app_secret 无效",
        sample: "access_key is invalid",
    },
    ErrorCode {
        status: 403,
        code: 3001,
        when: &[Proof],
        meaning: "没有权限访问该 API：例如用 access_token 写数据",
        sample: "access_token opens reads only",
    },
    ErrorCode {
        status: 403,
        code: 3002,
        when: &[Of(&["get_moka_bind", "update_moka_bind"])],
        meaning: "bind_code 已过期",
        sample: "bind_code has expired",
    },
    ErrorCode {
        status: 404,
        code: 1102,
        when: &[
            Path,
            Of(&["store_subject_value", "list_arrangements", "create_moka_unbind"]),
            Of(&["get_webhook", "put_webhook", "delete_webhook"]),
            Of(&["create_webhook_test", "list_webhook_events", "replay_webhook_events"]),
        ],
        meaning: "不存在的记录；路径不存在",
        sample: "employee does not exist",
    },
    ErrorCode {
        status: 405,
        code: 2002,
        when: &[Unserved],
        meaning: "该路径不支持这个请求方法",
        sample: "method is not allowed here",
    },
    ErrorCode {
        status: 409,
        code: 2002,
        when: &[Of(&["put_webhook"])],
        meaning: "与已有的数据冲突",
        sample: "webhook at most 20 of a company",
    },
    ErrorCode { status: 413, code: 2002, when: &[Body], meaning: "请求体超过 1 MiB", sample: "body is larger than 1 MiB" },
    ErrorCode {
        status: 422,
        code: 2002,
        when: &[Input],
        meaning: "对象验证错误：text 指出每个出错的字段；超过条数、天数或长度限制也在此列",
        sample: "empno is required",
    },
    ErrorCode {
        status: 429,
        code: 2002,
        when: &[Always],
        meaning: "请求太频繁，请在 Retry-After 秒之后再试",
        sample: "too many requests: try again later",
    },
    ErrorCode { status: 500, code: 9001, when: &[Always], meaning: "其他错误：稍后重试", sample: "internal error" },
];

/// The body of an example.
pub fn error_body(error: &ErrorCode) -> Value {
    json!({"code": error.code, "text": error.sample})
}
