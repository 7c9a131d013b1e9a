//! What the codes of Aliyun mean (help.aliyun.com, document 101346, 国内消息API错误码, and the codes that all of its APIs have).

use crate::outbound::sms::{Meaning, Until};

/// `message` says which limit of a phone it is.
pub fn meaning(code: &str, message: &str) -> Meaning {
    match code {
        "OK" => Meaning::Accepted,
        // 触发分钟级流控Permits:1, 触发小时级流控Permits:5, 触发天级流控Permits:10, 触发号码天级流控Permits:40
        "isv.BUSINESS_LIMIT_CONTROL" if message.contains("天级") => Meaning::Limited(Until::Midnight),
        "isv.BUSINESS_LIMIT_CONTROL" if message.contains("小时级") => Meaning::Limited(Until::Seconds(3600)),
        "isv.BUSINESS_LIMIT_CONTROL" => Meaning::Limited(Until::Seconds(60)),
        // What the operator allows for a day and a month.
        "isv.DAY_LIMIT_CONTROL" | "isv.MONTH_LIMIT_CONTROL" => Meaning::Limited(Until::Midnight),
        "Throttling" | "Throttling.User" | "Throttling.Api" => Meaning::Limited(Until::Seconds(1)),
        // The key and its rights.
        "SignatureDoesNotMatch" | "IncompleteSignature" | "MissingAccessKeyId" | "NoPermission" | "isp.RAM_PERMISSION_DENY" => {
            Meaning::Misconfigured
        }
        code if ["InvalidAccessKeyId", "InvalidTimeStamp", "Forbidden"].into_iter().any(|family| is_of(code, family)) => {
            Meaning::Misconfigured
        }
        // The account.
        "isv.OUT_OF_SERVICE"
        | "isv.AMOUNT_NOT_ENOUGH"
        | "isv.PRODUCT_UN_SUBSCRIPT"
        | "isv.PRODUCT_UNSUBSCRIBE"
        | "isv.ACCOUNT_NOT_EXISTS"
        | "isv.ACCOUNT_ABNORMAL"
        | "isv.SECURITY_FROZEN_ACCOUNT" => Meaning::Misconfigured,
        // The signature.
        "isv.SMS_SIGNATURE_ILLEGAL"
        | "isv.SMS_SIGN_ILLEGAL"
        | "isv.SIGN_NAME_ILLEGAL"
        | "isv.SIGN_STATE_ILLEGAL"
        | "isv.SIGN_SOURCE_ILLEGAL"
        | "isv.SMS_SIGNATURE_SCENE_ILLEGAL"
        | "PORT_NOT_REGISTERED" => Meaning::Misconfigured,
        // The template.
        "isv.SMS_TEMPLATE_ILLEGAL" | "isv.TEMPLATE_MISSING_PARAMETERS" | "isv.DOMESTIC_NUMBER_NOT_SUPPORTED" => {
            Meaning::Misconfigured
        }
        // The function runs outside of the mainland.
        "isv.DENY_IP_RANGE" => Meaning::Misconfigured,
        _ => Meaning::Failed,
    }
}

