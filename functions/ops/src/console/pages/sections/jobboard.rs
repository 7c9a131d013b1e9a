//! 职位, 用户 and 订单 of the job board.

use serde_json::Value;

use super::super::define::{Action, Detail, Facts, Find, List, Reveals, Table, Tone};

const JOB: &[(&str, &str)] = &[("job_id", "job_id")];
const USER: &[(&str, &str)] = &[("user_id", "user_id")];
const WAITING_NAME: &[(&str, &str)] = &[("user_id", "user_id"), ("name", "name_in_review")];
const OWNER: &[(&str, &str)] = &[("user_id", "owner_id")];
const PAYMENT: &[(&str, &str)] = &[("order_no", "order_no")];

fn is_shown(job: &Value) -> bool {
    job["status"] == 1 || job["status"] == 2 || is_waiting(job)
}

fn is_waiting(job: &Value) -> bool {
    job["status"] == 5
}

fn is_taken_down(job: &Value) -> bool {
    job["status"] == 3
}

fn is_not_deleted(job: &Value) -> bool {
    job["status"] != 4
}

fn has_waiting_name(user: &Value) -> bool {
    !user["name_in_review"].is_null()
}

fn is_banned(user: &Value) -> bool {
    !user["ban"].is_null()
}

fn is_not_banned(user: &Value) -> bool {
    !is_banned(user)
}

fn is_refundable(order: &Value) -> bool {
    order["status"] == "paid" || order["status"] == "partly_refunded"
}

fn may_be_noted(order: &Value) -> bool {
    order["status"] == "refunding" || is_refundable(order) || !order["review"].is_null()
}

const JOB_COLUMNS: &str = "job_id positions status:job address salary_min salary_max owner_id>user.user_id created_at top_end";
const ORDER_COLUMNS: &str = "order_no goods:goods quantity amount status:order refund_due user_id>user created_at paid_at";

pub const LISTS: &[List] = &[
    List {
        filters: "area_id? status:job? text? owner_id?",
        opens: Some(("job", &["job_id"])),
        sorted_by: "created_at",
        ..List::new("jobs", "list_jobs", "jobs", JOB_COLUMNS)
    },
    List {
        opens: Some(("job", &["job_id"])),
        sorted_by: "at",
        ..List::new(
            "reports",
            "list_reports",
            "reports",
            "report_id reason:report positions job_id>job status:job owner_id>user.user_id user_id>user at",
        )
    },
    List {
        opens: Some(("user", &["user_id"])),
        sorted_by: "user_id",
        ..List::new("names", "list_names", "names", "user_id>user name current_name")
    },
    List {
        filters: "user_id?",
        find: Some(Find { command: "find_user", fields: "phone? openid?" }),
        needs_filter: true,
        opens: Some(("user", &["user_id"])),
        ..List::new("users", "find_user", "users", "user_id name phone banned created_at closed_at")
    },
    List {
        filters: "day?",
        opens: Some(("order", &["order_id"])),
        sorted_by: "created_at",
        ..List::new("orders", "list_orders", "orders", ORDER_COLUMNS)
    },
    List {
        opens: Some(("order", &["order_no"])),
        sorted_by: "order_no",
        ..List::new(
            "orders-to-review",
            "list_orders_to_review",
            "list",
            "order_no reason:review reported refund_due amount status:order user_id>user at",
        )
    },
    List {
        opens: Some(("reconciliation", &["day"])),
        sorted_by: "day",
        ..List::new(
            "reconciliations",
            "list_reconciliations",
            "reconciliations",
            "day status:reconciliation difference_count payments_here payments_there paid_here paid_there refunds_here refunds_there refunded_here refunded_there at",
        )
    },
    List {
        actions: &[Action::new("set_price", &[])],
        ..List::new("prices", "list_prices", "prices", "goods:goods quantity price from until per_user")
    },
    List {
        filters: "user_id",
        needs_filter: true,
        opens: Some(("job", &["job_id"])),
        sorted_by: "created_at",
        ..List::new("user-jobs", "list_user_jobs", "jobs", "job_id positions status:job address created_at top_end")
    },
    List {
        filters: "user_id",
        needs_filter: true,
        opens: Some(("order", &["order_id"])),
        sorted_by: "created_at",
        ..List::new(
            "user-orders",
            "list_user_orders",
            "orders",
            "order_no goods:goods quantity amount status:order refund_due created_at paid_at",
        )
    },
    List {
        filters: "user_id",
        needs_filter: true,
        sorted_by: "at",
        ..List::new("vouchers", "list_vouchers", "entries", "entry_id type:voucher_entry title change at note.reason note.by")
    },
    List {
        filters: "user_id",
        needs_filter: true,
        sorted_by: "at",
        ..List::new(
            "contacts",
            "list_contacts",
            "contacts",
            "contact_id direction:direction positions job_id>job other_user_id>user.user_id other_name other_phone at",
        )
    },
    List {
        filters: "user_id",
        needs_filter: true,
        ..List::new("pictures", "list_pictures", "pictures", "path name uploaded_at")
    },
];

