//! One platform of the signing API, with companies, handlers, positions and a contract.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::command;
use super::hris::first_company;
use crate::functions::Functions;

#[derive(Clone, Serialize, Deserialize)]
pub struct Signing {
    pub platform_code: String,
    pub company_id: u32,
    pub handler_id: u32,
}

/// The companies of the platform.
pub const COMPANIES: [(u32, &str); 2] = [(12, "成都彩程软件设计有限公司"), (13, "邻家餐饮管理有限公司")];

pub async fn prepare(functions: &Functions, platform: &str) -> Result<Signing, String> {
    // Without verification, so that an application can be approved at once. The receiver on the home page gets the moves of applications.
    let demo = json!({
        "command": "set_platform", "platform_code": platform, "name": "演示平台", "require_verified": false,
        "company_uuid": first_company(),
    });
    command(functions, &demo).await?;
    let mut events: Vec<Value> = Vec::new();
    for (id, name) in COMPANIES {
        events.push(json!({"command": "set_company", "company": {"company_id": id, "company_name": name}}));
    }
    for (id, username, name) in [(12, "zhangsan", "张三"), (13, "lisi", "李四")] {
        let handler = json!({"handler_id": id, "username": username, "name": name, "phone": "13800138000"});
        events.push(json!({"command": "set_handler", "handler": handler}));
    }
    let positions = ["A岗位", "B岗位", "C岗位"].map(|name| json!({"name": name}));
    events.push(json!({"command": "set_positions", "positions": positions}));
    events.push(json!({"command": "set_contract", "contract": {
        "contract_id": 1, "contract_name": "劳动合同", "contract_body": "成都彩程软件设计有限公司", "company_id": 12, "sign_year": 3,
        "file_url": "https://files.example.com/contract.pdf",
    }}));
    for mut event in events {
        event["platform_code"] = platform.into();
        command(functions, &event).await?;
    }
    Ok(Signing { platform_code: platform.to_owned(), company_id: 12, handler_id: 12 })
}
