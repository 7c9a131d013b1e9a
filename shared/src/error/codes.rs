//! What can be wrong with a field, as a code for programs.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $meaning:literal;)+) => {
        /// A stable code. The list is closed: a program may decide by it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name),+
        }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            /// The codes as they are sent.
            pub const CODES: &'static [&'static str] = &[$($code),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code),+
                }
            }

            /// In Chinese, for the API pages.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning),+
                }
            }
        }
    };
}

codes! {
    Required = "required", "必填，没有给出";
    Empty = "empty", "不能为空";
    NotFound = "not_found", "不存在";
    UnknownField = "unknown_field", "没有这个字段";
    UnknownValue = "unknown_value", "不是允许的取值";
    TooLong = "too_long", "太长";
    TooShort = "too_short", "太短";
    WrongLength = "wrong_length", "字符数不在允许的范围内";
    WrongCharacters = "wrong_characters", "有不允许的字符";
    OutOfRange = "out_of_range", "不在允许的范围内";
    TooManyDigits = "too_many_digits", "位数太多";
    TooManyDecimals = "too_many_decimals", "小数位太多";
    WrongNumberOfElements = "wrong_number_of_elements", "条数不在允许的范围内";
    Duplicate = "duplicate", "重复";
    NotAString = "not_a_string", "应为文字";
    NotABoolean = "not_a_boolean", "应为 true 或 false";
    NotANumber = "not_a_number", "应为数字";
    NotAnInteger = "not_an_integer", "应为整数";
    NotAnArray = "not_an_array", "应为数组";
    NotAnObject = "not_an_object", "应为对象";
    NotNull = "not_null", "应为 null";
    NotJson = "not_json", "不是有效的 JSON";
    Unreadable = "unreadable", "内容不完整，或编码不正确";
    NotADate = "not_a_date", "不是日期";
    NotAMonth = "not_a_month", "不是月份";
    NotATime = "not_a_time", "不是时间";
    NotAUrl = "not_a_url", "不是网址";
    NotAMobileNumber = "not_a_mobile_number", "不是手机号";
    NotAPhoneNumber = "not_a_phone_number", "不是电话号码";
    NotAnIdNumber = "not_an_id_number", "不是 18 位身份证号";
    NotACreditCode = "not_a_credit_code", "不是统一社会信用代码";
    NotACurrency = "not_a_currency", "不是 ISO 4217 货币代码";
    NotAUuid = "not_a_uuid", "不是 32 位十六进制";
    NotAHash = "not_a_hash", "不是 64 位十六进制";
    WrongCheckCharacter = "wrong_check_character", "校验位不正确";
    WrongFile = "wrong_file", "文件的格式或尺寸不正确";
    TooLarge = "too_large", "太大";
    WrongOrder = "wrong_order", "与另一项的先后或大小不符";
    Exclusive = "exclusive", "不能与另一项同时使用，或只能填其中一项";
    Mismatch = "mismatch", "与另一项或已有的记录不一致";
    Exists = "exists", "已存在";
    ExistsDifferently = "exists_with_different_content", "已存在，内容不同";
    CannotChange = "cannot_change", "不能更改";
    WrongState = "wrong_state", "当前状态不允许";
    NotPermitted = "not_permitted", "不允许";
    RiskyContent = "risky_content", "内容未通过安全检测";
    LimitReached = "limit_reached", "已达到上限";
    ReusedKey = "reused_key", "幂等标识已用于另一个请求";
    WrongOrUsed = "wrong_or_used", "不正确、已过期或已使用过";
    WrongCursor = "wrong_cursor", "不是这个列表的 cursor";
    /// A reason without an entry in the table. A test of every suite looks for it.
    Invalid = "invalid", "不正确";
}
