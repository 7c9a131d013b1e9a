use jiff::SignedDuration;
use serde_json::{Value, json};

use super::SETTLED_AFTER;
use crate::support::resource::{COMPANIES, TASKS, number};
use crate::support::{Partner, Stage, document, problem, success, world};

#[tokio::test]
async fn the_documents_example_is_stored_and_returned_whole() {
    let stage = Stage::open().await;
    let partner = TASKS.partner(&stage.address).await;
    let whole = TASKS.stores_as(&partner, document::example("channel_task_id"), &TASKS.example()).await;
    assert_eq!(whole["created_at"], "2024-01-15T10:30:00Z");
}

#[tokio::test]
async fn another_channels_task_does_not_exist() {
    let (owner, other) = (TASKS.partner(world()).await, TASKS.partner(world()).await);
    owner.push_examples(&["tasks"]).await;
    let missing = problem(404, 1001, &[("channel_task_id", "does not exist")]);
    assert_eq!(other.get(&TASKS.example_path()).await, missing);
    assert_eq!(other.put(&TASKS.example_path(), &json!({"task_name": "别的"})).await, missing);
    TASKS.lists(&other, "", &[]).await;
}

#[tokio::test]
async fn a_task_is_created_once() {
    TASKS.is_created_once(json!({"status": "closed"}), ("recruit_count", 101.into())).await;
}

#[tokio::test]
async fn a_task_is_open_and_its_salary_in_yuan_by_default() {
    let partner = TASKS.partner(world()).await;
    for (count, field) in ["status", "salary.currency"].into_iter().enumerate() {
        let (mut body, mut expected) = (TASKS.without(field), TASKS.example());
        body["channel_task_id"] = format!("default.{count}").into();
        expected["channel_task_id"] = body["channel_task_id"].clone();
        let whole = TASKS.stores_as(&partner, &body.to_string(), &expected).await;
        let again = partner.post(TASKS.path, &expected).await;
        let created = json!({"task_id": whole["task_id"], "channel_task_id": whole["channel_task_id"], "created_at": whole["created_at"]});
        assert_eq!(again, success(created), "a default value that is sent is the same content");
    }
}

#[tokio::test]
async fn a_patch_is_merged_into_the_task() {
    TASKS
        .merges(&[
            (json!({"channel_task_id": "merged.0"}), &[]),
            (
                json!({"work_location": null, "recruit_count": 1}),
                &[("work_location", Value::Null), ("recruit_count", 1.into())],
            ),
            (
                json!({"salary": {"amount": 19.99, "settlement_type": null}}),
                &[("salary.amount", number("19.99")), ("salary.settlement_type", Value::Null)],
            ),
            (json!({"salary": {"currency": null}}), &[]),
            (json!({"salary": null}), &[("salary", Value::Null)]),
            (json!({"status": "suspended"}), &[("status", "suspended".into())]),
            (json!({"status": null}), &[]),
        ])
        .await;
}

#[tokio::test]
async fn a_closed_task_may_be_opened_again() {
    let partner = TASKS.partner(world()).await;
    partner.push_examples(&["tasks"]).await;
    for status in ["closed", "open", "suspended", "closed", "suspended", "open"] {
        let response = partner.put(&TASKS.example_path(), &json!({"status": status})).await;
        assert_eq!((response.status, &response.body["data"]["status"]), (200, &status.into()));
    }
}

#[tokio::test]
async fn a_patch_that_makes_the_task_invalid_is_rejected() {
    let recruitment = "must not be before recruitment_start_time";
    let work = "must not be before work_start_time";
    TASKS
        .rejects_patches(&[
            (json!({"task_name": null}), 400, &[("task_name", "is required")]),
            (json!({"salary": {"amount": null}}), 400, &[("salary.amount", "is required")]),
            (json!({"channel_task_id": "T2"}), 400, &[("channel_task_id", "is not the id in the path")]),
            (json!({"recruitment_end_time": "2024-01-19T23:59:59Z"}), 400, &[("recruitment_end_time", recruitment)]),
            (json!({"recruitment_start_time": "2024-02-11T00:00:00Z"}), 400, &[("recruitment_end_time", recruitment)]),
            (json!({"work_start_time": "2024-02-15T18:00:01Z"}), 400, &[("work_end_time", work)]),
            (
                json!({"work_end_time": "2024-01-01T00:00:00Z", "recruitment_end_time": "2024-01-01T00:00:00Z"}),
                400,
                &[("recruitment_end_time", recruitment), ("work_end_time", work)],
            ),
            (json!({"channel_company_id": "C2"}), 404, &[("channel_company_id", "does not exist")]),
        ])
        .await;
}

