//! Values of this family.

use deserr::{Deserr, IntoValue, Sequence as _, Value, ValuePointerRef};
use serde::{Deserialize, Serialize};

use crate::values::input::{Faults, text};
use crate::values::{Int, LocalTime, Numeral, Reason, Text, Url, numbered, text_value};

/// The id of a province, a city, a district or a street; 0 if unknown.
pub type Area = Int<0, 4_294_967_295>;

/// Yuan a month.
pub type Salary = Yuan<0, 10_000_000>;
/// Yuan a month; -1 means open-ended.
pub type SalaryEnd = Yuan<-1, 10_000_000>;

/// A whole number of yuan, after the residue of a client's binary floats is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Yuan<const MIN: i64, const MAX: i64>(Int<MIN, MAX>);

impl<const MIN: i64, const MAX: i64> Yuan<MIN, MAX> {
    pub fn get(self) -> i64 {
        self.0.get()
    }
}

impl<const MIN: i64, const MAX: i64> Deserr<Faults> for Yuan<MIN, MAX> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let yuan = Numeral::of_quotable(&value).and_then(|number| number.rounded(0).ok());
        let yuan = yuan.and_then(|yuan| i64::try_from(yuan).ok()).and_then(Int::new);
        yuan.map(Self).ok_or_else(|| Faults::one(at, format!("must be a whole number from {MIN} to {MAX}")))
    }
}

/// 未知, 男, 女.
pub type Sex = Int<0, 2>;

/// Degrees, from `-MOST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Degrees<const MOST: i32>(f64);

/// A tenth of a millimetre on the ground. Smaller values become zero, because DynamoDB rejects numbers between zero and 1e-130.
const LEAST_DEGREES: f64 = 1e-9;

pub type Longitude = Degrees<180>;
pub type Latitude = Degrees<90>;

impl<const MOST: i32> Degrees<MOST> {
    pub fn get(self) -> f64 {
        self.0
    }
}

impl<const MOST: i32> Deserr<Faults> for Degrees<MOST> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let degrees = Numeral::of_quotable(&value).ok_or_else(|| Faults::one(at, "must be a number"))?.to_f64();
        if degrees.abs() <= f64::from(MOST) {
            Ok(Self(if degrees.abs() < LEAST_DEGREES { 0.0 } else { degrees }))
        } else {
            Err(Faults::one(at, format!("must be from -{MOST} to {MOST}")))
        }
    }
}

/// The most photos of a job.
const MAX_PHOTOS: usize = 4;

/// At most four URLs. The input is an array, comma-joined strings inside it, one string, or an empty one (docs/contract/jobboard.txt,
/// 发布招聘信息 and 修改招聘信息). Empty and null elements do not count.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Photos(Vec<Url>);

impl Photos {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Url::as_str)
    }

    pub(super) fn retain(&mut self, is_kept: impl Fn(&str) -> bool) {
        self.0.retain(|url| is_kept(url.as_str()));
    }
}

impl Deserr<Faults> for Photos {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let mut photos = Vec::new();
        let mut add = |joined: &str, at: ValuePointerRef<'_>| {
            for url in separate(joined) {
                photos.push(Url::parse(url).map_err(|reason| Faults::one(at, reason))?);
            }
            Ok::<_, Faults>(())
        };
        match value {
            Value::Sequence(elements) => {
                for (index, element) in elements.into_iter().enumerate() {
                    let at = at.push_index(index);
                    match element.into_value() {
                        Value::Null => {}
                        element => add(text(&element).ok_or_else(|| Faults::one(at, "must be a string"))?, at)?,
                    }
                }
            }
            value => add(text(&value).ok_or_else(|| Faults::one(at, "must be an array of strings"))?, at)?,
        }
        if photos.len() > MAX_PHOTOS { Err(Faults::one(at, "must not have more than 4 photos")) } else { Ok(Self(photos)) }
    }
}

/// Separates URLs that are joined by commas. A URL may contain commas itself (`?x-oss-process=image/resize,w_300`), so only a comma
/// before the scheme of the next URL separates. Commas and white space at the ends of a URL are dropped.
fn separate(joined: &str) -> impl Iterator<Item = &str> {
    let starts_url = |text: &str| {
        let has_scheme = |scheme: &str| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
        has_scheme("http://") || has_scheme("https://")
    };
    let mut start = 0;
    let separators = joined.match_indices(',').map(|(at, _)| at).filter(move |at| starts_url(joined[at + 1..].trim_start()));
    let urls = separators.chain([joined.len()]).map(move |end| &joined[std::mem::replace(&mut start, end)..end]);
    urls.map(|url| url.trim_matches(|c: char| c == ',' || c.is_whitespace())).filter(|url| !url.is_empty())
}

/// The most tags of one kind.
const MAX_TAGS: usize = 20;

