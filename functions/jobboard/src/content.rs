//! The content of a job, as clients send it (docs/contract/jobboard.txt, 发布招聘信息 and 修改招聘信息).

use deserr::Deserr;
use serde::Serialize;
use shared::error::{Error, Result};
use shared::jobboard::job::Content;
use shared::jobboard::values::{Area, Latitude, Longitude, Photos, Salary, SalaryEnd, Tags};
use shared::values::input::{Faults, Json};
use shared::values::{ContactPhone, Text};
use utoipa::ToSchema;

#[derive(Serialize, Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = ContentFields, description = "What [`Content`] reads, as the OpenAPI document shows it.")]
pub struct ContentBody {
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "服务员")]
    positions: Text<1, 64>,
    #[schema(value_type = f64, minimum = -180, maximum = 180, example = 116.397128)]
    longitude: Longitude,
    #[schema(value_type = f64, minimum = -90, maximum = 90, example = 39.916527)]
    latitude: Latitude,
    #[schema(value_type = String, min_length = 1, max_length = 256)]
    address: Text<1, 256>,
    /// 联系电话
    #[schema(value_type = String, example = "13812341234")]
    contact: ContactPhone,
    /// 联系人, 默认为本人的姓名
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    user_name: Text<0, 32>,
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 5000)]
    description: Text<0, 5000>,
    /// 最多 4 张; 数组, 或以逗号分隔的字符串
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    photo_urls: Photos,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    first_area_id: Area,
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    first_area_des: Text<0, 64>,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    second_area_id: Area,
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    second_area_des: Text<0, 64>,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    third_area_id: Area,
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    third_area_des: Text<0, 64>,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    four_area_id: Area,
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    four_area_des: Text<0, 64>,
    /// 元/月
    #[schema(value_type = i64, minimum = 0, maximum = 10_000_000, example = 8000)]
    salary_min: Salary,
    /// 元/月, -1 为不限
    #[schema(value_type = i64, minimum = -1, maximum = 10_000_000, example = 20000)]
    salary_max: SalaryEnd,
    /// 基础保障
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    basic_protection: Tags,
    /// 薪酬福利
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    salary_benefits: Tags,
    /// 考勤休假
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    attendance_leave: Tags,
}

/// 只传需要修改的字段; photo_urls 传空字符串为清空。
#[derive(ToSchema)]
#[schema(as = UpdateFields)]
#[expect(dead_code, reason = "only the OpenAPI document uses it: `patched` reads the changes")]
pub struct UpdateBody {
    #[schema(example = 39)]
    id: u64,
    #[schema(min_length = 1, max_length = 64, example = "收银员")]
    positions: Option<String>,
    #[schema(minimum = -180, maximum = 180)]
    longitude: Option<f64>,
    #[schema(minimum = -90, maximum = 90)]
    latitude: Option<f64>,
    address: Option<String>,
    contact: Option<String>,
    user_name: Option<String>,
    description: Option<String>,
    photo_urls: Option<Vec<String>>,
    salary_min: Option<i64>,
    salary_max: Option<i64>,
}

/// The content with a merge patch applied. The result is validated as a whole.
pub fn patched(content: &Content, changes: &Json) -> Result<Content> {
    let mut body = serde_json::to_value(ContentBody::from(content.clone())).map_err(Error::internal)?;
    if let (Some(members), Some(changes)) = (body.as_object_mut(), changes.members()) {
        members.extend(changes.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    Json::from_value(body).read::<ContentBody>().map(Content::from)
}

impl From<ContentBody> for Content {
    fn from(body: ContentBody) -> Self {
        Self {
            positions: body.positions,
            longitude: body.longitude,
            latitude: body.latitude,
            address: body.address,
            contact: body.contact,
            contact_person: body.user_name,
            description: body.description,
            photo_urls: body.photo_urls,
            first_area_id: body.first_area_id,
            first_area_des: body.first_area_des,
            second_area_id: body.second_area_id,
            second_area_des: body.second_area_des,
            third_area_id: body.third_area_id,
            third_area_des: body.third_area_des,
            four_area_id: body.four_area_id,
            four_area_des: body.four_area_des,
            salary_min: body.salary_min,
            salary_max: body.salary_max,
            basic_protection: body.basic_protection,
            salary_benefits: body.salary_benefits,
            attendance_leave: body.attendance_leave,
        }
    }
}

impl From<Content> for ContentBody {
    fn from(content: Content) -> Self {
        Self {
            positions: content.positions,
            longitude: content.longitude,
            latitude: content.latitude,
            address: content.address,
            contact: content.contact,
            user_name: content.contact_person,
            description: content.description,
            photo_urls: content.photo_urls,
            first_area_id: content.first_area_id,
            first_area_des: content.first_area_des,
            second_area_id: content.second_area_id,
            second_area_des: content.second_area_des,
            third_area_id: content.third_area_id,
            third_area_des: content.third_area_des,
            four_area_id: content.four_area_id,
            four_area_des: content.four_area_des,
            salary_min: content.salary_min,
            salary_max: content.salary_max,
            basic_protection: content.basic_protection,
            salary_benefits: content.salary_benefits,
            attendance_leave: content.attendance_leave,
        }
    }
}
