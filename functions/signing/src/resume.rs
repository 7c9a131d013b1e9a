//! The body of POST and PUT /employee: a résumé (docs/contract/signing.txt, 2.2.1) and the code that was sent to its phone.

use deserr::{Deserr, IntoValue, Map as _, Value, ValuePointerRef};
use shared::signing::resume::Resume;
use shared::signing::values::{Entries, Number, Place};
use shared::values::input::Faults;
use shared::values::{IdCard, Int, Mobile, SecretText, Text};
use utoipa::ToSchema;

/// 简历: 字段见文档 2.2.1; work_exp 与 employee_edu 是对象数组 (表单中写作 work_exp[0][company]=.., 或 JSON 字符串);
/// 数字可以写成字符串。
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = ResumeFields)]
pub struct ResumeBody {
    /// 姓名, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64)]
    real_name: Text<1, 64>,
    /// 手机号: 大陆 11 位, 可带 +86; 其他国家和地区为 + 区号与号码, 如 +852 91234567
    #[schema(value_type = String)]
    phone: Mobile,
    /// 身份证号, 18 位, 末位可为 X; 其中的出生日期须存在
    #[schema(value_type = String, min_length = 18, max_length = 18)]
    id_number: IdCard,
    /// 年龄, 岁, 0 到 150; 缺省时取自身份证
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 150)]
    age: Option<Int<0, 150>>,
    /// 性别: 0 未知, 1 男, 2 女; 缺省时取自身份证
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2)]
    gender: Option<Int<0, 2>>,
    /// 民族, 最多 12 个字符, 可为空
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 12)]
    nation: Text<0, 12>,
    /// 婚姻状况: 1 未婚, 2 已婚, 3 离异
    #[schema(value_type = i64, minimum = 1, maximum = 3)]
    marital_sts: Int<1, 3>,
    /// 政治面貌: 1 共产党员, 2 共青团员, 3 群众
    #[schema(value_type = i64, minimum = 1, maximum = 3)]
    political_sts: Int<1, 3>,
    /// 户口类型: 0 农村, 1 城市
    #[schema(value_type = i64, minimum = 0, maximum = 1)]
    acct_type: Int<0, 1>,
    /// 户籍省份 id
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    acct_prc_id: Option<Place>,
    /// 户籍省份名称, 最多 255 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    acct_prc_name: Text<0, 255>,
    /// 户籍城市 id
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    acct_city_id: Option<Place>,
    /// 户籍城市名称, 最多 255 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    acct_city_name: Text<0, 255>,
    /// 户籍区/县 id
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    acct_coy_id: Option<Place>,
    /// 户籍区/县名称, 最多 255 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    acct_coy_name: Text<0, 255>,
    /// 户籍详细地址, 最多 255 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    acct_addr: Text<0, 255>,
    /// 省份 id
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    province_id: Option<Place>,
    /// 省份名称, 最多 255 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    province_name: Text<0, 255>,
    /// 城市 id
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    city_id: Option<Place>,
    /// 城市名称, 最多 255 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    city_name: Text<0, 255>,
    /// 区/县 id
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 2_147_483_647)]
    county_id: Option<Place>,
    /// 区/县名称, 最多 255 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    county_name: Text<0, 255>,
    /// 详细地址, 最多 255 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 255)]
    addr: Text<0, 255>,
    /// 紧急联系人姓名, 最多 64 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    em_contact_name: Text<0, 64>,
    /// 紧急联系人电话, 最多 32 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    em_contact_phone: Text<0, 32>,
    /// 与紧急联系人的关系, 最多 32 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    em_contact_relationship: Text<0, 32>,
    /// 身份证正面照片的地址, 由 /image 上传得到, 最多 256 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 256)]
    id_card_front: Text<0, 256>,
    /// 身份证反面照片的地址, 由 /image 上传得到, 最多 256 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 256)]
    id_card_back: Text<0, 256>,
    /// 所属用人单位 id, 取自 /companies
    #[schema(value_type = i64, minimum = 1, maximum = 2_147_483_647)]
    company_id: Number,
    /// 岗位, 最多 64 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    work_pos: Text<0, 64>,
    /// 工作经验, 最多 20 条; 每条最多 20 个成员, 名称自定, 最多 64 个字符, 值为数字或最多 1000 个字符的文字; 总计 64 KB 以内
    #[deserr(default)]
    #[schema(value_type = Option<Vec<Object>>, max_items = 20)]
    work_exp: Entries,
    /// 学历信息, 1 到 20 条; 每条最多 20 个成员, 名称自定, 最多 64 个字符, 值为数字或最多 1000 个字符的文字; 总计 64 KB 以内
    #[schema(value_type = Vec<Object>, min_items = 1, max_items = 20)]
    employee_edu: Entries,
    /// 处理人 id, 取自 /handlers
    #[schema(value_type = i64, minimum = 1, maximum = 2_147_483_647)]
    ad_user_id: Number,
    /// 短信验证码, 发到 phone 的 6 位数字
    #[deserr(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 16)]
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
