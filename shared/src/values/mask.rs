//! Masked forms of personal values, for lists and pages: they show enough to recognize a person. Staff reveal the whole value one by one.

/// How much a caller sees of what is masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Masked,
    /// The caller records who looked.
    Whole,
}

impl Sight {
    pub fn phone(self, number: &str) -> String {
        self.of(number, phone)
    }

    pub fn name(self, text: &str) -> String {
        self.of(text, name)
    }

    fn of(self, text: &str, mask: fn(&str) -> String) -> String {
        if self == Self::Whole { text.to_owned() } else { mask(text) }
    }
}

/// `13800138000` as `138****8000`; a number of another length keeps its last four digits at most.
pub fn phone(number: &str) -> String {
    between(number, 3, 4)
}

/// `110101199001011234` as `1101**********1234`.
pub fn id_number(number: &str) -> String {
    between(number, 4, 4)
}

/// `6222021234567890123` as `6222***********0123`.
pub fn account(number: &str) -> String {
    between(number, 4, 4)
}

/// `张三丰` as `张**`.
pub fn name(name: &str) -> String {
    between(name, 1, 0)
}

/// An e-mail address, a postal address or an id of another system: its first two characters.
pub fn text(text: &str) -> String {
    match text.chars().count() {
        0 => String::new(),
        1 | 2 => "****".to_owned(),
        _ => text.chars().take(2).chain("****".chars()).collect(),
    }
}

/// The first and the last characters, and an asterisk for each other one. A short text shows at most a quarter of its length at each end.
fn between(text: &str, first: usize, last: usize) -> String {
    let length = text.chars().count();
    let is_short = first + last >= length || (first + last) * 2 > length + 3;
    let (first, last) = if is_short { (first.min(length / 4), last.min(length / 4)) } else { (first, last) };
    let is_shown = |at: usize| at < first || at >= length - last;
    text.chars().enumerate().map(|(at, letter)| if is_shown(at) { letter } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_and_last_characters_stay() {
        for (masked, expected) in [
            (phone("13800138000"), "138****8000"),
            (phone("+85291234567"), "+85*****4567"),
            (phone("12345"), "1***5"),
            (id_number("110101199001011234"), "1101**********1234"),
            (id_number("A1234567"), "A1****67"),
            (account("6222021234567890123"), "6222***********0123"),
            (name("张三丰"), "张**"),
            (name("张"), "*"),
            (name(""), ""),
            (text("zhangsan@example.com"), "zh****"),
            (text("北京"), "****"),
            (text(""), ""),
        ] {
            assert_eq!(masked, expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn about_half_is_hidden(value in "[0-9a-zX+]{1,40}") {
            for masked in [phone(&value), id_number(&value), account(&value), name(&value)] {
                proptest::prop_assert_eq!(masked.chars().count(), value.chars().count());
                proptest::prop_assert!(masked.matches('*').count() * 2 >= value.chars().count().saturating_sub(3), "{}", masked);
            }
        }
    }
}
