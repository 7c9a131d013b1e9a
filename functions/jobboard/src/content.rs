//! The content of a job, as clients send it (docs/contract/jobboard.txt, 发布招聘信息 and 修改招聘信息).

use deserr::Deserr;
use shared::jobboard::job::Content;
use shared::jobboard::values::{Area, Latitude, Longitude, Photos, Salary, SalaryEnd, Tags};
use shared::values::input::Faults;
use shared::values::{ContactPhone, Id, Text};
use utoipa::ToSchema;

use crate::schemas;

/// 招聘信息的内容
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = ContentFields)]
pub struct ContentBody {
    /// 岗位, 1 到 64 个字符
    #[schema(value_type = String, min_length = 1, max_length = 64, example = "服务员")]
    positions: Text<1, 64>,
    /// 经度, 度
    #[schema(value_type = f64, minimum = -180, maximum = 180, example = 116.397128)]
    longitude: Longitude,
    /// 纬度, 度
    #[schema(value_type = f64, minimum = -90, maximum = 90, example = 39.916527)]
    latitude: Latitude,
    /// 工作地址, 1 到 256 个字符
    #[schema(value_type = String, min_length = 1, max_length = 256)]
    address: Text<1, 256>,
    /// 联系电话: 7 到 15 位数字, 可含 + - ( ) 与空格, 最多 25 个字符
    #[schema(value_type = String, min_length = 7, max_length = 25, example = "13812341234")]
    contact: ContactPhone,
    /// 联系人, 最多 32 个字符; 没有或为空时是本人的姓名
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    user_name: Option<Text<0, 32>>,
    /// 同 user_name; 两者都有时以 user_name 为准
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    contact_person_name: Option<Text<0, 32>>,
    /// 职位描述, 最多 5000 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 5000)]
    description: Text<0, 5000>,
    /// 照片的地址, http 或 https, 最多 4 张, 每个最多 2048 个字符; 数组, 或以逗号分隔的字符串
    #[deserr(default)]
    #[schema(value_type = Option<schemas::PhotoUrls>)]
    photo_urls: Photos,
    /// 一级地区 id, 按传入的保存; 0 为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    first_area_id: Area,
    /// 一级地区名称, 最多 64 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    first_area_des: Text<0, 64>,
    /// 二级地区 id, 按传入的保存; 0 为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    second_area_id: Area,
    /// 二级地区名称, 最多 64 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    second_area_des: Text<0, 64>,
    /// 三级地区 id, 按传入的保存; 0 为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    third_area_id: Area,
    /// 三级地区名称, 最多 64 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    third_area_des: Text<0, 64>,
    /// 四级地区 id, 按传入的保存; 0 为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    four_area_id: Area,
    /// 四级地区名称, 最多 64 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    four_area_des: Text<0, 64>,
    /// 最低薪资, 元/月; 不能大于 salary_max
    #[schema(value_type = i64, minimum = 0, maximum = 10_000_000, example = 8000)]
    salary_min: Salary,
    /// 最高薪资, 元/月, -1 为不限
    #[schema(value_type = i64, minimum = -1, maximum = 10_000_000, example = 20000)]
    salary_max: SalaryEnd,
    /// 基础保障, 最多 20 项, 每项 1 到 32 个字符
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 32)]
    basic_protection: Tags,
    /// 薪酬福利, 最多 20 项, 每项 1 到 32 个字符
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 32)]
    salary_benefits: Tags,
    /// 考勤休假, 最多 20 项, 每项 1 到 32 个字符
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 32)]
    attendance_leave: Tags,
}

/// 只传需要修改的字段; photo_urls 传空字符串为清空。
#[derive(Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = UpdateFields)]
pub struct UpdateBody {
    /// 招聘信息的 id, 必填参数; 数字或字符串
    #[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991i64, example = 39)]
    pub id: Id,
    /// 岗位, 1 到 64 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64, example = "收银员")]
    positions: Option<Text<1, 64>>,
    /// 经度, 度
    #[deserr(default)]
    #[schema(value_type = Option<f64>, minimum = -180, maximum = 180)]
    longitude: Option<Longitude>,
    /// 纬度, 度
    #[deserr(default)]
    #[schema(value_type = Option<f64>, minimum = -90, maximum = 90)]
    latitude: Option<Latitude>,
    /// 工作地址, 1 到 256 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 256)]
    address: Option<Text<1, 256>>,
    /// 联系电话: 7 到 15 位数字, 可含 + - ( ) 与空格, 最多 25 个字符
    #[deserr(default)]
    #[schema(value_type = Option<String>, min_length = 7, max_length = 25)]
    contact: Option<ContactPhone>,
    /// 联系人, 最多 32 个字符; 空字符串为清空
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    user_name: Option<Text<0, 32>>,
    /// 同 user_name; 两者都有时以 user_name 为准
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 32)]
    contact_person_name: Option<Text<0, 32>>,
    /// 职位描述, 最多 5000 个字符; 空字符串为清空
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 5000)]
    description: Option<Text<0, 5000>>,
    /// 照片的地址, http 或 https, 最多 4 张, 每个最多 2048 个字符; 数组, 或以逗号分隔的字符串; 空字符串为清空
    #[deserr(default)]
    #[schema(value_type = Option<schemas::PhotoUrls>)]
    photo_urls: Option<Photos>,
    /// 一级地区 id, 按传入的保存; 0 为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    first_area_id: Option<Area>,
    /// 一级地区名称, 最多 64 个字符; 空字符串为清空
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    first_area_des: Option<Text<0, 64>>,
    /// 二级地区 id, 按传入的保存; 0 为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    second_area_id: Option<Area>,
    /// 二级地区名称, 最多 64 个字符; 空字符串为清空
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    second_area_des: Option<Text<0, 64>>,
    /// 三级地区 id, 按传入的保存; 0 为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    third_area_id: Option<Area>,
    /// 三级地区名称, 最多 64 个字符; 空字符串为清空
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    third_area_des: Option<Text<0, 64>>,
    /// 四级地区 id, 按传入的保存; 0 为未知
    #[deserr(default)]
    #[schema(value_type = Option<u64>, minimum = 0, maximum = 4_294_967_295i64)]
    four_area_id: Option<Area>,
    /// 四级地区名称, 最多 64 个字符; 空字符串为清空
    #[deserr(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    four_area_des: Option<Text<0, 64>>,
    /// 最低薪资, 元/月; 不能大于 salary_max
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 10_000_000)]
    salary_min: Option<Salary>,
    /// 最高薪资, 元/月, -1 为不限
    #[deserr(default)]
    #[schema(value_type = Option<i64>, minimum = -1, maximum = 10_000_000)]
    salary_max: Option<SalaryEnd>,
    /// 基础保障, 最多 20 项, 每项 1 到 32 个字符; 空数组为清空
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 32)]
    basic_protection: Option<Tags>,
    /// 薪酬福利, 最多 20 项, 每项 1 到 32 个字符; 空数组为清空
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 32)]
    salary_benefits: Option<Tags>,
    /// 考勤休假, 最多 20 项, 每项 1 到 32 个字符; 空数组为清空
    #[deserr(default)]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, min_length = 1, max_length = 32)]
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
