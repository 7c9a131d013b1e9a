//! The shapes of the characters: three fonts, each of which draws every character of [`ALPHABET`] in its own way.
//!
//! A shape is a text, so that a font is a table that a person can read and change. A point is two hexadecimal digits: x to the right
//! from 0 to 8, y down from 0 to c. Spaces separate the points of a stroke, commas the strokes. A stroke that begins with `~` is a
//! smooth curve through its points; the others are straight from point to point.

use super::Point;

/// Sixteen characters that people tell apart even when a curve crosses them: at most one of 0 O D Q, of 1 I L, of 2 Z, of 5 S, of 4 A,
/// of C G, of E F, of P R, of U V Y and of H K N X, and neither 8 nor B.
pub const ALPHABET: &str = "235679ACELMPTUWX";

/// How many fonts there are.
pub const FONTS: usize = 3;
/// The middle of the grid.
pub const MIDDLE: Point = (4., 6.);

/// The shapes of a character, one of each font: plain, with serifs, round.
fn shapes(character: char) -> Option<[&'static str; FONTS]> {
    Some(match character {
        '2' => ["~03 11 40 71 83 66 0c,0c 8c", "~13 20 50 72 74 47 0c,0c 8c 8a", "~12 40 73 56 1c,~1c 3b 5c 8b"],
        '3' => ["~02 20 50 73 55 36,~36 66 88 7b 4c 2c 0a", "02 00 70 35,~35 65 88 7b 4c 1c 0a", "~11 50 73 46,~46 79 5c 0b"],
        '5' => ["70 10 05,~05 34 65 88 7b 4c 2c 0a", "82 80 10 05,~05 44 75 88 7b 4c 1b 09", "70 20 16,~16 55 88 6b 3c 0b"],
        '6' => ["~70 32 06 09 2c 6c 89 66 36 08", "~82 60 30 04 08 2c 6c 89 66 36 08", "~50 14 09 3c 7b 87 46 09"],
        '7' => ["00 80 3c", "03 00 80 3c", "00 80,~80 56 3c,26 76"],
        '9' => ["~1c 5a 86 83 60 20 03 26 56 84", "~0a 2c 5c 88 84 60 20 03 26 56 84", "~3c 78 83 50 10 05 46 83"],
        'A' => ["0c 40 8c,28 68", "1c 40 7c,27 67,0c 3c,5c 8c", "~0c 04 30 50 84 8c,07 87"],
        'C' => ["~82 60 30 03 09 3c 6c 8a", "~83 60 30 03 09 3c 6c 8a,80 83", "~81 40 06 4c 8b"],
        'E' => ["80 00 0c 8c,06 66", "82 80 00,10 1c,0c 8c 8a,16 56,55 57", "~81 40 13 36,36 76,~36 09 4c 8b"],
        'L' => ["00 0c 8c", "10 1c,00 30,0c 8c 89", "~20 16 0c,~0c 3b 5c 8b"],
        'M' => ["0c 00 47 80 8c", "1c 10 47 70 7c,00 10,70 80,0c 2c,6c 8c", "~0c 20 48 60 8c"],
        'P' => ["0c 00 40,~40 71 83 75 46,46 06", "10 1c,00 40,~40 71 83 75 46,46 16,0c 3c", "0c 00,~02 50 83 57 07"],
        'T' => ["00 80,40 4c", "02 00 80 82,40 4c,2c 6c", "~02 31 61 80,~41 47 4c"],
        'U' => ["~00 07 2b 4c 6b 87 80", "~10 17 2b 4c 6b 77 70,00 20,60 80", "~00 08 3c 68 70,70 7c"],
        'W' => ["00 2c 45 6c 80", "10 2c 46 6c 70,00 20,60 80", "~00 2c 44 6c 80"],
        'X' => ["00 8c,80 0c", "10 7c,70 1c,00 20,60 80,0c 2c,6c 8c", "~00 23 69 8c,~80 63 29 0c"],
        _ => return None,
    })
}

/// The strokes of a character in a font, each a list of points on the grid. It is empty for a character outside of [`ALPHABET`].
pub fn strokes(character: char, font: usize) -> Vec<Vec<Point>> {
    let shape = shapes(character).and_then(|shapes| shapes.get(font).copied()).unwrap_or_default();
    let stroke = |text: &str| match text.strip_prefix('~') {
        Some(curved) => smooth(&points(curved), 5),
        None => points(text),
    };
    shape.split(',').map(stroke).filter(|stroke| stroke.len() > 1).collect()
}

fn points(text: &str) -> Vec<Point> {
    let point = |pair: &str| {
        let number = u8::from_str_radix(pair, 16).ok()?;
        Some((f32::from(number >> 4), f32::from(number & 15)))
    };
    text.split(' ').filter_map(point).collect()
}

/// A curve through these points (a Catmull-Rom spline), cut into this many straight pieces between two of them.
pub fn smooth(points: &[Point], pieces: u16) -> Vec<Point> {
    let mut curve: Vec<Point> = points.first().copied().into_iter().collect();
    for (place, pair) in points.windows(2).enumerate() {
        let (from, to) = (pair[0], pair[1]);
        let before = place.checked_sub(1).map_or(from, |before| points[before]);
        let after = points.get(place + 2).copied().unwrap_or(to);
        let at = |t: f32, a: f32, b: f32, c: f32, d: f32| {
            b + t * (c - a + t * (2. * a - 5. * b + 4. * c - d + t * (3. * (b - c) + d - a))) / 2.
        };
        for piece in 1..=pieces {
            let t = f32::from(piece) / f32::from(pieces);
            curve.push((at(t, before.0, from.0, to.0, after.0), at(t, before.1, from.1, to.1, after.1)));
        }
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_font_draws_every_character_in_its_own_way() {
        for character in ALPHABET.chars() {
            for font in 0..FONTS {
                let drawn = strokes(character, font);
                assert!(!drawn.is_empty(), "{character} {font}");
                assert!((0..font).all(|other| strokes(character, other) != drawn), "{character} {font}");
            }
            for shape in shapes(character).unwrap() {
                let pairs = shape.split([',', ' ']).map(|pair| pair.trim_start_matches('~').as_bytes());
                for pair in pairs {
                    assert!(matches!(pair, [b'0'..=b'8', b'0'..=b'9' | b'a'..=b'c']), "{character} {shape}");
                }
            }
        }
        assert!(strokes('O', 0).is_empty());
    }
}
