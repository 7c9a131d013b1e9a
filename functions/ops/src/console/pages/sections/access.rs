//! 渠道, 产品, 应用, 授权 and 事件推送: who calls the APIs, what channels pushed, and which events products get.

use serde_json::Value;

use super::super::define::{Action, Detail, Facts, List, Table, Tone};

const CHANNEL: &[(&str, &str)] = &[("appkey", "appkey")];
const KEY: &[(&str, &str)] = &[("access_key", "access_key")];
const APP: &[(&str, &str)] = &[("app_id", "app_id")];
const PRODUCT: &[(&str, &str)] = &[("product_id", "product_id")];
const WEBHOOK: &[(&str, &str)] = &[("product_id", "product_id"), ("company_uuid", "company_uuid")];
const EVENT: &[(&str, &str)] = &[("product_id", "product_id"), ("company_uuid", "company_uuid"), ("event_id", "event_id")];
const GRANT: &[(&str, &str)] = &[("app_id", "app_id"), ("grant_id", "grant_id")];

fn is_enabled(record: &Value) -> bool {
    record["enabled"] == true
}

fn is_active(grant: &Value) -> bool {
    grant["active"] == true
}

fn is_disabled(record: &Value) -> bool {
    record["enabled"] == false
}

fn is_sending(webhook: &Value) -> bool {
    webhook["state"] == "active"
}

fn is_stopped(webhook: &Value) -> bool {
    webhook["state"] != "active"
}

pub const LISTS: &[List] = &[
    List {
        actions: &[Action::new("create_channel", &[])],
        opens: Some(("records", &["appkey"])),
        row_actions: &[
            Action::new("rotate_channel_secret", CHANNEL),
            Action::new("retire_channel_secret", CHANNEL).tone(Tone::Bad),
            Action::new("revoke_channel_tokens", CHANNEL).tone(Tone::Bad),
            Action::new("disable_channel", CHANNEL).when(is_enabled).tone(Tone::Bad),
            Action::new("enable_channel", CHANNEL).when(is_disabled).tone(Tone::Good),
        ],
        sorted_by: "created_at",
        ..List::new("channels", "list_channels", "channels", "appkey name enabled secrets created_at")
    },
    List {
        filters: "appkey! kind:record_kind! channel_user_id? channel_company_id? channel_task_id? channel_application_id? start_date? end_date?",
        opens: Some(("record", &["appkey", "kind", "id"])),
        sorted_by: "created_at",
        ..List::new("records", "list_records", "records", "id name status server_id created_at updated_at version")
    },
    List {
        actions: &[Action::new("create_product", &[])],
        row_actions: &[
            Action::new("disable_product", PRODUCT).when(is_enabled).tone(Tone::Bad),
            Action::new("enable_product", PRODUCT).when(is_disabled).tone(Tone::Good),
        ],
        sorted_by: "product_id",
        ..List::new("products", "list_products", "products", "product_id name enabled")
    },
    List {
        filters: "company_uuid?",
        actions: &[Action::new("create_access_key", &[])],
        opens: Some(("access-key", &["product_id", "company_uuid"])),
        sorted_by: "created_at",
        ..List::new(
            "access-keys",
            "list_access_keys",
            "access_keys",
            "access_key product_id company_uuid enabled secrets created_at",
        )
    },
    List {
        filters: "company_uuid?",
        actions: &[Action::new("create_oauth_app", &[])],
        opens: Some(("app", &["app_id"])),
        sorted_by: "created_at",
        ..List::new("apps", "list_oauth_apps", "apps", "app_id name product_id company_uuid callback_url enabled created_at")
    },
    List {
        filters: "app_id? company_uuid?",
        needs_filter: true,
        row_actions: &[Action::new("revoke_grant", GRANT).when(is_active).tone(Tone::Bad)],
        sorted_by: "grant_id",
        ..List::new(
            "grants",
            "list_grants",
            "grants",
            "grant_id app_id company_uuid employee_uuid scopes granted_at expires_at last_used_at active",
        )
    },
    List {
        filters: "company_uuid?",
        actions: &[Action::new("put_webhook", &[])],
        opens: Some(("webhook", &["product_id", "company_uuid"])),
        sorted_by: "created_at",
        ..List::new(
            "webhooks",
            "list_webhooks",
            "webhooks",
            "product_id company_uuid origin state:webhook_state batches:flag created_at stopped_at",
        )
    },
    List {
        filters: "product_id? company_uuid?",
        needs_filter: true,
        opens: Some(("webhook-event", &["product_id", "company_uuid", "event_id"])),
        sorted_by: "created_at",
        ..List::new(
            "webhook-events",
            "list_webhook_events",
            "events",
            "event_id event_type:event_type object state:event_state attempt_count last_status last_failure:no_answer created_at",
        )
    },
];

