//! The form of stored records. Two versions of a function read and write the same records during a roll-out, and a roll-back leaves records
//! that the newer one wrote. A version that does not know the form of a record fails instead of misreading it
//! (`docs/adr/0013-form-of-records.md`).
//!
//! | form | kinds of records | what an earlier version would misread |
//! |---|---|---|
//! | 1 | all | |
//!
//! A record without [`FORM`] has form 1. Entries of indexes, and counters that are added to in place, have no form.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Item;
use crate::error::{Error, Result};

/// The attribute with the form of a record that has a higher one than 1.
const FORM: &str = "form";
/// The highest form that this version reads.
const READ: u32 = 1;

/// Rejects items of a form that this version does not know. It is an internal error, which names the table and the form.
pub(super) fn check<'a>(table: &str, items: impl IntoIterator<Item = &'a Item>) -> Result<()> {
    let unknown = items.into_iter().find_map(|item| item.get(FORM).filter(|form| !is_known(form)));
    match unknown {
        None => Ok(()),
        Some(form) => {
            let form = form.as_n().map_or("no number", String::as_str);
            Err(Error::internal(format!("a record in {table} has form {form}, and this version reads forms up to {READ}")))
        }
    }
}

fn is_known(form: &AttributeValue) -> bool {
    form.as_n().is_ok_and(|digits| digits.parse().is_ok_and(|form: u32| form <= READ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::storage::table::Key;
    use crate::storage::table::attribute::{number, text};

    fn item(form: Option<AttributeValue>) -> Item {
        let mut item = Key::new("user#13800138000", "张三").into_item();
        item.extend(form.map(|form| (FORM.to_owned(), form)));
        item
    }

    fn message(items: &[Item]) -> Option<String> {
        check("hris", items).err().map(|error| error.to_string())
    }

    #[test]
    fn records_without_a_form_and_of_a_known_one_are_read() {
        assert_eq!(message(&[]), None);
        assert_eq!(message(&[item(None), item(Some(number(1))), item(Some(number(READ)))]), None);
    }

    #[test]
    fn what_is_no_number_is_no_known_form() {
        let expected = "Internal; a record in hris has form no number, and this version reads forms up to 1";
        assert_eq!(message(&[item(Some(text("1")))]).as_deref(), Some(expected));
    }

    proptest! {
        #[test]
        fn one_record_of_an_unknown_form_rejects_all_and_the_error_names_no_person(
            before in 0..4_usize, after in 0..4_usize, form in (READ + 1..).prop_map(u64::from)
        ) {
            let mut items = vec![item(None); before];
            items.push(item(Some(number(form))));
            items.extend(vec![item(Some(number(READ))); after]);
            let expected = format!("Internal; a record in hris has form {form}, and this version reads forms up to {READ}");
            prop_assert_eq!(message(&items), Some(expected));
        }
    }
}