#[tokio::test]
async fn a_task_may_move_to_another_company_of_the_channel() {
    let partner = TASKS.partner(world()).await;
    COMPANIES.stores(&partner, &COMPANIES.with("channel_company_id", "C2")).await;
    partner.push_examples(&["tasks"]).await;
    let moved = partner.put(&TASKS.example_path(), &json!({"channel_company_id": "C2"})).await;
    assert_eq!((moved.status, &moved.body["data"]["channel_company_id"]), (200, &"C2".into()));
    TASKS.lists(&partner, "channel_company_id=C2", &["T20240101001"]).await;
    TASKS.lists(&partner, "channel_company_id=C20240101001", &[]).await;
}

#[tokio::test]
async fn only_a_change_moves_updated_at() {
    let stage = Stage::open().await;
    let partner = TASKS.partner(&stage.address).await;
    let mut whole = TASKS.stores(&partner, &TASKS.example()).await;
    stage.clock.advance(SignedDuration::from_secs(3600));
    assert_eq!(partner.put(&TASKS.example_path(), &whole).await, success(whole.clone()));
    whole["recruit_count"] = 99.into();
    whole["updated_at"] = "2024-01-15T11:30:00Z".into();
    assert_eq!(partner.put(&TASKS.example_path(), &json!({"recruit_count": 99})).await, success(whole));
}

#[tokio::test]
async fn a_task_that_was_never_posted_cannot_be_changed() {
    let partner = TASKS.partner(world()).await;
    let missing = problem(404, 1001, &[("channel_task_id", "does not exist")]);
    assert_eq!(partner.put(&TASKS.example_path(), &TASKS.example()).await, missing);
    TASKS.absent(&partner, "T20240101001").await;
}

#[tokio::test]
async fn a_task_of_a_company_that_the_channel_does_not_have_is_not_stored() {
    let (partner, other) = (Partner::join(world()).await, Partner::join(world()).await);
    other.push_examples(&["companies"]).await;
    let missing = problem(404, 1001, &[("channel_company_id", "does not exist")]);
    assert_eq!(partner.post(TASKS.path, &TASKS.example()).await, missing);
    TASKS.absent(&partner, "T20240101001").await;
    TASKS.lists(&partner, "", &[]).await;
}

#[tokio::test]
async fn missing_required_fields_of_a_task_are_named() {
    let partner = TASKS.partner(world()).await;
    let all = [
        "channel_task_id",
        "channel_company_id",
        "task_name",
        "task_type",
        "recruit_count",
        "recruitment_start_time",
        "recruitment_end_time",
    ]
    .map(|field| (field, "is required"));
    TASKS.rejects(&partner, &json!({}), &all).await;
    let salary = ["salary.salary_type", "salary.amount"].map(|field| (field, "is required"));
    for (field, reason) in all.into_iter().chain(salary) {
        TASKS.rejects(&partner, &TASKS.without(field), &[(field, reason)]).await;
    }
    TASKS.rejects_each(&partner, "task_name", "must not be empty", ["", "\t"]).await;
}

#[tokio::test]
async fn absent_optional_fields_of_a_task_are_not_returned() {
    let partner = TASKS.partner(world()).await;
    let optional = ["work_start_time", "work_end_time", "wage_description", "recruitment_description", "work_location"];
    let fields = optional.into_iter().chain(["job_requirements", "salary", "salary.settlement_type"]);
    for (count, field) in fields.enumerate() {
        let mut body = TASKS.without(field);
        body["channel_task_id"] = format!("lacking.{count}").into();
        TASKS.stores(&partner, &body).await;
    }
}

