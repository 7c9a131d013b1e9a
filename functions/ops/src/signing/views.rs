//! Applications as staff see them. What is stored sealed is masked, unless a decision needs it and the look at it is recorded.

use serde_json::{Value, json};
use shared::signing::applications::Shown;
use shared::signing::resume::Resume;
use shared::signing::states::{Application, Move, Signing, Terms, Verification};
use shared::values::mask::{self, Sight};
use shared::values::{Moment, Text};

/// The sealed fields that [`whole`] shows in plain text.
pub const SHOWN: &[&str] = &[
    "real_name",
    "age",
    "gender",
    "nation",
    "marital_sts",
    "political_sts",
    "acct_type",
    "acct_prc_id",
    "acct_prc_name",
    "acct_city_id",
    "acct_city_name",
    "acct_coy_id",
    "acct_coy_name",
    "province_id",
    "province_name",
    "city_id",
    "city_name",
    "county_id",
    "county_name",
    "em_contact_relationship",
    "id_card_front",
    "id_card_back",
    "work_exp",
    "employee_edu",
    "origin",
    "terms",
];

/// An application in a list.
pub fn summary(Application { resume, signing, version, .. }: &Application, sight: Sight) -> Value {
    json!({
        "em_id": signing.em_id, "status": signing.state, "verify_status": signing.verify_status,
        "real_name": sight.name(resume.real_name.as_str()), "company_id": resume.company_id,
        "company_name": signing.company_name, "ad_user_id": resume.ad_user_id, "work_pos": resume.work_pos,
        "apply_time": signing.apply_time, "version": version,
    })
}

/// What became of an application that was decided on, masked.
pub fn decided(application: &Application) -> Value {
    let mut view = summary(application, Sight::Masked);
    history(&mut view, application);
    view
}

/// An application for a decision: in plain text but for numbers, addresses and the name of another person.
pub fn whole(Shown { application, id_card_front, id_card_back, .. }: &Shown) -> Value {
    let Application { resume, signing, .. } = application;
    let mut view = masked(application);
    view["real_name"] = json!(resume.real_name);
    let Resume { age, gender, nation, marital_sts, political_sts, acct_type, work_exp, employee_edu, .. } = resume;
    let plain = json!({
        "real_name": resume.real_name, "age": age, "gender": gender, "nation": nation, "marital_sts": marital_sts,
        "political_sts": political_sts, "acct_type": acct_type, "acct_prc_id": resume.acct_prc_id,
        "acct_prc_name": resume.acct_prc_name, "acct_city_id": resume.acct_city_id, "acct_city_name": resume.acct_city_name,
        "acct_coy_id": resume.acct_coy_id, "acct_coy_name": resume.acct_coy_name, "province_id": resume.province_id,
        "province_name": resume.province_name, "city_id": resume.city_id, "city_name": resume.city_name,
        "county_id": resume.county_id, "county_name": resume.county_name,
        "em_contact_relationship": resume.em_contact_relationship, "work_exp": work_exp.to_value(),
        "employee_edu": employee_edu.to_value(),
        "id_card_front": photo(&resume.id_card_front, id_card_front.as_deref()),
        "id_card_back": photo(&resume.id_card_back, id_card_back.as_deref()),
    });
    for (field, value) in plain.as_object().into_iter().flatten() {
        view["resume"][field] = value.clone();
    }
    view["terms"] = terms(signing);
    view["city"] = json!(signing.origin.city);
    view["location"] = json!(signing.origin.location);
    view
}

/// An application for who only reads: of the résumé the masked form of what has one, and the history.
pub fn masked(application: &Application) -> Value {
    let mut view = decided(application);
    let resume = &application.resume;
    view["resume"] = json!({
        "real_name": mask::name(resume.real_name.as_str()),
        "phone": resume.phone.as_ref().map(|phone| mask::phone(phone.as_str())),
        "id_number": resume.id_number.as_ref().map(|number| mask::id_number(number.as_str())),
        "addr": mask::text(resume.addr.as_str()), "acct_addr": mask::text(resume.acct_addr.as_str()),
        "em_contact_name": mask::name(resume.em_contact_name.as_str()),
        "em_contact_phone": mask::phone(resume.em_contact_phone.as_str()),
    });
    view
}

/// How the application came to be where it is.
fn history(view: &mut Value, Application { signing, .. }: &Application) {
    view["reason"] = json!(signing.reason);
    view["moves"] = signing.moves.iter().map(|Move { from, to, at, by }| change(json!(from), json!(to), at, by)).collect();
    let verifications = signing.verifications.iter();
    view["verifications"] =
        verifications.map(|Verification { from, to, at, by }| change(json!(from), json!(to), at, by)).collect();
    view["erased_at"] = json!(signing.erased_at);
}

fn terms(signing: &Signing) -> Value {
    let terms = signing.terms.as_ref().map(|terms| {
        let Terms { contract_id, entry_date, salary, work_pos } = terms;
        json!({"contract_id": contract_id, "entry_date": entry_date, "salary": salary.to_string(), "work_pos": work_pos})
    });
    json!(terms)
}

/// The address as the worker sent it, and the link to the picture if the worker uploaded it. No other address is fetched.
fn photo(address: &Text<0, 256>, link: Option<&str>) -> Value {
    json!({"address": address, "link": link})
}

fn change(from: Value, to: Value, at: &Moment, by: &Text<1, 64>) -> Value {
    json!({"from": from, "to": to, "at": at, "by": by})
}
