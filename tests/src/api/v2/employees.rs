//! /employees (document 003, 员工).

use serde_json::json;

use crate::support::product::{EMPLOYEE, EMPNO, MOBILE, Product, answered, body, employee, refusal};

#[tokio::test]
async fn one_path_finds_an_employee_by_uuid_number_and_phone() {
    let product = Product::furnished().await;
    let token = product.with_token(json!({}));
    for id in [EMPLOYEE, &EMPLOYEE.to_uppercase(), EMPNO, MOBILE] {
        let found = product.get(&format!("/api/v2/employees/{id}"), token.clone()).await;
        assert_eq!(found, body(answered(&employee())), "{id}");
    }
    let missing = refusal(404, 1102, "id does not exist");
    for id in ["00000000000000000000000000000000", "NORMAL-2", "18602836722"] {
        assert_eq!(product.get(&format!("/api/v2/employees/{id}"), token.clone()).await, missing, "{id}");
    }
}