#[tokio::test]
async fn every_spelling_of_the_documents_lists_is_kept_as_sent() {
    let partner = TASKS.partner(world()).await;
    let types = ["短期工", "长期工", "兼职", "实习生", "short_term", "long_term", "part_time", "intern"];
    TASKS.accepts(&partner, "task_type", types).await;
    let salaries = ["hourly", "daily", "monthly", "piece", "时薪", "日薪", "月薪", "计件", "按件"];
    TASKS.accepts(&partner, "salary.salary_type", salaries).await;
    TASKS.accepts(&partner, "salary.settlement_type", ["日结", "周结", "月结", "完工结"]).await;
    TASKS.accepts(&partner, "status", ["open", "closed", "suspended"]).await;
    TASKS.accepts(&partner, "salary.currency", ["CNY", "USD", "HKD", "JPY"]).await;
}

#[tokio::test]
async fn a_value_outside_the_documents_lists_is_rejected() {
    let partner = TASKS.partner(world()).await;
    let types = "must be one of: short_term long_term part_time intern 短期工 长期工 兼职 实习生";
    TASKS.rejects_each(&partner, "task_type", types, ["", "全职", "full_time", "Short_Term", "short_term "]).await;
    let salaries = "must be one of: hourly daily monthly piece 时薪 日薪 月薪 计件 按件";
    TASKS.rejects_each(&partner, "salary.salary_type", salaries, ["", "年薪", "yearly", "MONTHLY"]).await;
    let settlements = "must be one of: 日结 周结 月结 完工结";
    TASKS.rejects_each(&partner, "salary.settlement_type", settlements, ["年结", "daily"]).await;
    TASKS.rejects_each(&partner, "status", "must be one of: open closed suspended", ["Open", "关闭", "pending"]).await;
    let currencies = "must be a currency code of ISO 4217";
    TASKS.rejects_each(&partner, "salary.currency", currencies, ["cny", "RMB", "CNYX", "XXX", "人民币"]).await;
}

#[tokio::test]
async fn a_period_may_be_an_instant_but_not_run_backwards() {
    let partner = TASKS.partner(world()).await;
    TASKS.accepts(&partner, "recruitment_end_time", ["2024-01-20T00:00:00Z"]).await;
    TASKS.accepts(&partner, "work_end_time", ["2024-02-01T08:00:00Z"]).await;
    let before = ["2024-01-19T23:59:59Z", "2024-01-20T07:59:59+08:00"];
    TASKS.rejects_each(&partner, "recruitment_end_time", "must not be before recruitment_start_time", before).await;
    let before = ["2024-02-01T07:59:59Z", "2024-02-01T15:59:59+08:00"];
    TASKS.rejects_each(&partner, "work_end_time", "must not be before work_start_time", before).await;
    let reason = "must be an RFC 3339 time, such as 2024-01-15T10:30:00Z";
    for field in ["recruitment_start_time", "recruitment_end_time", "work_start_time", "work_end_time"] {
        TASKS.rejects_each(&partner, field, reason, ["2024-02-30T00:00:00Z", "2024-02-01", "1706774400"]).await;
    }
}

#[tokio::test]
async fn numbers_of_a_task_are_exact_and_within_their_limits() {
    let partner = TASKS.partner(world()).await;
    TASKS.accepts(&partner, "salary.amount", ["0", "0.29", "19.99", "999999999999.99"].map(number)).await;
    TASKS.rejects_each(&partner, "salary.amount", "must have at most 2 decimals", ["0.001", "19.999"].map(number)).await;
    TASKS.rejects_each(&partner, "salary.amount", "must be from 0 to 1000000000000", ["-0.01", "-5000"].map(number)).await;
    TASKS.accepts(&partner, "recruit_count", [1, 1_000_000]).await;
    TASKS.rejects_each(&partner, "recruit_count", "must be from 1 to 1000000", [0, -1, 1_000_001]).await;
    TASKS
        .rejects_each(&partner, "recruit_count", "must be an integer", ["1.5", "1e400", "18446744073709551616"].map(number))
        .await;
}

