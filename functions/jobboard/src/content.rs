//! The content of a job, as clients send it (docs/contract/jobboard.txt, 发布招聘信息 and 修改招聘信息).

use deserr::Deserr;
use shared::jobboard::job::Content;
use shared::jobboard::values::{Area, Latitude, Longitude, Photos, Salary, SalaryEnd, Tags};
use shared::values::input::Faults;
use shared::values::{ContactPhone, Id, Text};
use utoipa::ToSchema;

#[derive(Deserr, ToSchema)]
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
    user_name: Option<Text<0, 32>>,
    /// 同 user_name; 两者都有时以 user_name 为准
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    contact_person_name: Option<Text<0, 32>>,
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
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults)]
#[schema(as = UpdateFields)]
pub struct UpdateBody {
    #[schema(value_type = u64, example = 39)]
    pub id: Id,
    #[deserr(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "收银员")]
    positions: Option<Text<1, 64>>,
    #[deserr(default)]
    #[schema(value_type = Option<f64>, minimum = -180, maximum = 180)]
    longitude: Option<Longitude>,
    #[deserr(default)]
    #[schema(value_type = Option<f64>, minimum = -90, maximum = 90)]
    latitude: Option<Latitude>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    address: Option<Text<1, 256>>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    contact: Option<ContactPhone>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    user_name: Option<Text<0, 32>>,
    /// 同 user_name; 两者都有时以 user_name 为准
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    contact_person_name: Option<Text<0, 32>>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    description: Option<Text<0, 5000>>,
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    photo_urls: Option<Photos>,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    first_area_id: Option<Area>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    first_area_des: Option<Text<0, 64>>,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    second_area_id: Option<Area>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    second_area_des: Option<Text<0, 64>>,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    third_area_id: Option<Area>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    third_area_des: Option<Text<0, 64>>,
    #[deserr(default)]
    #[schema(value_type = Option<u32>)]
    four_area_id: Option<Area>,
    #[deserr(default)]
    #[schema(value_type = Option<String>)]
    four_area_des: Option<Text<0, 64>>,
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    salary_min: Option<Salary>,
    #[deserr(default)]
    #[schema(value_type = Option<i64>)]
    salary_max: Option<SalaryEnd>,
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    basic_protection: Option<Tags>,
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    salary_benefits: Option<Tags>,
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>)]
    attendance_leave: Option<Tags>,
}

impl UpdateBody {
    /// Replaces the fields that the client sent.
    pub fn apply(&self, content: &mut Content) {
        set(&mut content.positions, self.positions.as_ref());
        set(&mut content.longitude, self.longitude.as_ref());
        set(&mut content.latitude, self.latitude.as_ref());
        set(&mut content.address, self.address.as_ref());
        set(&mut content.contact, self.contact.as_ref());
        set(&mut content.contact_person, self.user_name.as_ref().or(self.contact_person_name.as_ref()));
        set(&mut content.description, self.description.as_ref());
        set(&mut content.photo_urls, self.photo_urls.as_ref());
        set(&mut content.first_area_id, self.first_area_id.as_ref());
        set(&mut content.first_area_des, self.first_area_des.as_ref());
        set(&mut content.second_area_id, self.second_area_id.as_ref());
        set(&mut content.second_area_des, self.second_area_des.as_ref());
        set(&mut content.third_area_id, self.third_area_id.as_ref());
        set(&mut content.third_area_des, self.third_area_des.as_ref());
        set(&mut content.four_area_id, self.four_area_id.as_ref());
        set(&mut content.four_area_des, self.four_area_des.as_ref());
        set(&mut content.salary_min, self.salary_min.as_ref());
        set(&mut content.salary_max, self.salary_max.as_ref());
        set(&mut content.basic_protection, self.basic_protection.as_ref());
        set(&mut content.salary_benefits, self.salary_benefits.as_ref());
        set(&mut content.attendance_leave, self.attendance_leave.as_ref());
    }
}

fn set<T: Clone>(field: &mut T, change: Option<&T>) {
    if let Some(change) = change {
        field.clone_from(change);
    }
}

impl From<ContentBody> for Content {
    fn from(body: ContentBody) -> Self {
        Self {
            positions: body.positions,
            longitude: body.longitude,
            latitude: body.latitude,
            address: body.address,
            contact: body.contact,
            contact_person: body.user_name.or(body.contact_person_name).unwrap_or_default(),
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
