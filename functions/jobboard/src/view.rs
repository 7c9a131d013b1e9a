//! A job in responses.

use jiff::Timestamp;
use serde::Serialize;
use shared::jobboard::job::Job;
use utoipa::ToSchema;

/// 招聘信息。
#[derive(Serialize, ToSchema)]
pub struct JobView {
    /// 招聘信息的 id
    #[schema(example = 5)]
    id: u64,
    /// 发布者的用户 id
    user_id: u64,
    /// 岗位
    #[schema(min_length = 1, max_length = 64, example = "保洁")]
    positions: String,
    /// 经度, 度
    #[schema(minimum = -180, maximum = 180)]
    longitude: f64,
    /// 纬度, 度
    #[schema(minimum = -90, maximum = 90)]
    latitude: f64,
    /// 工作地址
    #[schema(min_length = 1, max_length = 256)]
    address: String,
    /// 联系电话; 完整号码只给发布者与为该招聘用过券的用户, 其他人看到 138****1234 (系统可设置为所有人可见)
    #[schema(max_length = 25)]
    contact: String,
    /// 联系人
    #[schema(max_length = 32)]
    contact_person_name: String,
    /// 职位描述
    #[schema(max_length = 5000)]
    description: String,
    /// 照片的地址, 最多 4 张
    #[schema(max_items = 4)]
    photo_urls: Vec<String>,
    /// 状态: 1 招聘中, 2 已关闭, 3 已下架, 5 审核中 (只有发布者可见)
    #[schema(minimum = 1, maximum = 5)]
    status: u8,
    /// 一级地区 id; 0 为未知
    #[schema(minimum = 0, maximum = 4_294_967_295i64)]
    first_area_id: i64,
    /// 一级地区名称
    #[schema(max_length = 64)]
    first_area_des: String,
    /// 二级地区 id; 0 为未知
    #[schema(minimum = 0, maximum = 4_294_967_295i64)]
    second_area_id: i64,
    /// 二级地区名称
    #[schema(max_length = 64)]
    second_area_des: String,
    /// 三级地区 id; 0 为未知
    #[schema(minimum = 0, maximum = 4_294_967_295i64)]
    third_area_id: i64,
    /// 三级地区名称
    #[schema(max_length = 64)]
    third_area_des: String,
    /// 四级地区 id; 0 为未知
    #[schema(minimum = 0, maximum = 4_294_967_295i64)]
    four_area_id: i64,
    /// 四级地区名称
    #[schema(max_length = 64)]
    four_area_des: String,
    /// 最低薪资, 元/月
    #[schema(minimum = 0, maximum = 10_000_000)]
    salary_min: i64,
    /// 最高薪资, 元/月, -1 为不限
    #[schema(minimum = -1, maximum = 10_000_000)]
    salary_max: i64,
    /// 基础保障
    #[schema(max_items = 20, min_length = 1, max_length = 32)]
    basic_protection: Vec<String>,
    /// 薪酬福利
    #[schema(max_items = 20, min_length = 1, max_length = 32)]
    salary_benefits: Vec<String>,
    /// 考勤休假
    #[schema(max_items = 20, min_length = 1, max_length = 32)]
    attendance_leave: Vec<String>,
    /// 发布的时间, 年-月-日 时:分:秒.毫秒, 北京时间
    #[schema(example = "2026-01-15 23:21:12.697")]
    create_at: String,
    /// 更新的时间, 年-月-日 时:分:秒.毫秒, 北京时间; 刷新不改变
    update_at: String,
    /// 是否置顶: 1 是, 0 否
    #[schema(minimum = 0, maximum = 1)]
    is_top: u8,
    /// 置顶的开始时间, 年-月-日 时:分:秒.毫秒, 北京时间; 从未置顶为空, 置顶结束后约 10 分钟内变为空
    top_start_time: String,
    /// 置顶的结束时间, 年-月-日 时:分:秒.毫秒, 北京时间; 从未置顶为空, 置顶结束后约 10 分钟内变为空
    top_end_time: String,
    /// 最近一次刷新的时间, 年-月-日 时:分:秒.毫秒, 北京时间; 从未刷新则没有
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refresh_time: Option<String>,
    /// 距离, 米, 取整; 仅附近列表
    #[serde(skip_serializing_if = "Option::is_none")]
    distance_m: Option<u64>,
}

impl JobView {
    /// `masked` hides the middle of the contact.
    pub fn of(job: &Job, now: Timestamp, masked: bool) -> Self {
        let content = &job.content;
        let texts = |tags: &shared::jobboard::values::Tags| tags.iter().map(str::to_owned).collect();
        let contact = content.contact.as_str();
        Self {
            id: job.id.as_u64(),
            user_id: job.owner.as_u64(),
            positions: content.positions.as_str().to_owned(),
            longitude: content.longitude.get(),
            latitude: content.latitude.get(),
            address: content.address.as_str().to_owned(),
            contact: if masked { mask(contact) } else { contact.to_owned() },
            contact_person_name: content.contact_person.as_str().to_owned(),
            description: content.description.as_str().to_owned(),
            photo_urls: content.photo_urls.iter().map(str::to_owned).collect(),
            status: job.state.into(),
            first_area_id: content.first_area_id.get(),
            first_area_des: content.first_area_des.as_str().to_owned(),
            second_area_id: content.second_area_id.get(),
            second_area_des: content.second_area_des.as_str().to_owned(),
            third_area_id: content.third_area_id.get(),
            third_area_des: content.third_area_des.as_str().to_owned(),
            four_area_id: content.four_area_id.get(),
            four_area_des: content.four_area_des.as_str().to_owned(),
            salary_min: content.salary_min.get(),
            salary_max: content.salary_max.get(),
            basic_protection: texts(&content.basic_protection),
            salary_benefits: texts(&content.salary_benefits),
            attendance_leave: texts(&content.attendance_leave),
            create_at: job.created_at.to_plain(),
            update_at: job.updated_at.to_plain(),
            is_top: job.is_top(now).into(),
            top_start_time: job.top.map_or_else(String::new, |window| window.start.to_plain()),
            top_end_time: job.top.map_or_else(String::new, |window| window.end.to_plain()),
            last_refresh_time: job.refreshed_at.map(shared::values::LocalTime::to_plain),
            distance_m: None,
        }
    }

    /// The distance is rounded to whole metres.
    pub fn at_distance(self, metres: Option<f64>) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "no distance on earth is greater than 20,038 km"
        )]
        let distance_m = metres.map(|metres| metres.round() as u64);
        Self { distance_m, ..self }
    }
}

/// `138****1234`: the first three and the last four characters remain. A contact of fewer than eleven characters is masked completely.
fn mask(contact: &str) -> String {
    let characters: Vec<char> = contact.chars().collect();
    let shown = |at: usize| characters.len() >= 11 && (at < 3 || at >= characters.len() - 4);
    characters.iter().enumerate().map(|(at, &character)| if shown(at) { character } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_contact_is_masked() {
        assert_eq!(mask("13812341234"), "138****1234");
        assert_eq!(mask("1234567"), "*******");
    }
}
