//! Deliveries that a mini program reports: is_trade_managed and upload_shipping_info in WeChat's wire formats.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use shared::values::LocalTime;

use super::mini_program::{Parameters, Simulator, failure};
use super::orders::text;
use super::shipments::Shipments;

/// The longest description of the goods, in characters.
const LONGEST: usize = 120;

pub fn router() -> Router<Simulator> {
    Router::new()
        .route("/wxa/sec/order/is_trade_managed", post(is_trade_managed))
        .route("/wxa/sec/order/upload_shipping_info", post(report))
        .route("/simulate/shipping", get(list).post(manage))
}

async fn is_trade_managed(
    State(simulator): State<Simulator>,
    query: Parameters,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Json<Value>> {
    simulator.state().shipments.questions += 1;
    simulator.simulated_failure("is_trade_managed")?;
    let appid = simulator.app_of_token(&query)?;
    if body["appid"] != appid {
        return Err(failure(40013, "invalid appid"));
    }
    let is_managed = simulator.state().shipments.is_managed;
    Ok(Json(json!({"errcode": 0, "errmsg": "ok", "is_trade_managed": is_managed})))
}

async fn report(
    State(simulator): State<Simulator>,
    query: Parameters,
    Json(body): Json<Value>,
) -> Result<Json<Value>, Json<Value>> {
    simulator.state().shipments.reports += 1;
    simulator.simulated_failure("upload_shipping_info")?;
    simulator.app_of_token(&query)?;
    let description = text(&body["shipping_list"][0], "item_desc");
    let has_time = LocalTime::parse(&text(&body, "upload_time")).is_ok() && text(&body, "upload_time").ends_with("+08:00");
    let faults = [
        (10_060_014, "参数错误", body["order_key"]["order_number_type"] != 2 || !has_time),
        (10_060_005, "物流类型有误", body["logistics_type"] != 3),
        (10_060_014, "发货模式非法", body["delivery_mode"] != 1 || body["shipping_list"][1].is_object()),
        (10_060_008, "商品描述不能为空", description.is_empty()),
        (10_060_009, "商品描述太长", description.chars().count() > LONGEST),
    ];
    if let Some((errcode, errmsg, _)) = faults.iter().find(|(_, _, is_wrong)| *is_wrong) {
        return Err(failure(*errcode, errmsg));
    }
    let transaction_id = text(&body["order_key"], "transaction_id");
    let payer = {
        let merchant = simulator.merchant.state();
        let order = merchant.orders.find_paid(&transaction_id).ok_or_else(|| failure(10_060_001, "支付单不存在"))?;
        order.request["payer"].clone()
    };
    if body["payer"] != payer {
        return Err(failure(10_060_031, "该笔支付单不属于 openid 所指定的用户"));
    }
    let shipments = &mut simulator.state().shipments;
    if !shipments.is_managed {
        return Err(failure(48001, "api unauthorized"));
    }
    if shipments.accepted.iter().any(|known| known["order_key"] == body["order_key"]) {
        return Err(failure(10_060_002, "支付单已完成发货，无法继续发货"));
    }
    shipments.accepted.push(body);
    Ok(Json(json!({"errcode": 0, "errmsg": "ok"})))
}

async fn list(State(simulator): State<Simulator>) -> Json<Value> {
    let Shipments { is_managed, accepted, questions, reports } = &simulator.state().shipments;
    Json(json!({"is_managed": is_managed, "accepted": accepted, "questions": questions, "reports": reports}))
}

async fn manage(State(simulator): State<Simulator>, Json(options): Json<Value>) -> Json<Value> {
    simulator.state().shipments.is_managed = options["is_managed"] == true;
    list(State(simulator)).await
}
