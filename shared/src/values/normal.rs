//! The normal form of what people paste: without invisible characters, with ASCII for full-width digits, letters and signs.

use icu_normalizer::ComposingNormalizerBorrowed;

/// Characters without a glyph of their own: controls of direction and width, soft hyphens, fillers, variation selectors, tags. These are the
/// characters with the property `Default_Ignorable_Code_Point` (Unicode Standard Annex #44).
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a reader sees nothing.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// A number, as of a phone or an identity card, as typed on a plain keyboard: white space is a plain space, and the ends are trimmed.
pub fn plain(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_invisible(*c));
    let plain: String = visible.map(|c| if c.is_whitespace() { ' ' } else { half_width(c) }).collect();
    plain.trim().to_owned()
}

/// Whether two texts look the same to a reader: invisible characters, surrounding white space and the composition of characters do not
/// count (Unicode, UAX #15, NFC).
pub fn is_same_text(one: &str, other: &str) -> bool {
    one == other || shown(one) == shown(other)
}

/// What a reader sees of a text: the same for texts that look the same.
pub fn shown(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    ComposingNormalizerBorrowed::new_nfc().normalize(visible.trim()).into_owned()
}

/// Whether an id is in its normal form: nothing in it is invisible or decomposed, no digit or letter is full-width, and white space is a plain
/// space. So no other id looks like it.
pub fn is_normal(id: &str) -> bool {
    let is_plain = |c: char| !is_invisible(c) && (c == ' ' || !c.is_whitespace()) && !half_width(c).is_ascii_alphanumeric();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || is_plain(c);
    id.chars().all(is_plain) && ComposingNormalizerBorrowed::new_nfc().is_normalized(id)
}

/// The ASCII character of a full-width form (U+FF01 to U+FF5E), or one of the dashes that keyboards offer for a hyphen.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_plain() {
        for (pasted, typed) in [
            ("\u{202d}13800138000\u{202c}", "13800138000"),
            ("\u{feff}１３８００１３８０００\u{200b}", "13800138000"),
            ("\u{a0}138\u{3000}0013\u{2009}8000\n", "138 0013 8000"),
            ("＋86－13800138000", "+86-13800138000"),
            ("（０１０）１２３４\u{2013}５６７８", "(010)1234-5678"),
            ("11010519491231002ｘ", "11010519491231002x"),
            ("\u{200b}\u{feff} \u{3164}", ""),
        ] {
            assert_eq!(plain(pasted), typed, "{pasted:?}");
        }
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (one, other) in
            [("张三", "张三\u{200b}"), ("张三", "\u{feff}张三\u{a0}"), ("José", "Jose\u{301}"), ("樂", "\u{f914}")]
        {
            assert!(is_same_text(one, other), "{other:?}");
        }
        for (one, other) in [("张三", "张 三"), ("张三", "张三丰"), ("a", "A"), ("１", "1")] {
            assert!(!is_same_text(one, other), "{other:?}");
        }
    }

    #[test]
    fn an_id_is_normal_or_it_is_not() {
        for id in ["NORMAL-1", "工号 1", "A#甲", "é", "沪（2024）1号", "1–2"] {
            assert!(is_normal(id), "{id:?}");
        }
        for id in
            ["A\u{200b}", "\u{feff}1", "A\u{2066}1", "A\u{a0}1", "A\u{3000}1", "１", "Ａ1", "e\u{301}", "\u{f914}", "1\u{fe0f}"]
        {
            assert!(!is_normal(id), "{id:?}");
        }
    }

    #[test]
    fn a_text_of_nothing_visible_is_blank() {
        for blank in ["", " ", "\u{a0}", "\u{3000}", "\u{200b}", "\u{200b} \u{feff}\n", "\u{2060}\u{3164}"] {
            assert!(is_blank(blank), "{blank:?}");
        }
        assert!(!is_blank("\u{200b}.\u{200b}"));
    }
}