/// One kind of benefits of a job: 基础保障, 薪酬福利 or 考勤休假. Duplicates are dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(Vec<Text<1, 32>>);

impl Tags {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Text::as_str)
    }
}

impl Deserr<Faults> for Tags {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, at: ValuePointerRef<'_>) -> Result<Self, Faults> {
        match value {
            Value::Sequence(elements) if elements.len() > MAX_TAGS => {
                Err(Faults::one(at, "must not have more than 20 elements"))
            }
            value => {
                let mut tags: Vec<Text<1, 32>> = Vec::new();
                for tag in Vec::<Text<1, 32>>::deserialize_from_value(value, at)? {
                    if !tags.contains(&tag) {
                        tags.push(tag);
                    }
                }
                Ok(Self(tags))
            }
        }
    }
}

/// The address of an image; may be empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Picture(String);

impl Picture {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        if !text.is_empty() {
            Url::parse(text)?;
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
text_value!(Picture);

numbered! {
    /// What a posting is about. Users can post only [`BizType::Recruitment`].
    BizType {
        /// 招聘
        Recruitment = 1,
        /// 求职
        JobSeeking = 2,
        /// 招租
        Lease = 3,
    }
}

impl BizType {
    /// Whether postings of the requested type can exist. None requests all types.
    pub fn is_posted(requested: Option<Self>) -> bool {
        matches!(requested, None | Some(Self::Recruitment))
    }
}

/// Why an administrator did something, and their name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub reason: Text<1, 256>,
    pub by: Text<1, 64>,
    pub at: LocalTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::input::Json;

    fn photos(json: &str) -> Result<Vec<String>, String> {
        let read = Json::parse(json.as_bytes()).unwrap().read::<Photos>();
        read.map(|photos| photos.iter().map(str::to_owned).collect()).map_err(|error| error.faults()[0].field.clone())
    }

    #[test]
    fn photos_accept_every_form_that_the_document_shows() {
        let two = vec!["https://cdn.xxx.com/job/1173/1.jpg".to_owned(), "https://cdn.xxx.com/job/1173/2.jpg".to_owned()];
        let (one, other) = (&two[0], &two[1]);
        for json in [
            format!("[\"{one},{other}\"]"),
            format!("[\"{one}\",\"{other}\"]"),
            format!("\"{one}, {other}\""),
            format!("[\"{one}\",\"\",\"{other},\"]"),
            format!("\" ,{one} ,, {other}, ,\""),
            format!("[null,\"{one}\",null,\"{other}\",null]"),
        ] {
            assert_eq!(photos(&json), Ok(two.clone()), "{json}");
        }
        assert_eq!(photos("\"\""), Ok(vec![]));
        assert_eq!(photos("[]"), Ok(vec![]));
        assert_eq!(photos(&format!("\"{one},{one},{one},{one},{one}\"")), Err("$".into()));
        assert_eq!(photos(&format!("[\"{one}\",\"javascript:alert(1)\"]")), Err("$[1]".into()));
        assert_eq!(photos("[1]"), Err("$[0]".into()));
        assert_eq!(photos("7"), Err("$".into()));
    }

    #[test]
    fn a_comma_inside_a_url_does_not_separate() {
        let urls = [
            "https://cdn.xxx.com/1.jpg?x-oss-process=image/resize,m_fill,h_100,w_200",
            "https://cdn.xxx.com/a,b/1,2.jpg",
            "HTTPS://cdn.xxx.com/1.jpg?size=100,200",
        ];
        let kept = urls.map(str::to_owned).to_vec();
        assert_eq!(photos(&format!("[\"{}\"]", urls.join("\",\""))), Ok(kept.clone()));
        assert_eq!(photos(&format!("\"{}\"", urls.join(","))), Ok(kept.clone()));
        assert_eq!(photos(&format!("[\"{}\"]", urls.join(" , "))), Ok(kept));
        assert_eq!(photos("\"https://a/1.jpg, b.jpg\""), Err("$".into()));
    }

    #[test]
    fn a_coordinate_is_written_as_it_was_read() {
        for literal in ["116.397128", "-0.5", "180", "39.9093", "116.39712800000001"] {
            for sent in [literal.to_owned(), format!("\"{literal}\"")] {
                let read: Longitude = Json::parse(sent.as_bytes()).unwrap().read().unwrap();
                assert_eq!(serde_json::to_string(&read).unwrap().trim_end_matches(".0"), literal);
            }
        }
        let zero: Longitude = Json::parse(b"0e400").unwrap().read().unwrap();
        assert_eq!(zero.get(), 0.0);
        for bad in ["180.0001", "-181", "1e999", "\"116°\"", "\"inf\"", "\"NaN\"", "null"] {
            assert!(Json::parse(bad.as_bytes()).unwrap().read::<Longitude>().is_err(), "{bad}");
        }
    }
}