pub const DETAILS: &[Detail] = &[
    Detail {
        keys: &["job_id"],
        title: &["positions"],
        facts: &[
            Facts {
                name: "job",
                fields: "job_id status:job positions description salary_min salary_max owner_id>user.user_id contact_person_name contact created_at updated_at refreshed_at top_start top_end",
            },
            Facts { name: "place", fields: "address areas longitude latitude" },
            Facts { name: "benefits", fields: "basic_protection salary_benefits attendance_leave" },
            Facts { name: "moderation", fields: "moderation.texts:verdict moderation.pictures:verdict moderation.retry_at" },
            Facts { name: "removal", fields: "removal.reason removal.by removal.at pictures_erased_at" },
            Facts { name: "photos", fields: "photo_urls" },
        ],
        related: &[("user-jobs", &[("user_id", "owner_id")])],
        actions: &[
            Action::new("approve_job", JOB).when(is_waiting).tone(Tone::Good),
            Action::new("take_down_job", JOB).when(is_shown).tone(Tone::Bad),
            Action::new("restore_job", JOB).when(is_taken_down).tone(Tone::Good),
            Action::new("delete_job", JOB).when(is_not_deleted).tone(Tone::Bad),
            Action::new("close_reports", JOB).when(is_shown),
            Action::new("ban_user", OWNER).tone(Tone::Bad),
        ],
        reveals: Some(Reveals { family: "jobboard", kind: "job", id: &["job_id"], fields: &["contact"] }),
        ..Detail::new("job", "show_job", "jobs")
    },
    Detail {
        keys: &["user_id"],
        title: &["name", "user_id"],
        facts: &[
            Facts {
                name: "user",
                fields: "user_id name name_in_review sex:sex phone openid address inviter_id>user.user_id created_at closed_at balance",
            },
            Facts { name: "ban", fields: "ban.reason ban.by ban.at" },
            Facts { name: "sessions", fields: "sessions.epoch sessions.ended_at" },
            Facts {
                name: "counts",
                fields: "counts.jobs counts.deleted_jobs counts.orders counts.contacts_out counts.contacts_in counts.collected_jobs counts.voucher_entries",
            },
        ],
        related: &[
            ("user-jobs", &[("user_id", "user_id")]),
            ("user-orders", &[("user_id", "user_id")]),
            ("vouchers", &[("user_id", "user_id")]),
            ("contacts", &[("user_id", "user_id")]),
            ("pictures", &[("user_id", "user_id")]),
        ],
        actions: &[
            Action::new("approve_name", WAITING_NAME).when(has_waiting_name).tone(Tone::Good),
            Action::new("reject_name", WAITING_NAME).when(has_waiting_name).tone(Tone::Bad),
            Action::new("adjust_vouchers", USER),
            Action::new("end_user_sessions", USER),
            Action::new("ban_user", USER).when(is_not_banned).tone(Tone::Bad),
            Action::new("unban_user", USER).when(is_banned).tone(Tone::Good),
            Action::new("export_person", &[("objects", "_object")]),
            Action::new("erase_person", &[("objects", "_object")]).tone(Tone::Bad),
        ],
        reveals: Some(Reveals { family: "jobboard", kind: "user", id: &["user_id"], fields: &["phone", "openid", "address"] }),
        ..Detail::new("user", "show_user", "users")
    },
    Detail {
        keys: &["day"],
        title: &["day"],
        facts: &[
            Facts { name: "reconciliation", fields: "day status:reconciliation difference_count at bill ledgers vouchers" },
            Facts {
                name: "bill",
                fields: "payments_here payments_there paid_here paid_there refunds_here refunds_there refunded_here refunded_there",
            },
        ],
        tables: &[Table {
            name: "differences",
            columns: "kind:difference order_no>order transaction_id refund_no user_id>user here there",
        }],
        ..Detail::new("reconciliation", "show_reconciliation", "reconciliations")
    },
    Detail {
        keys: &["order_id", "order_no"],
        title: &["order_no"],
        facts: &[
            Facts {
                name: "order",
                fields: "order_no order_id status:order refund_due goods:goods quantity amount amount_paid amount_refunded amount_refundable job_id>job user_id>user created_at paid_at transaction_id",
            },
            Facts {
                name: "shipping",
                fields: "shipping.status:shipping shipping.attempts shipping.report_at shipping.errcode",
            },
            Facts { name: "review", fields: "review.reason:review review.reported review.at" },
        ],
        tables: &[
            Table {
                name: "refunds",
                columns: "refund_no amount status:refund origin:refund_origin reason by at settled_at vouchers seconds second_payment",
            },
            Table {
                name: "timeline",
                columns: "at event:event reported outcome:outcome reason:review refund_no note transaction_id by",
            },
        ],
        actions: &[
            Action::new("refund_order", PAYMENT).when(is_refundable).tone(Tone::Bad),
            Action::new("query_order", PAYMENT),
            Action::new("note_order", PAYMENT),
            Action::new("refund_note", PAYMENT).when(may_be_noted),
        ],
        ..Detail::new("order", "show_order", "orders")
    },
];
