//! The messages of failures, in words for workers.

use shared::error::{Error, Fault, Kind};

pub fn message(error: &Error) -> String {
    let clauses: Vec<String> = error.faults().iter().map(clause).collect();
    if !clauses.is_empty() {
        return clauses.join("；");
    }
    match error.kind() {
        Kind::Invalid => "请求内容不正确",
        Kind::NotFound => "不存在",
        Kind::Conflict => "当前状态不允许该操作",
        Kind::Unauthenticated | Kind::TokenRejected => "请先登录",
        Kind::Forbidden => "没有权限",
        Kind::TooManyRequests { .. } => "操作太频繁，请稍后再试",
        Kind::Internal => "系统繁忙，请稍后再试",
    }
    .into()
}

/// What is wrong with a field.
pub fn clause(fault: &Fault) -> String {
    // `work_exp[0].company` belongs to 工作经历.
    let field = fault.field.split(['[', '.']).next().unwrap_or_default();
    let label = label(field);
    match (field, &*fault.reason) {
        ("employee", "exists already") => "简历已提交，请勿重复提交".into(),
        ("employee", "can no longer be changed") => "待签约和已签约时不能修改简历".into(),
        ("employee", _) => "还没有提交过简历".into(),
        ("captcha_code", "is wrong or used") => "图形验证码不正确或已失效".into(),
        ("verify_code", "is wrong or too old") => "短信验证码不正确或已失效".into(),
        ("file", "must be a whole jpg, png, webp or bmp picture") => "请上传 jpg、png、webp 或 bmp 格式的图片".into(),
        ("file", "must be at most 65535 pixels wide and high") => "图片的宽和高不能超过 65535 像素".into(),
        ("file", "must have at most 200 megapixels") => "图片不能超过 2 亿像素".into(),
        (_, "is required" | "must not be empty") => format!("请填写{label}"),
        (_, "is too long") => format!("{label}太长"),
        (_, "has too many entries" | "has too many fields") => format!("{label}太多"),
        (_, "has a wrong check character") => format!("{label}校验位不正确"),
        (_, "does not exist") => format!("{label}不存在"),
        (_, "is given more than once") => format!("{label}重复"),
        _ => format!("{label}不正确"),
    }
}

/// The name of a field on the page.
fn label(field: &str) -> &str {
    match field {
        "real_name" => "姓名",
        "phone" => "手机号",
        "id_number" => "身份证号",
        "age" => "年龄",
        "gender" => "性别",
        "nation" => "民族",
        "marital_sts" => "婚姻状况",
        "political_sts" => "政治面貌",
        "acct_type" => "户口类型",
        "acct_prc_id" | "acct_prc_name" => "户籍省份",
        "acct_city_id" | "acct_city_name" => "户籍城市",
        "acct_coy_id" | "acct_coy_name" => "户籍区县",
        "acct_addr" => "户籍详细地址",
        "province_id" | "province_name" => "省份",
        "city_id" | "city_name" => "城市",
        "county_id" | "county_name" => "区县",
        "addr" => "详细地址",
        "em_contact_name" => "紧急联系人姓名",
        "em_contact_phone" => "紧急联系人电话",
        "em_contact_relationship" => "与紧急联系人的关系",
        "id_card_front" => "身份证正面照片",
        "id_card_back" => "身份证反面照片",
        "company_id" => "用人单位",
        "work_pos" => "岗位",
        "work_exp" => "工作经历",
        "employee_edu" => "教育经历",
        "ad_user_id" => "处理人",
        "verify_code" => "短信验证码",
        "captcha_code" => "图形验证码",
        "code" => "登录凭证",
        "file" | "name" => "图片",
        _ => "请求内容",
    }
}