/// Whether the code is `family` or one of its codes, `family.Inactive`.
fn is_of(code: &str, family: &str) -> bool {
    code.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 国内消息API错误码 (help.aliyun.com, document 101346), as far as SendSms answers them, with the messages that say which limit
    /// it is; below, 公共错误码 of Aliyun's APIs.
    #[test]
    fn each_documented_code_has_its_meaning() {
        let second = Meaning::Limited(Until::Seconds(1));
        for (code, message, expected) in [
            ("OK", "OK", Meaning::Accepted),
            ("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", Meaning::Limited(Until::Seconds(60))),
            ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", Meaning::Limited(Until::Seconds(3600))),
            ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", Meaning::Limited(Until::Midnight)),
            ("isv.BUSINESS_LIMIT_CONTROL", "触发号码天级流控Permits:40", Meaning::Limited(Until::Midnight)),
            ("isv.BUSINESS_LIMIT_CONTROL", "", Meaning::Limited(Until::Seconds(60))),
            ("isv.DAY_LIMIT_CONTROL", "触发日发送限额", Meaning::Limited(Until::Midnight)),
            ("isv.MONTH_LIMIT_CONTROL", "触发月发送限额", Meaning::Limited(Until::Midnight)),
            ("isv.SMS_SIGNATURE_SCENE_ILLEGAL", "签名和模板类型不一致", Meaning::Misconfigured),
            ("isv.SIGN_STATE_ILLEGAL", "签名状态为“不可用”", Meaning::Misconfigured),
            ("isv.SIGN_SOURCE_ILLEGAL", "签名来源不支持", Meaning::Misconfigured),
            ("isv.SMS_SIGN_ILLEGAL", "签名禁止使用", Meaning::Misconfigured),
            ("isv.SIGN_NAME_ILLEGAL", "签名名称不符合规范", Meaning::Misconfigured),
            ("isv.SMS_SIGNATURE_ILLEGAL", "该账号下找不到对应签名", Meaning::Misconfigured),
            ("isv.SMS_TEMPLATE_ILLEGAL", "该账号下找不到对应模板", Meaning::Misconfigured),
            ("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量中存在未赋值变量", Meaning::Misconfigured),
            ("isv.DOMESTIC_NUMBER_NOT_SUPPORTED", "国际/港澳台消息模板不支持发送境内号码", Meaning::Misconfigured),
            ("isv.DENY_IP_RANGE", "源IP地址所在的地区被禁用", Meaning::Misconfigured),
            ("isp.RAM_PERMISSION_DENY", "RAM权限不足", Meaning::Misconfigured),
            ("isv.OUT_OF_SERVICE", "业务停机", Meaning::Misconfigured),
            ("isv.AMOUNT_NOT_ENOUGH", "账户余额不足", Meaning::Misconfigured),
            ("isv.PRODUCT_UN_SUBSCRIPT", "未开通云通信产品的阿里云客户", Meaning::Misconfigured),
            ("isv.PRODUCT_UNSUBSCRIBE", "产品未开通", Meaning::Misconfigured),
            ("isv.ACCOUNT_NOT_EXISTS", "账户不存在", Meaning::Misconfigured),
            ("isv.ACCOUNT_ABNORMAL", "账户异常", Meaning::Misconfigured),
            ("isv.SECURITY_FROZEN_ACCOUNT", "账号被冻结", Meaning::Misconfigured),
            ("PORT_NOT_REGISTERED", "端口未完成实名制报备", Meaning::Misconfigured),
            ("isv.EXTEND_CODE_ERROR", "扩展码使用错误", Meaning::Failed),
            ("isv.SMS_CONTENT_ILLEGAL", "短信内容包含禁止发送内容", Meaning::Failed),
            ("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误", Meaning::Failed),
            ("isv.MOBILE_COUNT_OVER_LIMIT", "手机号码数量超过限制", Meaning::Failed),
            ("isv.INVALID_PARAMETERS", "参数格式不正确", Meaning::Failed),
            ("isv.INVALID_JSON_PARAM", "参数格式错误，不是合法的JSON格式", Meaning::Failed),
            ("isv.PARAM_LENGTH_LIMIT", "参数超过长度限制", Meaning::Failed),
            ("isv.PARAM_NOT_SUPPORT_URL", "变量不支持传入URL", Meaning::Failed),
            ("isv.TEMPLATE_PARAMS_ILLEGAL", "模板变量里包含非法关键字", Meaning::Failed),
            ("isv.BLACK_KEY_CONTROL_LIMIT", "黑名单管控", Meaning::Failed),
            ("isp.SYSTEM_ERROR", "系统错误", Meaning::Failed),
            ("isp.GATEWAY_ERROR", "调用发送应用模块失败", Meaning::Failed),
            ("SignatureDoesNotMatch", "Specified signature is not matched with our calculation.", Meaning::Misconfigured),
            ("IncompleteSignature", "The request signature does not conform to Aliyun standards.", Meaning::Misconfigured),
            ("InvalidAccessKeyId.NotFound", "Specified access key is not found.", Meaning::Misconfigured),
            ("InvalidAccessKeyId.Inactive", "Specified access key is disabled.", Meaning::Misconfigured),
            ("InvalidAccessKeyId", "", Meaning::Misconfigured),
            ("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", Meaning::Misconfigured),
            ("Forbidden", "User not authorized to operate on the specified resource.", Meaning::Misconfigured),
            ("Forbidden.RAM", "User not authorized to operate on the specified resource.", Meaning::Misconfigured),
            ("SignatureNonceUsed", "Specified signature nonce was used already.", Meaning::Failed),
            ("Throttling", "Request was denied due to request throttling.", second),
            ("Throttling.User", "Request was denied due to user flow control.", second),
            ("Throttling.Api", "Request was denied due to api flow control.", second),
            ("InternalError", "The request processing has failed due to some unknown error.", Meaning::Failed),
            ("ServiceUnavailable", "The request has failed due to a temporary failure of the server.", Meaning::Failed),
            ("", "", Meaning::Failed),
            ("Forbiddenness", "no code of Aliyun", Meaning::Failed),
        ] {
            assert_eq!(meaning(code, message), expected, "{code} {message}");
        }
    }
}
