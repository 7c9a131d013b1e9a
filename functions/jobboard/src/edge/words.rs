//! The texts of faults, in words that a mini program can show.

use shared::error::Fault;

/// `联系电话：请填写正确的电话`.
pub fn text(fault: &Fault) -> String {
    // `photo_urls[0]` belongs to 照片.
    let field = fault.field.rsplit('.').next().and_then(|last| last.split('[').next()).unwrap_or_default();
    format!("{}：{}", label(field), fault.text())
}

/// The name of a field on the pages.
fn label(field: &str) -> &str {
    match field {
        "job" | "job_id" | "id" | "purpose_id" => "职位",
        "positions" => "岗位",
        "longitude" | "latitude" => "位置",
        "address" => "工作地址",
        "contact" => "联系电话",
        "user_name" | "contact_person_name" => "联系人",
        "description" => "职位描述",
        "photo_urls" => "照片",
        "salary_min" => "最低薪资",
        "salary_max" => "最高薪资",
        "basic_protection" => "基础保障",
        "salary_benefits" => "薪酬福利",
        "attendance_leave" => "考勤休假",
        "first_area_id" | "first_area_des" | "second_area_id" | "second_area_des" | "third_area_id" | "third_area_des"
        | "four_area_id" | "four_area_des" => "地区",
        "name" => "名称",
        "avatar" => "头像",
        "sex" => "性别",
        "phone" => "手机号",
        "login_code" | "phone_code" => "微信凭证",
        "order" | "order_no" | "order_id" => "订单",
        "price" => "价格",
        "top_hour" => "置顶时长",
        "contact_voucher_num" => "联系券数量",
        "page_num" | "page_size" | "cursor" => "分页",
        "file" => "图片",
        "content_type" => "图片类型",
        "size" => "图片大小",
        "jobs" => "发布职位",
        "refreshes" => "免费刷新",
        "unpaid_orders" => "未付款的订单",
        "uploads" | "upload_megabytes" => "上传图片",
        "collections" => "收藏",
        "contacts" => "联系",
        "reports" => "举报",
        "reason" => "举报原因",
        "user" | "owner_id" | "purpose_user_id" => "用户",
        _ => "请求内容",
    }
}
