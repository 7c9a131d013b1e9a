//! 请求查询, 审计日志, 个人信息 and 成员.

use serde_json::Value;

use super::super::define::{Action, Detail, Facts, List, Reveals, Table, Tone};

const MEMBER: &[(&str, &str)] = &[("staff_id", "staff_id")];

fn is_enabled(member: &Value) -> bool {
    member["enabled"] == true
}

fn is_disabled(member: &Value) -> bool {
    member["enabled"] == false
}

pub const LISTS: &[List] = &[
    List {
        filters: "request_id? day?",
        needs_filter: true,
        ..List::new(
            "requests",
            "find_request",
            "requests",
            "at function method route command status code fields caller_kind caller ms",
        )
    },
    List {
        filters: "kind:failure! day?",
        ..List::new(
            "failures",
            "list_failures",
            "failures",
            "at function request_id>requests status code failed failed_sweeps:sweep ms",
        )
    },
    List {
        filters: "day? object? actor?",
        needs_filter: true,
        sorted_by: "at",
        ..List::new(
            "audit",
            "audit",
            "records",
            "at actor action:command object fields reason outcome:outcome by request_id>requests",
        )
    },
    List {
        needs_filter: true,
        actions: &[
            Action::new("find_person", &[]),
            Action::new("export_person", &[]),
            Action::new("erase_person", &[]).tone(Tone::Bad),
            Action::new("replay_erasures", &[]),
            Action::new("end_worker_sessions", &[]),
            Action::new("reseal", &[]),
        ],
        ..List::new("persons", "find_person", "objects", "object")
    },
    List {
        actions: &[Action::new("create_staff", &[])],
        opens: Some(("member", &["staff_id"])),
        sorted_by: "created_at",
        ..List::new(
            "staff",
            "list_staff",
            "staff",
            "staff_id name=real_name phone roles:role enabled has_second_factor created_at",
        )
    },
];

pub const DETAILS: &[Detail] = &[Detail {
    keys: &["staff_id"],
    title: &["name"],
    facts: &[Facts {
        name: "member",
        fields: "staff_id name=real_name phone roles:role enabled has_second_factor created_at assigned.platform_code assigned.companies assigned.handler_id",
    }],
    tables: &[Table { name: "sessions", columns: "created_at used_at" }],
    actions: &[
        Action::new("set_staff", MEMBER),
        Action::new("end_staff_sessions", MEMBER),
        Action::new("reset_second_factor", MEMBER).tone(Tone::Bad),
        Action::new("disable_staff", MEMBER).when(is_enabled).tone(Tone::Bad),
        Action::new("enable_staff", MEMBER).when(is_disabled).tone(Tone::Good),
    ],
    reveals: Some(Reveals { family: "staff", kind: "member", id: &["staff_id"], fields: &["phone"] }),
    ..Detail::new("member", "show_staff", "staff")
}];
