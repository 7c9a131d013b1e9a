//! Members that a client may send under another name.

use deserr::Deserr;

use super::empty::is_empty;
use super::{Faults, Json};
use crate::error::{Error, Fault, Result};

/// Other names of members, each with the member's own name.
pub type Synonyms = &'static [(&'static str, &'static str)];

impl Json {
    /// Parses an object as a request type. A fault has the name under which the client sent the member. A client may send a member under
    /// both names if the values are equal or one is empty.
    pub fn read_with<T: Deserr<Faults>>(mut self, synonyms: Synonyms) -> Result<T> {
        let (mut renamed, mut faults) = (Vec::new(), Vec::new());
        if let Some(members) = self.0.as_object_mut() {
            for (other, own) in synonyms {
                let Some(value) = members.shift_remove(*other) else { continue };
                match members.get(*own) {
                    Some(stated) if *stated == value || is_empty(&value) => {}
                    Some(stated) if !is_empty(stated) => faults.push(Fault::new(*other, format!("differs from {own}"))),
                    _ => {
                        members.insert((*own).to_owned(), value);
                        renamed.push((*own, *other));
                    }
                }
            }
        }
        if !faults.is_empty() {
            return Err(Error::invalid(faults));
        }
        self.read().map_err(|error| {
            let as_sent = |fault: &Fault| match renamed.iter().find(|(own, _)| *own == fault.field) {
                Some((_, other)) => Fault::new(*other, fault.reason.clone()),
                None => fault.clone(),
            };
            Error::invalid(error.faults().iter().map(as_sent).collect::<Vec<_>>())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, deserr::Deserr)]
    #[deserr(error = Faults)]
    struct Numbers {
        one: u8,
        two: u8,
    }

    #[test]
    fn a_member_has_either_name_and_its_fault_the_name_that_was_sent() {
        let read = |text: &str| {
            let read = Json::parse(text.as_bytes()).unwrap().read_with::<Numbers>(&[("eins", "one"), ("zwei", "two")]);
            read.map_err(|error| {
                error.faults().iter().map(|fault| format!("{} {}", fault.field, fault.reason)).collect::<Vec<_>>()
            })
        };
        for text in [
            r#"{"one":1,"two":2}"#,
            r#"{"eins":1,"two":2}"#,
            r#"{"zwei":2,"eins":1,"one":1}"#,
            r#"{"eins":1,"one":"","two":2,"zwei":" "}"#,
        ] {
            assert_eq!(read(text), Ok(Numbers { one: 1, two: 2 }), "{text}");
        }
        assert_eq!(read(r#"{"eins":1,"one":2,"two":2}"#), Err(vec!["eins differs from one".to_owned()]));
        assert_eq!(read(r#"{"eins":"x"}"#), Err(vec!["eins must be an integer".to_owned(), "two is required".to_owned()]));
    }
}
