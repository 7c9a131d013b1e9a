//! The résumé that a worker submits (docs/contract/signing.txt, 2.2.1 个人简历信息).
//!
//! Widths count characters. Widths of the document that are too narrow for real values (12 for a city's name, 16 for an address) are wider
//! here: 64 for names of people and positions, 255 for names of places and addresses.

use serde::{Deserialize, Serialize};

use super::values::{Entries, Number, Place};
use crate::error::{Error, Fault, Result};
use crate::values::{Date, IdCard, Int, Mobile, Text};

#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// Empty, as every other field of the person is, once the résumé was erased.
    pub real_name: Text<0, 64>,
    pub phone: Option<Mobile>,
    /// 身份证.
    pub id_number: Option<IdCard>,
    /// If a request leaves out the age or the gender, `id_number` determines it.
    pub age: Option<Int<0, 150>>,
    /// 0 未知, 1 男, 2 女.
    pub gender: Option<Int<0, 2>>,
    /// 民族.
    pub nation: Text<0, 12>,
    /// 1 未婚, 2 已婚, 3 离异.
    pub marital_sts: Option<Int<1, 3>>,
    /// 1 共产党员, 2 共青团员, 3 群众.
    pub political_sts: Option<Int<1, 3>>,
    /// 户口类型: 0 农村, 1 城市.
    pub acct_type: Option<Int<0, 1>>,
    pub acct_prc_id: Option<Place>,
    pub acct_prc_name: Text<0, 255>,
    pub acct_city_id: Option<Place>,
    pub acct_city_name: Text<0, 255>,
    pub acct_coy_id: Option<Place>,
    pub acct_coy_name: Text<0, 255>,
    pub acct_addr: Text<0, 255>,
    pub province_id: Option<Place>,
    pub province_name: Text<0, 255>,
    pub city_id: Option<Place>,
    pub city_name: Text<0, 255>,
    pub county_id: Option<Place>,
    pub county_name: Text<0, 255>,
    pub addr: Text<0, 255>,
    /// 紧急联系人.
    pub em_contact_name: Text<0, 64>,
    pub em_contact_phone: Text<0, 32>,
    pub em_contact_relationship: Text<0, 32>,
    /// 身份证正面照片, 身份证反面照片.
    pub id_card_front: Text<0, 256>,
    pub id_card_back: Text<0, 256>,
    /// 所属用人单位.
    pub company_id: Number,
    /// 岗位.
    pub work_pos: Text<0, 64>,
    pub work_exp: Entries,
    pub employee_edu: Entries,
    /// 处理人.
    pub ad_user_id: Number,
}

impl Resume {
    /// Checks the fields whose rules depend on settings or on more than the type, and adds age and gender from the identity number.
    pub(super) fn completed(mut self, today: &Date, strict_checksums: bool) -> Result<Self> {
        let mut faults = Vec::new();
        if self.employee_edu.is_empty() {
            faults.push(Fault::new("employee_edu", "is required"));
        }
        if strict_checksums && self.id_number.as_ref().is_some_and(|id_number| !id_number.checksum_holds()) {
            faults.push(Fault::new("id_number", "has a wrong check character"));
        }
        if !faults.is_empty() {
            return Err(Error::invalid(faults));
        }
        if let Some(id_number) = &self.id_number {
            self.age = self.age.or_else(|| Int::new(id_number.birthday().years_until(today).clamp(0, 150)));
            self.gender = self.gender.or_else(|| Int::new(if id_number.is_male() { 1 } else { 2 }));
        }
        Ok(self)
    }
}
