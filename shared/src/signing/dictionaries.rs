//! The seeded dictionaries (docs/contract/signing.txt, 3.4.1). A platform may replace each of them.

use serde::{Deserialize, Serialize};

use super::values::{Enabled, enabled};
use crate::error::{Error, Result};
use crate::values::Text;

#[derive(Clone, Serialize, Deserialize)]
pub struct Entry {
    pub dict_key: Text<1, 64>,
    pub dict_value: Text<1, 64>,
    pub status: Enabled,
}

const EDUCATION: &[(&str, &str)] = &[
    ("primary", "小学"),
    ("junior", "初中"),
    ("senior", "高中"),
    ("secondary", "中专"),
    ("college", "大专"),
    ("bachelor", "本科"),
    ("master", "硕士"),
    ("doctor", "博士"),
];
const MARITAL: &[(&str, &str)] = &[("1", "未婚"), ("2", "已婚"), ("3", "离异")];
const POLITICAL: &[(&str, &str)] = &[("1", "共产党员"), ("2", "共青团员"), ("3", "群众")];
const ACCOUNT: &[(&str, &str)] = &[("0", "农村"), ("1", "城市")];
const RELATIONSHIP: &[(&str, &str)] = &[
    ("spouse", "配偶"),
    ("parent", "父母"),
    ("child", "子女"),
    ("sibling", "兄弟姐妹"),
    ("relative", "亲戚"),
    ("friend", "朋友"),
    ("colleague", "同事"),
    ("other", "其他"),
];

/// The 56 nationalities of GB 3304, in the order of its codes.
const NATIONS: &str = "汉族 蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 满族 侗族 瑶族 白族 土家族 哈尼族 哈萨克族 傣族 黎族 \
    傈僳族 佤族 畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 柯尔克孜族 土族 达斡尔族 仫佬族 羌族 布朗族 撒拉族 毛南族 仡佬族 锡伯族 阿昌族 \
    普米族 塔吉克族 怒族 乌孜别克族 俄罗斯族 鄂温克族 德昂族 保安族 裕固族 京族 塔塔尔族 独龙族 鄂伦春族 赫哲族 门巴族 珞巴族 基诺族";

/// The entries of a seeded dictionary; empty if no dictionary has this name.
pub fn seeded(name: &str) -> Result<Vec<Entry>> {
    let entries: Vec<(String, String)> = match name {
        "Edu_Type" => owned(EDUCATION),
        "Marital_Status" => owned(MARITAL),
        "Political_Status" => owned(POLITICAL),
        "Acct_Type" => owned(ACCOUNT),
        "Relationship" => owned(RELATIONSHIP),
        "Nation" => {
            NATIONS.split_whitespace().zip(1..).map(|(nation, code)| (format!("{code:02}"), nation.to_owned())).collect()
        }
        _ => Vec::new(),
    };
    let entry = |(key, value): (String, String)| -> Result<Entry, &'static str> {
        Ok(Entry { dict_key: Text::parse(&key)?, dict_value: Text::parse(&value)?, status: enabled() })
    };
    entries.into_iter().map(|pair| entry(pair).map_err(Error::internal)).collect()
}

fn owned(entries: &[(&str, &str)]) -> Vec<(String, String)> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seeded_dictionary_has_entries_and_there_are_56_nationalities() {
        assert_eq!(seeded("Nation").unwrap().len(), 56);
        for name in ["Edu_Type", "Marital_Status", "Political_Status", "Acct_Type", "Relationship"] {
            assert!(!seeded(name).unwrap().is_empty(), "{name}");
        }
        assert!(seeded("Shoe_Size").unwrap().is_empty());
    }
}