/// Five tasks of two companies, a second apart. Returns their ids, oldest first.
async fn some_tasks(stage: &Stage) -> Partner {
    let partner = TASKS.partner(&stage.address).await;
    COMPANIES.stores(&partner, &COMPANIES.with("channel_company_id", "C2")).await;
    let tasks = [
        ("a", "C2", "open"),
        ("b", "C20240101001", "closed"),
        ("c", "C2", "closed"),
        ("d", "C20240101001", "open"),
        ("e", "C2", "suspended"),
    ];
    for (id, company, status) in tasks {
        stage.clock.advance(SignedDuration::from_secs(1));
        let mut body = TASKS.with("channel_task_id", id);
        body["channel_company_id"] = company.into();
        body["status"] = status.into();
        TASKS.stores(&partner, &body).await;
    }
    partner
}

#[tokio::test]
async fn tasks_are_listed_newest_first_and_filtered() {
    let stage = Stage::open().await;
    let partner = some_tasks(&stage).await;
    for (query, ids) in [
        ("", &["e", "d", "c", "b", "a"][..]),
        ("status=&page=", &["e", "d", "c", "b", "a"]),
        ("channel_company_id=C2", &["e", "c", "a"]),
        ("channel_company_id=C20240101001", &["d", "b"]),
        ("channel_company_id=C3", &[]),
        ("status=open", &["d", "a"]),
        ("status=closed", &["c", "b"]),
        ("status=suspended", &["e"]),
        ("channel_company_id=C2&status=closed", &["c"]),
        ("channel_company_id=C20240101001&status=suspended", &[]),
    ] {
        TASKS.lists(&partner, query, ids).await;
    }
    stage.clock.advance(SETTLED_AFTER);
    for (query, ids) in [
        ("updated_after=2024-01-15T10:30:03Z", &["c", "d", "e"][..]),
        ("updated_after=2024-01-15T18:30:03%2B08:00&status=closed", &["c"]),
        ("updated_after=2024-01-15T10:30:02Z&channel_company_id=C2", &["c", "e"]),
        ("updated_after=2024-01-15T10:30:04Z&channel_company_id=C2&status=suspended", &["e"]),
        ("updated_after=2024-01-15T10:30:06Z", &[]),
    ] {
        TASKS.lists(&partner, query, ids).await;
    }
}

#[tokio::test]
async fn a_task_changed_within_the_second_is_among_the_updated() {
    let stage = Stage::open().await;
    let partner = some_tasks(&stage).await;
    stage.clock.advance(SignedDuration::from_millis(5500));
    let changed = partner.put(&TASKS.path_of("b"), &json!({"status": "open"})).await;
    assert_eq!(changed.body["data"]["updated_at"], "2024-01-15T10:30:10Z");
    stage.clock.advance(SETTLED_AFTER);
    TASKS.lists(&partner, "updated_after=2024-01-15T10:30:10Z", &["b"]).await;
    TASKS.lists(&partner, "updated_after=2024-01-15T10:30:11Z", &[]).await;
    TASKS.lists(&partner, "status=open", &["d", "b", "a"]).await;
    TASKS.lists(&partner, "status=closed", &["c"]).await;
}

