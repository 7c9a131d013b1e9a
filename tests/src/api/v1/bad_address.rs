//! Queries, paths and methods that the API rejects.

use reqwest::Method;

use crate::support::resource::{APPLICATIONS, Faults, PAYMENTS, Resource, TASKS};
use crate::support::{Partner, document, problem, world};

#[tokio::test]
async fn an_invalid_query_of_a_list_is_rejected() {
    let partner = Partner::join(world()).await;
    let (size, page) = ("must be from 1 to 100", "must be from 1 to 1000000");
    let (moment, period) = ("must be an RFC 3339 time, such as 2024-01-15T10:30:00Z", "must be a date or an RFC 3339 time");
    let id = "must be 1 to 64 of A-Z a-z 0-9 . _ -";
    let everywhere = [
        ("page_size=101", &[("page_size", size)][..]),
        ("page_size=0", &[("page_size", size)]),
        ("page_size=-1", &[("page_size", size)]),
        ("page_size=abc", &[("page_size", size)]),
        ("page_size=1.5", &[("page_size", size)]),
        ("page_size=99999999999999999999", &[("page_size", size)]),
        ("page=0", &[("page", page)]),
        ("page=abc", &[("page", page)]),
        ("page=1000001", &[("page", page)]),
        ("page=1&cursor=x", &[("cursor", "cannot be combined with page")]),
        ("page=1&page=1", &[("page", "is given more than once")]),
        ("updated_after=yesterday", &[("updated_after", moment)]),
        ("updated_after=2024-01-15", &[("updated_after", moment)]),
        ("status=%00", &[("status", "must not contain NUL characters")]),
    ];
    let periods = [
        ("start_date=yesterday", &[("start_date", period)][..]),
        ("end_date=2024-02-30", &[("end_date", period)]),
        ("start_date=2024-01-02&end_date=2024-01-01", &[("end_date", "must not be before start_date")]),
        ("start_date=2024-01-01T00:00:01Z&end_date=2024-01-01T00:00:00Z", &[("end_date", "must not be before start_date")]),
    ];
    let (task, application) = ("must be one of: open closed suspended", "must be one of: pending accepted rejected cancelled");
    let (payment, payment_type) = ("must be one of: pending completed failed", "must be one of: user application");
    let own: [(&Resource, &[(&str, Faults<'_>)]); 3] = [
        (&TASKS, &[("status=pending", &[("status", task)]), ("channel_company_id=a%20b", &[("channel_company_id", id)])]),
        (
            &APPLICATIONS,
            &[
                ("status=open", &[("status", application)]),
                ("channel_user_id=%E5%BC%A0", &[("channel_user_id", id)]),
                ("channel_task_id=a/b&status=x&page=0", &[("channel_task_id", id), ("status", application), ("page", page)]),
            ],
        ),
        (
            &PAYMENTS,
            &[
                ("status=paid", &[("status", payment)]),
                ("payment_type=company", &[("payment_type", payment_type)]),
                ("channel_user_id=a+", &[("channel_user_id", id)]),
                ("channel_application_id=a%23", &[("channel_application_id", id)]),
            ],
        ),
    ];
    for (resource, own) in own {
        let periods = periods.iter().filter(|_| resource.path != TASKS.path);
        for (query, faults) in everywhere.iter().chain(periods).chain(own) {
            let path = format!("{}?{query}", resource.path);
            assert_eq!(partner.get(&path).await, problem(400, 1001, faults), "{path}");
        }
        resource.lists(&partner, "", &[]).await;
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let partner = Partner::join(world()).await;
    let unknown = problem(404, 1001, &[("path", "does not exist")]);
    for path in
        ["", "nothing", "users/a/b", "users/", "Users/a", "auth", "auth/tokens", "auth/token/x", "payments/a/b/c", "%00"]
    {
        let path = format!("/api/v1/{path}");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let response = partner.send(method.clone(), &path, None, (method != Method::GET).then(|| "{}".to_owned())).await;
            assert_eq!(response, unknown, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_have_is_rejected() {
    let partner = Partner::join(world()).await;
    let added = ["POST /uploads", "GET /uploads/:name"].map(str::to_owned);
    let endpoints: Vec<String> = document::endpoints().into_iter().chain(added).collect();
    assert_eq!(endpoints.len(), 22, "{endpoints:?}");
    let mut rejected = 0;
    for path in endpoints.iter().map(|endpoint| endpoint.split_once(' ').unwrap().1).collect::<std::collections::BTreeSet<_>>()
    {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            if endpoints.contains(&format!("{method} {path}")) {
                continue;
            }
            let path =
                format!("/api/v1{}", path.split(':').next().unwrap().to_owned() + if path.contains(':') { "a" } else { "" });
            let response = partner.send(method.clone(), &path, Some(&partner.token), None).await;
            assert_eq!(response, problem(405, 1001, &[("method", "is not allowed here")]), "{method} {path}");
            rejected += 1;
        }
    }
    assert_eq!(rejected, 14 * 6 - 22);
}
