//! The body of POST and PUT /employee: a résumé (docs/contract/signing.txt, 2.2.1) and the code that was sent to its phone.

use deserr::{Deserr, IntoValue, Map as _, Value, ValuePointerRef};
use shared::signing::resume::Resume;
use shared::signing::values::{Entries, Number, Place};
use shared::values::input::Faults;
use shared::values::{IdCard, Int, Mobile, SecretText, Text};
use utoipa::ToSchema;

/// 简历: 字段见文档 2.2.1; work_exp 与 employee_edu 是对象数组 (表单中写作 work_exp[0][company]=.., 或 JSON 字符串)。
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = ResumeFields)]
pub struct ResumeBody {
    #[schema(value_type = String, max_length = 64)]
    real_name: Text<1, 64>,
    #[schema(value_type = String)]
    phone: Mobile,
    /// 身份证
    #[schema(value_type = String)]
    id_number: IdCard,
    /// 缺省时取自身份证
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    age: Option<Int<0, 150>>,
    /// 0 未知, 1 男, 2 女; 缺省时取自身份证
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    gender: Option<Int<0, 2>>,
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 12)]
    nation: Text<0, 12>,
    /// 1 未婚, 2 已婚, 3 离异
    #[schema(value_type = i64)]
    marital_sts: Int<1, 3>,
    /// 1 共产党员, 2 共青团员, 3 群众
    #[schema(value_type = i64)]
    political_sts: Int<1, 3>,
    /// 户口类型: 0 农村, 1 城市
    #[schema(value_type = i64)]
    acct_type: Int<0, 1>,
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    acct_prc_id: Option<Place>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    acct_prc_name: Text<0, 255>,
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    acct_city_id: Option<Place>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    acct_city_name: Text<0, 255>,
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    acct_coy_id: Option<Place>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    acct_coy_name: Text<0, 255>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    acct_addr: Text<0, 255>,
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    province_id: Option<Place>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    province_name: Text<0, 255>,
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    city_id: Option<Place>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    city_name: Text<0, 255>,
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    county_id: Option<Place>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    county_name: Text<0, 255>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    addr: Text<0, 255>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    em_contact_name: Text<0, 64>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    em_contact_phone: Text<0, 32>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    em_contact_relationship: Text<0, 32>,
    /// 身份证正面照片
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    id_card_front: Text<0, 256>,
    /// 身份证反面照片
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    id_card_back: Text<0, 256>,
    /// 所属用人单位
    #[schema(value_type = i64)]
    company_id: Number,
    /// 岗位
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    work_pos: Text<0, 64>,
    #[deserr(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    work_exp: Entries,
    #[schema(value_type = Vec<Object>, min_items = 1)]
    employee_edu: Entries,
    /// 处理人
    #[schema(value_type = i64)]
    ad_user_id: Number,
    /// 短信验证码
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    verify_code: Option<SecretText<1, 16>>,
}

impl ResumeBody {
    /// The résumé and the code.
    pub fn into_parts(self) -> (Resume, Option<SecretText<1, 16>>) {
        let resume = Resume {
            real_name: self.real_name.into(),
            phone: Some(self.phone),
            id_number: Some(self.id_number),
            age: self.age,
            gender: self.gender,
            nation: self.nation,
            marital_sts: Some(self.marital_sts),
            political_sts: Some(self.political_sts),
            acct_type: Some(self.acct_type),
            acct_prc_id: self.acct_prc_id,
            acct_prc_name: self.acct_prc_name,
            acct_city_id: self.acct_city_id,
            acct_city_name: self.acct_city_name,
            acct_coy_id: self.acct_coy_id,
            acct_coy_name: self.acct_coy_name,
            acct_addr: self.acct_addr,
            province_id: self.province_id,
            province_name: self.province_name,
            city_id: self.city_id,
            city_name: self.city_name,
            county_id: self.county_id,
            county_name: self.county_name,
            addr: self.addr,
            em_contact_name: self.em_contact_name,
            em_contact_phone: self.em_contact_phone,
            em_contact_relationship: self.em_contact_relationship,
            id_card_front: self.id_card_front,
            id_card_back: self.id_card_back,
            company_id: self.company_id,
            work_pos: self.work_pos,
            work_exp: self.work_exp,
            employee_edu: self.employee_edu,
            ad_user_id: self.ad_user_id,
        };
        (resume, self.verify_code)
    }
}

/// A [`ResumeBody`] that reports a fault of `verify_code` after those of the résumé.
pub struct Submitted(pub ResumeBody);

impl Deserr<Faults> for Submitted {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let Value::Map(mut members) = value else { return Err(Faults::one(at, "must be an object")) };
        let code = members.remove("verify_code").map(IntoValue::into_value);
        let verify_code = code.map(|code| SecretText::deserialize_from_value(code, at.push_key("verify_code"))).transpose();
        match (ResumeBody::deserialize_from_value(Value::<V>::Map(members), at), verify_code) {
            (Ok(body), Ok(verify_code)) => Ok(Self(ResumeBody { verify_code, ..body })),
            (body, verify_code) => {
                let faults = [body.err(), verify_code.err()].into_iter().flatten().flat_map(|Faults(faults)| faults);
                Err(Faults(faults.collect()))
            }
        }
    }
}
