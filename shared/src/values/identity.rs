//! Identifiers of people, companies and accounts. Formats are always validated. Check digits are validated only if `STRICT_CHECKSUMS` is
//! set, because the examples of docs/contract/channel.txt have wrong ones.

use serde::{Deserialize, Serialize};

use super::normal::{is_blank, is_invisible, plain};
use super::{Date, Mobile, Reason, text_value};

/// Declares a newtype of a string. Its `Debug` text contains only the name of the type. It has `==`, because these values identify a person
/// or a company and prove nothing.
macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        identity! { #[derive(PartialEq, Eq)] $(#[$doc])* $name, compared below }
    };
    ($(#[$doc:meta])* $name:ident, compared below) => {
        $(#[$doc])*
        #[derive(Clone, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        text_value!($name);
    };
}

identity! {
    /// Text about a person that must not be logged: 0 to 64 printable characters.
    #[derive(Default)]
    Private
}

impl Private {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let text = if text.chars().all(is_invisible) { "" } else { text };
        let printable = text.chars().all(|c| !c.is_control());
        if printable && text.chars().count() <= 64 { Ok(Self(text.to_owned())) } else { Err("must be at most 64 characters") }
    }
}

impl From<Mobile> for Private {
    fn from(mobile: Mobile) -> Self {
        Self(mobile.into())
    }
}

impl From<ContactPhone> for Private {
    fn from(ContactPhone(number): ContactPhone) -> Self {
        Self(number)
    }
}

impl From<BankAccount> for Private {
    fn from(BankAccount(account): BankAccount) -> Self {
        Self(account)
    }
}

identity! {
    /// 身份证号码 (GB 11643): 17 digits that include a real date of birth, then a digit or X. An x is kept as sent; it is the same number.
    IdCard, compared below
}

impl IdCard {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        const REASON: Reason = "must be an 18-character identity number with a real date of birth";
        let text = plain(text).replace(' ', "");
        let bytes = text.as_bytes();
        let digits = bytes.len() == 18 && bytes[..17].iter().all(u8::is_ascii_digit);
        if !digits || !(bytes[17].is_ascii_digit() || matches!(bytes[17], b'X' | b'x')) {
            return Err(REASON);
        }
        let date = format!("{}-{}-{}", &text[6..10], &text[10..12], &text[12..14]);
        Date::parse(&date).map_err(|_| REASON)?;
        Ok(Self(text))
    }

    /// With a capital X.
    pub fn normal(&self) -> Self {
        Self(self.0.to_ascii_uppercase())
    }

    /// The date of birth.
    pub fn birthday(&self) -> Date {
        Date::of(self.born().unwrap_or_default())
    }

    fn born(&self) -> Option<jiff::civil::Date> {
        let part = |range: std::ops::Range<usize>| self.0.get(range)?.parse::<i16>().ok();
        let (month, day) = (i8::try_from(part(10..12)?).ok()?, i8::try_from(part(12..14)?).ok()?);
        jiff::civil::Date::new(part(6..10)?, month, day).ok()
    }

    /// An odd sequence number means male.
    pub fn is_male(&self) -> bool {
        self.0.as_bytes()[16] % 2 == 1
    }

    /// The check character of GB 11643 (ISO 7064, MOD 11-2).
    pub fn checksum_holds(&self) -> bool {
        const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = self.0.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        let expected = b"10X98765432"[(sum % 11) as usize];
        self.0.bytes().last().is_some_and(|last| last.eq_ignore_ascii_case(&expected))
    }
}

impl PartialEq for IdCard {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for IdCard {}

identity! {
    /// 统一社会信用代码 (GB 32100): 18 digits and capital letters.
    CreditCode
}

impl CreditCode {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let text = plain(text).replace(' ', "");
        if text.len() == 18 && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err("must be 18 digits and capital letters")
        }
    }

    /// The alphabet (no I, O, S, V, Z) and the check character of GB 32100 (MOD 31-3).
    pub fn checksum_holds(&self) -> bool {
        const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
        const WEIGHTS: [usize; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
        let values: Option<Vec<usize>> =
            self.0.bytes().map(|byte| ALPHABET.iter().position(|&letter| letter == byte)).collect();
        values.is_some_and(|values| {
            let sum: usize = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
            values.get(17) == Some(&((31 - sum % 31) % 31))
        })
    }
}

identity! {
    /// A mobile or landline number: 7 to 15 digits, with the usual separators.
    ContactPhone
}

impl ContactPhone {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let text = plain(text);
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let usual = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | ' ' | '(' | ')'));
        if usual && text.len() <= 25 && (7..=15).contains(&digits) { Ok(Self(text)) } else { Err("must be a phone number") }
    }
}

impl From<Mobile> for ContactPhone {
    fn from(mobile: Mobile) -> Self {
        Self(mobile.into())
    }
}

identity! {
    /// A bank account number, or an account name of a payment service.
    BankAccount
}

impl BankAccount {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let printable = text.chars().all(|c| !c.is_control());
        if printable && !is_blank(text) && text.chars().count() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be 1 to 64 characters")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_number_contains_a_real_date_of_birth() {
        assert!(IdCard::parse("110101199001011234").is_ok());
        for bad in
            ["", "11010119900101123", "110101199002301234", "110101199013011234", "11010119900101123Y", "1101011990010１１２３"]
        {
            assert!(IdCard::parse(bad).is_err(), "{bad}");
        }
    }

    /// The sample number of GB 11643-1999, and a widely published sample of GB 32100-2015.
    #[test]
    fn checksums_follow_the_standards() {
        assert!(IdCard::parse("11010519491231002X").unwrap().checksum_holds());
        assert!(!IdCard::parse("110101199001011234").unwrap().checksum_holds());
        assert!(CreditCode::parse("91350100M000100Y43").unwrap().checksum_holds());
        assert!(!CreditCode::parse("91110000MA00ABCD01").unwrap().checksum_holds());
    }

    #[test]
    fn debug_output_shows_no_value() {
        assert_eq!(format!("{:?}", IdCard::parse("110101199001011234")), "Ok(IdCard(..))");
    }
}
