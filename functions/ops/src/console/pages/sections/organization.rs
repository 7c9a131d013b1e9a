//! 员工与组织: what the HR API stores.

use super::super::define::{Action, Detail, Facts, Find, List, Reveals, Table};

pub const LISTS: &[List] = &[
    List {
        filters: "company_uuid! department_uuid? status:employee_status?",
        find: Some(Find { command: "find_employee", fields: "empno? mobile? name?" }),
        opens: Some(("employee", &["company_uuid", "uuid>id"])),
        sorted_by: "empno",
        ..List::new(
            "employees",
            "list_employees",
            "employees",
            "empno name=real_name mobile status:employee_status department_uuid job_title",
        )
    },
    List {
        filters: "company_uuid!",
        is_tree: true,
        opens: Some(("employees", &["company_uuid", "uuid>department_uuid"])),
        ..List::new("departments", "list_departments", "departments", "name charger_name uuid")
    },
    List {
        actions: &[Action::new("create_bind_code", &[])],
        sorted_by: "uuid",
        ..List::new("hris-companies", "list_hris_companies", "companies", "uuid name full_name")
    },
    List {
        filters: "company_uuid?",
        opens: Some(("import-record", &["import_id"])),
        sorted_by: "started_at",
        ..List::new(
            "imports",
            "list_imports",
            "imports",
            "import_id kind:import_kind company_uuid source:import_source rows counts complete by started_at",
        )
    },
    List {
        filters: "company_uuid! from? to?",
        sorted_by: "announced_at",
        ..List::new("visits", "list_visits", "visits", "visit_uuid visitor visit_time employee_uuid announced_at")
    },
];

pub const DETAILS: &[Detail] = &[
    Detail {
        keys: &["import_id"],
        title: &["import_id"],
        facts: &[Facts {
            name: "import",
            fields: "import_id kind:import_kind company_uuid source:import_source bytes rows counts complete by started_at updated_at",
        }],
        tables: &[Table { name: "refused", columns: "line errors" }],
        ..Detail::new("import-record", "show_import", "imports")
    },
    Detail {
        keys: &["company_uuid", "id"],
        title: &["name", "empno"],
        facts: &[
            Facts {
                name: "employee",
                fields: "empno name=real_name status:employee_status category:employee_category department_uuid job_title job_grade company_uuid sub_company sub_company_uuid leader_uuid virtual_leader_uuid join_date probation_end_date leave_date administrator consent_epoch uuid",
            },
            Facts {
                name: "person",
                fields: "nickname sex:employee_sex birthday marriage id_number mobile phone_number email exmail wework_id dingtalk_id address bank_name bank_card photo avatar",
            },
        ],
        reveals: Some(Reveals {
            family: "hris",
            kind: "employee",
            id: &["company_uuid", "uuid"],
            fields: &[
                "id_number",
                "bank_card",
                "bank_name",
                "mobile",
                "phone_number",
                "email",
                "exmail",
                "address",
                "marriage",
                "birthday",
                "photo",
                "avatar",
                "dingtalk_id",
                "wework_id",
            ],
        }),
        ..Detail::new("employee", "show_employee", "employees")
    },
];
