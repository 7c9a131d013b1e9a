//! Lists that are requested without pages: a list that fits is returned whole, a longer one is rejected before it is read.

use std::io::Read as _;

use flate2::read::GzDecoder;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use crate::support::product::{Product, numbered, rejection, returned};
use crate::support::{Response, Stage};

const EMPLOYEES: &str = "/api/v2/employees";

fn too_many() -> Response {
    rejection(422, 2002, "pagination is required: there are too many to be given at once")
}

/// Requests all employees with this Accept-Encoding. Returns the response's encoding, length and content.
async fn whole(product: &Product, path: &str, accepted: &str) -> (Option<String>, usize, Response) {
    let (payload, tonce) = (product.with_token(json!({})).to_string(), product.tonce());
    let signature = product.sign("GET", path, &tonce, &payload);
    let query =
        [("access_key", product.access_key.as_str()), ("tonce", &tonce), ("signature", &signature), ("payload", &payload)];
    let request = product.http.get(format!("{}{path}", product.address.base_url)).query(&query);
    let response = request.header("accept-encoding", accepted).send().await.unwrap();
    let status = response.status().as_u16();
    let encoding = response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
    let bytes = response.bytes().await.unwrap();
    let mut json = Vec::new();
    match encoding.as_deref() {
        Some("gzip") => drop(GzDecoder::new(&bytes[..]).read_to_end(&mut json).unwrap()),
        _ => json.extend_from_slice(&bytes),
    }
    (encoding, bytes.len(), Response::new(status, serde_json::from_slice(&json).unwrap()))
}

#[tokio::test]
async fn a_response_that_only_fits_compressed_is_rejected_without_accept_encoding() {
    const LAMBDA: usize = 6 * 1024 * 1024;
    let product = Product::join().await;
    let rows: Vec<Value> = (1..=1000)
        .map(|number| {
            let mut row = numbered(number);
            for field in ["photo", "avatar"] {
                row[field] = format!("https://cdn.example.com/{number}/{}", "x".repeat(2000)).into();
            }
            for field in ["address", "email", "exmail"] {
                row[field] = "张".repeat(255).into();
            }
            row
        })
        .collect();
    stream::iter(rows.chunks(250)).for_each_concurrent(4, |rows| product.imports("employees", rows)).await;
    let expected = Response { status: 200, body: rows.iter().map(returned).collect() };
    assert!(expected.body.to_string().len() > LAMBDA);

    let (encoding, length, response) = whole(&product, EMPLOYEES, "gzip").await;
    assert_eq!(encoding.as_deref(), Some("gzip"));
    assert!(length < LAMBDA, "{length}");
    assert!(response == expected, "the list differs from the imported employees");

    let (encoding, length, response) = whole(&product, EMPLOYEES, "identity").await;
    assert_eq!((encoding, response), (None, too_many()));
    assert!(length < 1000, "{length}");
}

#[tokio::test]
async fn responses_over_64_kilobytes_are_compressed_if_the_client_accepts_it() {
    let product = Product::join().await;
    let rows: Vec<Value> = (1..=200).map(numbered).collect();
    product.imports("employees", &rows).await;
    let expected = Response { status: 200, body: rows.iter().map(returned).collect() };
    for (accepted, compressed) in
        [("gzip", true), ("gzip, deflate, br", true), ("identity", false), ("gzip;q=0", false), ("br", false)]
    {
        let (encoding, length, response) = whole(&product, EMPLOYEES, accepted).await;
        assert_eq!(encoding.as_deref(), compressed.then_some("gzip"), "{accepted}");
        assert_eq!(length < 64 * 1024, compressed, "{accepted}: {length}");
        assert_eq!(response, expected, "{accepted}");
    }
    let (encoding, _, one) = whole(&product, &format!("{EMPLOYEES}/000001"), "gzip").await;
    assert_eq!((encoding, one), (None, Response { status: 200, body: returned(&rows[0]) }));
}

/// Puts bare entries into the index of a company's employees, directly.
async fn seed(stage: &Stage, company: &str, count: usize) {
    let entries: Vec<Value> = (0..count)
        .map(|number| {
            json!({"PutRequest": {"Item": {
                "pk": {"S": format!("{company}#employee")}, "sk": {"S": format!("{number:032x}")},
                "ix1": {"S": format!("{company}#employee")}, "ixsk": {"S": format!("{number:06}")},
                "status": {"S": "regular"}, "name": {"S": "员工"},
            }}})
        })
        .collect();
    let put = async |entries: &[Value]| {
        let response = stage.database("BatchWriteItem", &json!({"RequestItems": {"hris": entries}})).await;
        if response["UnprocessedItems"] == json!({}) { Ok(()) } else { Err(response) }
    };
    stream::iter(entries.chunks(25)).map(put).buffer_unordered(8).try_collect::<Vec<()>>().await.unwrap();
}

#[tokio::test]
async fn a_list_of_more_than_ten_thousand_employees_is_rejected_before_it_is_read() {
    const COUNT: usize = 14_500;
    let stage = Stage::open().await;
    let product = Product::join_stage(&stage).await;
    seed(&stage, &product.company, COUNT).await;
    let behind = product.with_token(json!({"pagination": {"page": 1000, "page_size": 100}}));
    let none = json!({
        "currentPage": 1000, "pageSize": 100, "totalPages": 145, "totalCount": COUNT, "nextCursor": null, "employees": [],
    });
    stage.take_calls();
    assert_eq!(product.get(EMPLOYEES, behind).await, Response { status: 200, body: none });
    let all_of_it = stage.take_calls();
    assert_eq!(all_of_it.iter().filter(|call| *call == "Query").count(), 3);
    for filter in [json!({}), json!({"status": "regular"}), json!({"name": "员"})] {
        assert_eq!(product.get(EMPLOYEES, product.with_token(filter.clone())).await, too_many(), "{filter}");
        assert_eq!(stage.take_calls(), ["Query", "Query"], "{filter}");
    }
}
