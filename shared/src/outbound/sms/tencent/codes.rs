//! What the codes of Tencent Cloud mean (cloud.tencent.com/document/api/382/52075, 错误码).

use crate::outbound::sms::{Meaning, Until};

pub fn meaning(code: &str) -> Meaning {
    let (family, detail) = code.split_once('.').unwrap_or((code, ""));
    match (family, detail) {
        ("Ok", "") => Meaning::Accepted,
        ("RequestLimitExceeded", _) => Meaning::Limited(Until::Seconds(1)),
        ("LimitExceeded", "PhoneNumberThirtySecondLimit") => Meaning::Limited(Until::Seconds(30)),
        ("LimitExceeded", "PhoneNumberOneHourLimit") => Meaning::Limited(Until::Seconds(3600)),
        ("LimitExceeded", detail) if detail.ends_with("DailyLimit") => Meaning::Limited(Until::Midnight),
        // The operator blocks the country.
        ("LimitExceeded", "AppCountryOrRegionInBlacklist") => Meaning::Misconfigured,
        // More than 200 phones.
        ("LimitExceeded", "PhoneNumberCountLimit") => Meaning::Failed,
        ("LimitExceeded", _) => Meaning::Limited(Until::Seconds(60)),
        // The key, its rights, the account.
        ("AuthFailure" | "UnauthorizedOperation" | "IpInBlacklist" | "IpNotInWhitelist", _)
        | ("FailedOperation", "InsufficientBalanceInSmsPackage")
        | ("InvalidParameterValue", "SdkAppIdNotExist")
        | ("InvalidParameter", "AppidAndBizId")
        | ("InternalError", "RequestTimeException" | "SigFieldMissing" | "SigVerificationFail") => Meaning::Misconfigured,
        // Signature and template.
        (
            "FailedOperation",
            "SignatureIncorrectOrUnapproved"
            | "MissingSignature"
            | "TemplateIncorrectOrUnapproved"
            | "TemplateUnapprovedOrNotExist"
            | "TemplateIdNotExist"
            | "TemplateParamSetNotMatchApprovedTemplate",
        )
        | ("InvalidParameterValue", "TemplateParameterFormatError" | "TemplateParameterLengthLimit")
        | (
            "UnsupportedOperation",
            "ChineseMainlandTemplateToGlobalPhone"
            | "GlobalTemplateToChineseMainlandPhone"
            | "ContainDomesticAndInternationalPhoneNumber"
            | "UnsuportedRegion",
        ) => Meaning::Misconfigured,
        _ => Meaning::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 错误码 of the product (cloud.tencent.com/document/api/382/52075; TencentCloud/tencentcloud-sdk-go,
    /// tencentcloud/sms/v20210111/errors.go), as far as SendSms answers them, and 公共错误码.
    #[test]
    fn each_documented_code_has_its_meaning() {
        let limited = |seconds| Meaning::Limited(Until::Seconds(seconds));
        let (midnight, misconfigured) = (Meaning::Limited(Until::Midnight), Meaning::Misconfigured);
        for (code, expected) in [
            ("Ok", Meaning::Accepted),
            ("LimitExceeded.PhoneNumberThirtySecondLimit", limited(30)),
            ("LimitExceeded.PhoneNumberOneHourLimit", limited(3600)),
            ("LimitExceeded.PhoneNumberDailyLimit", midnight),
            ("LimitExceeded.PhoneNumberSameContentDailyLimit", midnight),
            ("LimitExceeded.AppDailyLimit", midnight),
            ("LimitExceeded.AppMainlandChinaDailyLimit", midnight),
            ("LimitExceeded.AppGlobalDailyLimit", midnight),
            ("LimitExceeded.AppCountryOrRegionDailyLimit", midnight),
            ("LimitExceeded.DailyLimit", midnight),
            ("LimitExceeded.DeliveryFrequencyLimit", limited(60)),
            ("LimitExceeded", limited(60)),
            ("LimitExceeded.AppCountryOrRegionInBlacklist", misconfigured),
            ("LimitExceeded.PhoneNumberCountLimit", Meaning::Failed),
            ("RequestLimitExceeded", limited(1)),
            ("RequestLimitExceeded.IPLimitExceeded", limited(1)),
            ("RequestLimitExceeded.UinLimitExceeded", limited(1)),
            ("RequestLimitExceeded.GlobalRegionUinLimitExceeded", limited(1)),
            ("AuthFailure.InvalidAuthorization", misconfigured),
            ("AuthFailure.InvalidSecretId", misconfigured),
            ("AuthFailure.MFAFailure", misconfigured),
            ("AuthFailure.SecretIdNotFound", misconfigured),
            ("AuthFailure.SignatureExpire", misconfigured),
            ("AuthFailure.SignatureFailure", misconfigured),
            ("AuthFailure.TokenFailure", misconfigured),
            ("AuthFailure.UnauthorizedOperation", misconfigured),
            ("IpInBlacklist", misconfigured),
            ("IpNotInWhitelist", misconfigured),
            ("UnauthorizedOperation", misconfigured),
            ("UnauthorizedOperation.IndividualUserMarketingSmsPermissionDeny", misconfigured),
            ("UnauthorizedOperation.RequestIpNotInWhitelist", misconfigured),
            ("UnauthorizedOperation.RequestPermissionDeny", misconfigured),
            ("UnauthorizedOperation.SdkAppIdIsDisabled", misconfigured),
            ("UnauthorizedOperation.SerivceSuspendDueToArrears", misconfigured),
            ("UnauthorizedOperation.SmsSdkAppIdVerifyFail", misconfigured),
            ("FailedOperation.InsufficientBalanceInSmsPackage", misconfigured),
            ("FailedOperation.SignatureIncorrectOrUnapproved", misconfigured),
            ("FailedOperation.MissingSignature", misconfigured),
            ("FailedOperation.TemplateIncorrectOrUnapproved", misconfigured),
            ("FailedOperation.TemplateUnapprovedOrNotExist", misconfigured),
            ("FailedOperation.TemplateIdNotExist", misconfigured),
            ("FailedOperation.TemplateParamSetNotMatchApprovedTemplate", misconfigured),
            ("InvalidParameterValue.SdkAppIdNotExist", misconfigured),
            ("InvalidParameterValue.TemplateParameterFormatError", misconfigured),
            ("InvalidParameterValue.TemplateParameterLengthLimit", misconfigured),
            ("InvalidParameter.AppidAndBizId", misconfigured),
            ("InternalError.RequestTimeException", misconfigured),
            ("InternalError.SigFieldMissing", misconfigured),
            ("InternalError.SigVerificationFail", misconfigured),
            ("UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone", misconfigured),
            ("UnsupportedOperation.GlobalTemplateToChineseMainlandPhone", misconfigured),
            ("UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber", misconfigured),
            ("UnsupportedOperation.UnsuportedRegion", misconfigured),
            ("FailedOperation.ContainSensitiveWord", Meaning::Failed),
            ("FailedOperation.FailResolvePacket", Meaning::Failed),
            ("FailedOperation.JsonParseFail", Meaning::Failed),
            ("FailedOperation.OtherError", Meaning::Failed),
            ("FailedOperation.PhoneNumberInBlacklist", Meaning::Failed),
            ("FailedOperation.PhoneNumberParseFail", Meaning::Failed),
            ("InvalidParameterValue.ContentLengthLimit", Meaning::Failed),
            ("InvalidParameterValue.IncorrectPhoneNumber", Meaning::Failed),
            ("InvalidParameterValue.ProhibitedUseUrlInTemplateParameter", Meaning::Failed),
            ("InternalError.OtherError", Meaning::Failed),
            ("InternalError.SendAndRecvFail", Meaning::Failed),
            ("InternalError.Timeout", Meaning::Failed),
            ("InternalError.UnknownError", Meaning::Failed),
            ("InternalError", Meaning::Failed),
            ("MissingParameter.EmptyPhoneNumberSet", Meaning::Failed),
            ("ResourceUnavailable", Meaning::Failed),
            ("ServiceUnavailable", Meaning::Failed),
            ("", Meaning::Failed),
            ("Okay", Meaning::Failed),
        ] {
            assert_eq!(meaning(code), expected, "{code}");
        }
    }
}
