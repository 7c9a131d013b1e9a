//! The picture of a captcha: characters drawn as strokes, slightly turned, sheared and moved, and crossed by two lines.
//!
//! Each character is a few polylines on a grid of 4 by 6, so no font is needed. The distance from the nearest stroke determines the
//! darkness of a pixel. Two pictures of the same text differ only by the noise of their seeds.

use crate::error::{Error, Result};

/// No two of these characters are easily confused: at most one of 0 O D Q, of 1 I L, of 2 Z, of 5 S, of 8 B and of U V is included.
pub const ALPHABET: &str = "234567ACEFHKMNPRTVXY";

const WIDTH: usize = 160;
const HEIGHT: usize = 60;
/// Half the width of a stroke, in pixels.
const PEN: f32 = 2.1;

type Point = (f32, f32);

/// The polylines of a character; x to the right from 0 to 4, y down from 0 to 6.
fn strokes(character: char) -> &'static [&'static [Point]] {
    match character {
        '2' => &[&[(0., 1.5), (0.6, 0.4), (2., 0.), (3.4, 0.4), (4., 1.6), (3.4, 2.9), (0., 6.), (4., 6.)]],
        '3' => &[&[
            (0.2, 0.6),
            (1.6, 0.),
            (3.2, 0.3),
            (3.8, 1.4),
            (3.2, 2.5),
            (1.6, 2.8),
            (3.4, 3.2),
            (4., 4.5),
            (3.2, 5.7),
            (1.6, 6.),
            (0., 5.3),
        ]],
        '4' => &[&[(3., 6.), (3., 0.), (0., 4.2), (4., 4.2)]],
        '5' => &[&[(3.8, 0.), (0.5, 0.), (0.2, 2.7), (2., 2.2), (3.5, 2.8), (4., 4.2), (3.3, 5.6), (1.6, 6.), (0., 5.3)]],
        '6' => &[&[
            (3.5, 0.2),
            (1.6, 0.8),
            (0.4, 2.6),
            (0., 4.3),
            (0.7, 5.6),
            (2., 6.),
            (3.4, 5.5),
            (4., 4.3),
            (3.4, 3.1),
            (2., 2.7),
            (0.7, 3.1),
            (0.1, 4.),
        ]],
        '7' => &[&[(0., 0.), (4., 0.), (1.5, 6.)]],
        'A' => &[&[(0., 6.), (2., 0.), (4., 6.)], &[(0.8, 4.), (3.2, 4.)]],
        'C' => &[&[(4., 1.), (3., 0.2), (1.6, 0.1), (0.4, 1.2), (0., 3.), (0.4, 4.8), (1.6, 5.9), (3., 5.8), (4., 5.)]],
        'E' => &[&[(4., 0.), (0., 0.), (0., 6.), (4., 6.)], &[(0., 3.), (3.2, 3.)]],
        'F' => &[&[(4., 0.), (0., 0.), (0., 6.)], &[(0., 3.), (3.2, 3.)]],
        'H' => &[&[(0., 0.), (0., 6.)], &[(4., 0.), (4., 6.)], &[(0., 3.), (4., 3.)]],
        'K' => &[&[(0., 0.), (0., 6.)], &[(4., 0.), (0., 3.4)], &[(1.4, 2.3), (4., 6.)]],
        'M' => &[&[(0., 6.), (0., 0.), (2., 3.6), (4., 0.), (4., 6.)]],
        'N' => &[&[(0., 6.), (0., 0.), (4., 6.), (4., 0.)]],
        'P' => &[&[(0., 6.), (0., 0.), (2.8, 0.), (3.8, 0.6), (4., 1.7), (3.6, 2.8), (2.6, 3.3), (0., 3.3)]],
        'R' => &[
            &[(0., 6.), (0., 0.), (2.8, 0.), (3.8, 0.6), (4., 1.6), (3.6, 2.6), (2.6, 3.1), (0., 3.1)],
            &[(2., 3.1), (4., 6.)],
        ],
        'T' => &[&[(0., 0.), (4., 0.)], &[(2., 0.), (2., 6.)]],
        'V' => &[&[(0., 0.), (2., 6.), (4., 0.)]],
        'X' => &[&[(0., 0.), (4., 6.)], &[(4., 0.), (0., 6.)]],
        'Y' => &[&[(0., 0.), (2., 2.9), (4., 0.)], &[(2., 2.9), (2., 6.)]],
        _ => &[],
    }
}

/// Pseudo-random numbers from a seed (SplitMix64). They determine only the noise of a picture, so they need not be secure.
struct Noise(u64);

impl Noise {
    /// A number from -`most` to `most`.
    fn within(&mut self, most: f32) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        ((bits >> 40) as f32 / (1u32 << 24) as f32 * 2. - 1.) * most
    }
}

/// A PNG of the text: 160 by 60 pixels, greyscale.
pub fn draw(text: &str, seed: u64) -> Result<Vec<u8>> {
    let mut noise = Noise(seed);
    let mut lines: Vec<(Point, Point, f32)> = Vec::new();
    let advance = WIDTH as f32 / (text.chars().count() as f32 + 0.6);
    for (place, character) in text.chars().enumerate() {
        let centre = (advance * (place as f32 + 0.8) + noise.within(4.), HEIGHT as f32 / 2. + noise.within(5.));
        let (sin, cos) = noise.within(0.32).sin_cos();
        let shear = noise.within(0.25);
        let scale = 6.2 + noise.within(0.7);
        let onto = |(x, y): Point| {
            let (x, y) = ((x - 2.) * scale * 0.95, (y - 3.) * scale);
            let x = x + shear * y;
            (centre.0 + x * cos - y * sin, centre.1 + x * sin + y * cos)
        };
        for polyline in strokes(character) {
            lines.extend(polyline.windows(2).map(|pair| (onto(pair[0]), onto(pair[1]), PEN)));
        }
    }
    for _ in 0..2 {
        let (left, right) = (HEIGHT as f32 / 2. + noise.within(22.), HEIGHT as f32 / 2. + noise.within(22.));
        lines.push(((0., left), (WIDTH as f32, right), 0.7));
    }
    let mut pixels = Vec::with_capacity(WIDTH * HEIGHT);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let point = (x as f32 + 0.5, y as f32 + 0.5);
            let ink =
                lines.iter().map(|(from, to, pen)| (pen - distance(point, *from, *to) + 0.5).clamp(0., 1.)).fold(0., f32::max);
            let paper = 236. + noise.within(16.);
            pixels.push((paper - ink * (190. + noise.within(20.))).clamp(0., 255.) as u8);
        }
    }
    encode(&pixels)
}

/// The distance of a point from the line between two others.
fn distance(point: Point, from: Point, to: Point) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = (dx * dx + dy * dy).max(f32::EPSILON);
    let along = (((point.0 - from.0) * dx + (point.1 - from.1) * dy) / length).clamp(0., 1.);
    (point.0 - from.0 - along * dx).hypot(point.1 - from.1 - along * dy)
}

fn encode(pixels: &[u8]) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH as u32, HEIGHT as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(Error::internal)?;
    writer.write_image_data(pixels).map_err(Error::internal)?;
    writer.finish().map_err(Error::internal)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_has_strokes_and_every_seed_draws_another_picture() {
        for character in ALPHABET.chars() {
            assert!(!strokes(character).is_empty(), "{character}");
        }
        let picture = draw("2AKY", 1).unwrap();
        assert_eq!(picture[..8], *b"\x89PNG\r\n\x1a\n");
        assert_ne!(picture, draw("2AKY", 2).unwrap());
        assert_eq!(picture, draw("2AKY", 1).unwrap());
    }
}