#[tokio::test]
async fn pages_reach_the_end_by_number_and_by_cursor() {
    let stage = Stage::open().await;
    let partner = some_tasks(&stage).await;
    let page = async |query: &str| {
        let response = partner.get(&format!("/api/v1/tasks?{query}")).await;
        assert_eq!(response.status, 200, "{query}: {response:?}");
        let data = &response.body["data"];
        let ids: String =
            data["list"].as_array().unwrap().iter().map(|task| task["channel_task_id"].as_str().unwrap()).collect();
        let rest = json!([data["total"], data["page"], data["page_size"]]);
        (ids, rest, data["next_cursor"].as_str().map(str::to_owned))
    };
    let (ids, rest, first) = page("page_size=2").await;
    assert_eq!((ids.as_str(), rest), ("ed", json!([5, 1, 2])));
    let (ids, rest, cursor) = page("page_size=2&page=2").await;
    assert_eq!((ids.as_str(), rest, cursor.is_some()), ("cb", json!([5, 2, 2]), true));
    assert_eq!(page("page_size=2&page=3").await, ("a".to_owned(), json!([5, 3, 2]), None));
    assert_eq!(page("page_size=2&page=4").await, (String::new(), json!([5, 4, 2]), None));
    assert_eq!(page("page_size=5").await, ("edcba".to_owned(), json!([5, 1, 5]), None));
    assert_eq!(page("page_size=100").await, ("edcba".to_owned(), json!([5, 1, 100]), None));

    let (ids, rest, second) = page(&format!("page_size=2&cursor={}", first.unwrap())).await;
    assert_eq!((ids.as_str(), rest), ("cb", json!([5, 2, 2])));
    let second = second.unwrap();
    assert_eq!(page(&format!("page_size=2&cursor={second}")).await, ("a".to_owned(), json!([5, 3, 2]), None));
    assert_eq!(page(&format!("page_size=1&cursor={second}")).await, ("a".to_owned(), json!([5, 3, 1]), None));

    let (ids, rest, cursor) = page("page_size=1&status=closed").await;
    assert_eq!((ids.as_str(), rest), ("c", json!([2, 1, 1])));
    let last = page(&format!("page_size=1&status=closed&cursor={}", cursor.unwrap())).await;
    assert_eq!(last, ("b".to_owned(), json!([2, 2, 1]), None));
}

#[tokio::test]
async fn a_cursor_opens_only_the_list_that_returned_it() {
    let stage = Stage::open().await;
    let (partner, other) = (some_tasks(&stage).await, Partner::join(&stage.address).await);
    let first = partner.get("/api/v1/tasks?page_size=1&status=closed").await;
    let cursor = first.body["data"]["next_cursor"].as_str().unwrap();
    let changed = format!("{}{}", if cursor.starts_with('A') { 'B' } else { 'A' }, &cursor[1..]);
    let rejected = problem(400, 1001, &[("cursor", "is not a cursor of this list and filter")]);
    for query in [
        format!("tasks?cursor={cursor}"),
        format!("tasks?status=open&cursor={cursor}"),
        format!("tasks?status=closed&channel_company_id=C2&cursor={cursor}"),
        format!("tasks?status=closed&updated_after=2024-01-15T10:30:00Z&cursor={cursor}"),
        format!("tasks?status=closed&cursor={changed}"),
        format!("tasks?status=closed&cursor={cursor}A"),
        format!("tasks?status=closed&cursor={}", &cursor[..cursor.len() - 1]),
        "tasks?status=closed&cursor=x".to_owned(),
        "tasks?cursor=%E5%BC%A0".to_owned(),
        format!("applications?cursor={cursor}"),
        format!("payments?cursor={cursor}"),
    ] {
        assert_eq!(partner.get(&format!("/api/v1/{query}")).await, rejected, "{query}");
    }
    assert_eq!(other.get(&format!("/api/v1/tasks?status=closed&cursor={cursor}")).await, rejected);
}

#[tokio::test]
async fn times_at_the_edges_of_the_calendar_are_returned_as_sent_or_rejected() {
    let partner = TASKS.partner(world()).await;
    TASKS.accepts(&partner, "recruitment_end_time", ["9999-12-31T23:59:59Z"]).await;
    let reason = "must be an RFC 3339 time, such as 2024-01-15T10:30:00Z";
    let beyond =
        ["0000-01-01T00:00:00+08:00", "9999-12-31T23:59:59-00:01", "2024-01-15T10:30:00+080", "2024-01-15T10:30:00,5Z"];
    TASKS.rejects_each(&partner, "recruitment_end_time", reason, beyond).await;
}