pub const DETAILS: &[Detail] = &[
    Detail {
        keys: &["product_id", "company_uuid"],
        title: &["access_key"],
        facts: &[Facts { name: "access_key", fields: "access_key product_id company_uuid enabled created_at" }],
        tables: &[Table { name: "secrets", columns: "secret_id created_at" }],
        actions: &[
            Action::new("rotate_access_key", KEY),
            Action::new("retire_access_key_secret", KEY).tone(Tone::Bad),
            Action::new("disable_access_key", KEY).when(is_enabled).tone(Tone::Bad),
            Action::new("enable_access_key", KEY).when(is_disabled).tone(Tone::Good),
        ],
        ..Detail::new("access-key", "show_access_key", "access-keys")
    },
    Detail {
        keys: &["app_id"],
        title: &["name"],
        facts: &[Facts { name: "app", fields: "app_id name product_id company_uuid callback_url scopes enabled created_at" }],
        tables: &[Table { name: "secrets", columns: "secret_id created_at" }],
        related: &[("grants", &[("app_id", "app_id")])],
        actions: &[
            Action::new("rotate_oauth_app", APP),
            Action::new("retire_oauth_app_secret", APP).tone(Tone::Bad),
            Action::new("disable_oauth_app", APP).when(is_enabled).tone(Tone::Bad),
            Action::new("enable_oauth_app", APP).when(is_disabled).tone(Tone::Good),
        ],
        ..Detail::new("app", "show_oauth_app", "apps")
    },
    Detail {
        keys: &["product_id", "company_uuid"],
        title: &["product_id"],
        facts: &[Facts {
            name: "webhook",
            fields: "product_id company_uuid origin event_types scopes batches:flag contact_mobile state:webhook_state stopped_at created_at",
        }],
        tables: &[Table { name: "secrets", columns: "secret_id created_at" }],
        related: &[("webhook-events", WEBHOOK)],
        actions: &[
            Action::new("test_webhook", WEBHOOK),
            Action::new("replay_webhook_events", WEBHOOK),
            Action::new("put_webhook", WEBHOOK),
            Action::new("suspend_webhook", WEBHOOK).when(is_sending).tone(Tone::Bad),
            Action::new("resume_webhook", WEBHOOK).when(is_stopped).tone(Tone::Good),
            Action::new("delete_webhook", WEBHOOK).tone(Tone::Bad),
        ],
        ..Detail::new("webhook", "show_webhook", "webhooks")
    },
    Detail {
        keys: &["product_id", "company_uuid", "event_id"],
        title: &["event_id"],
        facts: &[Facts {
            name: "webhook_event",
            fields: "event_id event_type:event_type object state:event_state created_at product_id company_uuid",
        }],
        tables: &[Table { name: "attempts", columns: "at milliseconds status failure:no_answer" }],
        actions: &[Action::new("replay_webhook_event", EVENT)],
        ..Detail::new("webhook-event", "show_webhook_event", "webhook-events")
    },
    Detail {
        keys: &["appkey", "kind", "id"],
        title: &["record.id"],
        facts: &[Facts { name: "record", fields: "record.*" }],
        tables: &[Table { name: "history", columns: "at actor action fields reason outcome:outcome" }],
        ..Detail::new("record", "show_record", "records")
    },
];
