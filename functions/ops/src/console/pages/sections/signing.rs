//! 签约申请, and what platforms offer to workers.

use serde_json::Value;

use super::super::define::{Action, Detail, Facts, Find, List, Reveals, Table, Tone};

const APPLICATION: &[(&str, &str)] = &[("platform_code", "platform_code"), ("em_id", "em_id"), ("version", "version")];
/// A row of the list. Its platform is that of the filter.
const ROW: &[(&str, &str)] = &[("platform_code", "?platform_code"), ("em_id", "em_id"), ("version", "version")];

fn is_applied(application: &Value) -> bool {
    application["status"] == 1
}

fn is_approved(application: &Value) -> bool {
    application["status"] == 2
}

fn is_open(application: &Value) -> bool {
    is_applied(application) || is_approved(application)
}

fn is_unverified(application: &Value) -> bool {
    application["verify_status"] != 2
}

pub const LISTS: &[List] = &[
    List {
        filters: "platform_code! status:application? company_id? from? to?",
        find: Some(Find { command: "list_applications", fields: "name? phone? id_number?" }),
        opens: Some(("application", &["platform_code", "em_id"])),
        batch: &[
            Action::new("approve_application", ROW),
            Action::new("sign_application", ROW),
            Action::new("reject_application", ROW).tone(Tone::Bad),
            Action::new("cancel_application", ROW).tone(Tone::Bad),
        ],
        sorted_by: "apply_time",
        ..List::new(
            "applications",
            "list_applications",
            "applications",
            "em_id real_name status:application verify_status:verified company_name work_pos apply_time",
        )
    },
    List {
        actions: &[Action::new("set_platform", &[])],
        sorted_by: "platform_code",
        ..List::new(
            "platforms",
            "list_platforms",
            "platforms",
            "platform_code name status:directory_status require_verified company_uuid",
        )
    },
    List {
        filters: "platform_code!",
        actions: &[Action::new("set_company", &[])],
        sorted_by: "company_id",
        ..List::new("companies", "list_companies", "companies", "company_id company_name status:directory_status")
    },
    List {
        filters: "platform_code!",
        actions: &[Action::new("set_handler", &[])],
        sorted_by: "handler_id",
        ..List::new(
            "handlers",
            "list_handlers",
            "handlers",
            "handler_id username name=real_name phone email status:directory_status",
        )
    },
    List {
        filters: "platform_code!",
        actions: &[Action::new("set_contract", &[])],
        sorted_by: "contract_id",
        ..List::new(
            "contracts",
            "list_contracts",
            "contracts",
            "contract_id contract_name contract_body company_id sign_year file_url status:directory_status",
        )
    },
    List {
        filters: "platform_code!",
        actions: &[Action::new("set_positions", &[])],
        ..List::new("positions", "list_positions", "positions", "name status:directory_status")
    },
    List {
        filters: "platform_code!",
        actions: &[Action::new("set_dictionary", &[])],
        sorted_by: "dict_item",
        ..List::new("dictionaries", "list_dictionaries", "dictionaries", "dict_item entries")
    },
];

pub const DETAILS: &[Detail] = &[Detail {
    keys: &["platform_code", "em_id"],
    title: &["real_name", "em_id"],
    facts: &[
        Facts {
            name: "signing",
            fields: "em_id status:application verify_status:verified reason company_name ad_user_id work_pos apply_time version erased_at",
        },
        Facts {
            name: "person",
            fields: "resume.real_name resume.gender:gender resume.age resume.nation resume.marital_sts:marital resume.political_sts:political resume.phone resume.id_number resume.addr resume.province_name resume.city_name resume.county_name",
        },
        Facts {
            name: "account",
            fields: "resume.acct_type:residence resume.acct_prc_name resume.acct_city_name resume.acct_coy_name resume.acct_addr",
        },
        Facts { name: "contact", fields: "resume.em_contact_name resume.em_contact_relationship resume.em_contact_phone" },
        Facts { name: "experience", fields: "resume.work_exp resume.employee_edu" },
        Facts { name: "terms", fields: "terms.contract_id terms.entry_date terms.salary terms.work_pos" },
    ],
    tables: &[
        Table { name: "moves", columns: "at from:application to:application by:mover" },
        Table { name: "verifications", columns: "at from:verified to:verified by:mover" },
    ],
    actions: &[
        Action::new("approve_application", APPLICATION).when(is_applied).tone(Tone::Good),
        Action::new("sign_application", APPLICATION).when(is_approved).tone(Tone::Good),
        Action::new("set_verify_status", APPLICATION).when(is_unverified),
        Action::new("reject_application", APPLICATION).when(is_open).tone(Tone::Bad),
        Action::new("cancel_application", APPLICATION).when(is_open).tone(Tone::Bad),
    ],
    reveals: Some(Reveals {
        family: "signing",
        kind: "application",
        id: &["platform_code", "em_id"],
        fields: &[
            "resume.phone",
            "resume.id_number",
            "resume.addr",
            "resume.acct_addr",
            "resume.em_contact_name",
            "resume.em_contact_phone",
        ],
    }),
    ..Detail::new("application", "show_application", "applications")
}];
