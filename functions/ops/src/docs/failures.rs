//! The catalogue of failures: each status and code that a family returns, in the words of the API documents if they have any.

/// One row of the catalogue.
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// The code of the family.
    pub code: u16,
    pub meaning: &'static str,
}

const fn failure(status: u16, code: u16, meaning: &'static str) -> Failure {
    Failure { status, code, meaning }
}

pub static CHANNEL: [Failure; 10] = [
    failure(400, 1001, "参数错误：缺少字段、格式不对或取值未知。data.errors 一次列出所有出错的字段（JSON 路径）和原因"),
    failure(401, 1002, "认证失败：没有 Authorization，或不是 Bearer 格式；换取 Token 时 appkey 或 secret 不正确"),
    failure(401, 1003, "Token 过期或无效；刷新令牌过期、用过或不存在"),
    failure(403, 1004, "权限不足：渠道已停用"),
    failure(404, 1001, "记录不存在，或属于其他渠道；所引用的企业、用户、任务、投递不存在；路径不存在"),
    failure(405, 1001, "该路径不支持这个请求方法"),
    failure(409, 1001, "同一标识已有不同的内容；或当前状态不允许这样变更"),
    failure(413, 1001, "请求体超过 1 MiB"),
    failure(429, 1001, "请求太频繁，请稍后再试"),
    failure(500, 5001, "服务器内部错误：稍后用同样的内容重试"),
];

pub static HRIS: [Failure; 17] = [
    failure(400, 2004, "JSON 格式错误：payload 不是合法的 JSON"),
    failure(401, 1001, "缺少 access_key"),
    failure(401, 1002, "缺少签名"),
    failure(401, 1003, "缺少 tonce"),
    failure(401, 1101, "签名无效"),
    failure(401, 1103, "tonce 无效：不是秒级 UNIX 时间，或与服务器时间相差超过 5 分钟"),
    failure(401, 1104, "没有找到对应的公司：payload 中的 token 不是该公司当前的令牌"),
    failure(401, 1105, "access_key 无效；access_token 无效；app_id 或 app_secret 无效"),
    failure(403, 3001, "没有权限访问该 API：例如用 access_token 写数据"),
    failure(403, 3002, "bind_code 已过期"),
    failure(404, 1102, "不存在的记录；路径不存在"),
    failure(405, 2002, "该路径不支持这个请求方法"),
    failure(409, 2002, "与已有的数据冲突"),
    failure(413, 2002, "请求体超过 1 MiB"),
    failure(422, 2002, "对象验证错误：text 指出每个出错的字段；超过条数、天数或长度限制也在此列"),
    failure(429, 2002, "请求太频繁，请在 Retry-After 秒之后再试"),
    failure(500, 9001, "其他错误：稍后重试"),
];

pub static SIGNING: [Failure; 9] = [
    failure(400, 400, "内容不正确：msg 说明哪些项没有填或填错；图形验证码、短信验证码不正确或已失效"),
    failure(401, 401, "没有登录或会话已结束；微信登录凭证 code 已失效"),
    failure(403, 403, "平台不存在或已停用；微信账号暂时无法登录"),
    failure(404, 404, "还没有提交过简历；图片或接口不存在"),
    failure(405, 405, "不支持该请求方法"),
    failure(409, 409, "当前状态不允许：重复提交，或待签约、已签约时修改简历"),
    failure(413, 413, "内容太大：图片不能超过 4.5 MB"),
    failure(429, 429, "操作太频繁：短信、微信登录请在 Retry-After 秒之后再试"),
    failure(500, 500, "系统繁忙，请稍后再试"),
];

pub static JOBBOARD: [Failure; 11] = [
    failure(
        400,
        400,
        "参数错误：data 逐项写出字段与原因；直传的图片没有通过检查；职位已关闭时刷新或置顶；联系自己的职位；超过每人限购的次数",
    ),
    failure(400, 1002, "联系券不足"),
    failure(400, 1003, "价格不符：价格以服务端为准，没有这样的时长或数量、不在售卖期内时也是它"),
    failure(401, 401, "没有 token、token 无效，或请求头 user_id 与 token 不是同一人；login_code 不正确或已用过"),
    failure(403, 403, "职位不是自己发布的；该微信用户被微信封禁，或被平台封禁"),
    failure(404, 404, "尚未注册；职位、订单、图片或路径不存在"),
    failure(405, 405, "不支持该请求方法"),
    failure(409, 409, "同一个 Idempotency-Key 之下是另一个请求；或与已有的数据矛盾"),
    failure(413, 413, "图片超过 4.5 MB：改用 /img/upload/presign"),
    failure(429, 429, "太频繁：今天已经免费刷新过，或微信繁忙；见 Retry-After"),
    failure(500, 500, "服务端错误，请稍后再试"),
];
