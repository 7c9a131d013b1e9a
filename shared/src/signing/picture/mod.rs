//! The picture of a captcha.
//!
//! A program reads a captcha in two steps: it separates the characters, then it names each. The first step is the harder one for a
//! program, so the picture works against it: characters touch, the line bends, curves of the same colours cross it, ink and paper change
//! places in stripes, and neither the number of characters nor their places are known. For the second step each character has its own
//! font, pen, size, slant and rotation, and a wave bends all of them. People need contrast and size: the contrast is at least 4.5 to 1
//! (WCAG 2, level AA), a character is about 45 pixels high, and the crossing curves are thinner than most strokes.
//!
//! A captcha is one ceiling among several: a network that learns from tens of thousands of these pictures reads many of them.

mod canvas;
mod glyphs;

use canvas::{Canvas, HEIGHT, WIDTH};
pub use glyphs::ALPHABET;

use crate::error::Result;

/// x to the right, y down.
type Point = (f32, f32);

/// How wide a stroke is at a place, from the way that it goes.
#[derive(Clone, Copy)]
struct Pen {
    /// Half the width of a vertical stroke, in pixels.
    half: f32,
    /// How wide a horizontal stroke is, as a share of a vertical one.
    flat: f32,
    /// Only the edge of a stroke is drawn.
    hollow: bool,
}

/// A character at its size and slant, around the origin.
struct Glyph {
    strokes: Vec<Vec<Point>>,
    pen: Pen,
}

/// Pseudo-random numbers from a seed (SplitMix64). They determine only the look of a picture, so they need not be secure.
struct Noise(u64);

impl Noise {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number between two others.
    fn between(&mut self, least: f32, most: f32) -> f32 {
        least + (self.bits() >> 40) as f32 / (1u32 << 24) as f32 * (most - least)
    }

    /// A number from -`most` to `most`.
    fn within(&mut self, most: f32) -> f32 {
        self.between(-most, most)
    }

    /// A whole number below `count`.
    fn below(&mut self, count: usize) -> usize {
        (self.bits() % count as u64) as usize
    }
}

/// A PNG of the text: 240 by 80 pixels, in colour. The same text and seed give the same picture.
pub fn draw(text: &str, seed: u64) -> Result<Vec<u8>> {
    let mut noise = Noise(seed);
    let mut canvas = Canvas::new(&mut noise);
    let wave = Wave::new(&mut noise);
    let glyphs = line(text, &mut noise);
    for glyph in &glyphs {
        for stroke in &glyph.strokes {
            canvas.trace(&wave.bend(stroke), glyph.pen);
        }
        canvas.fill(glyph.pen);
    }
    for (curve, pen) in curves(&mut noise) {
        canvas.trace(&wave.bend(&curve), pen);
        canvas.fill(pen);
    }
    canvas.encode()
}

/// The characters side by side: each touches the one before, and the line bends up or down.
fn line(text: &str, noise: &mut Noise) -> Vec<Glyph> {
    let size = noise.between(3.6, 4.1);
    let mut glyphs: Vec<Glyph> = Vec::new();
    let mut edge = Edge::default();
    for character in text.chars() {
        let mut glyph = glyph(character, size, noise);
        let up = noise.within(3.);
        glyph.shift(0., up);
        let advance = if glyphs.is_empty() { 0. } else { edge.touch(&glyph) - noise.between(0., 1.2) };
        glyph.shift(advance, 0.);
        edge.add(&glyph);
        glyphs.push(glyph);
    }
    let (bow, turn) = (noise.within(6.), noise.within(5.));
    let width = extent(&glyphs, |point| point.0);
    for point in points(&mut glyphs) {
        let along = (point.0 - width.0) / (width.1 - width.0) * 2. - 1.;
        point.1 += bow * along * along + turn * along;
    }
    let height = extent(&glyphs, |point| point.1);
    let across = Fit::new(width, WIDTH as f32, noise);
    let down = Fit::new(height, HEIGHT as f32, noise);
    for point in points(&mut glyphs) {
        *point = (across.of(point.0), down.of(point.1));
    }
    glyphs
}

/// All points of the strokes.
fn points(glyphs: &mut [Glyph]) -> impl Iterator<Item = &mut Point> {
    glyphs.iter_mut().flat_map(|glyph| glyph.strokes.iter_mut().flatten())
}

/// The least and the greatest coordinate of the strokes.
fn extent(glyphs: &[Glyph], coordinate: impl Fn(&Point) -> f32) -> (f32, f32) {
    let all = glyphs.iter().flat_map(|glyph| glyph.strokes.iter().flatten()).map(coordinate);
    all.fold((f32::MAX, f32::MIN), |(least, most), at| (least.min(at), most.max(at)))
}

/// Moves the text along an axis to a random place of the picture. A text that is too long is compressed.
struct Fit {
    least: f32,
    scale: f32,
    start: f32,
}

impl Fit {
    /// What remains free at each end for the wave and half of a stroke, in pixels.
    const MARGIN: f32 = 7.5;

    fn new((least, most): (f32, f32), length: f32, noise: &mut Noise) -> Self {
        let room = length - 2. * Self::MARGIN;
        let scale = (room / (most - least)).min(1.);
        let free = room - (most - least) * scale;
        Self { least, scale, start: Self::MARGIN + noise.between(0., free) }
    }

    fn of(&self, at: f32) -> f32 {
        self.start + (at - self.least) * self.scale
    }
}

/// A character in a font, with a pen, at a size and a slant.
fn glyph(character: char, size: f32, noise: &mut Noise) -> Glyph {
    let font = noise.below(glyphs::FONTS);
    let hollow = noise.below(7) == 0;
    let half = if hollow { noise.between(3.3, 3.7) } else { noise.between(2.2, 3.1) };
    let flat = if font == 1 && !hollow { noise.between(0.7, 0.9) } else { noise.between(0.85, 1.) };
    let (wide, high) = (size * noise.between(0.8, 1.1), size * noise.between(0.8, 1.1));
    let (sin, cos) = noise.within(0.29).sin_cos();
    let shear = noise.within(0.2);
    let mut strokes = glyphs::strokes(character, font);
    for point in strokes.iter_mut().flatten() {
        let (x, y) = ((point.0 - glyphs::MIDDLE.0) * wide, (point.1 - glyphs::MIDDLE.1) * high);
        let x = x + shear * y;
        *point = (x * cos - y * sin, x * sin + y * cos);
    }
    Glyph { strokes, pen: Pen { half, flat, hollow } }
}

impl Glyph {
    fn shift(&mut self, dx: f32, dy: f32) {
        for point in self.strokes.iter_mut().flatten() {
            *point = (point.0 + dx, point.1 + dy);
        }
    }

    /// The places along the strokes, close to each other.
    fn places(&self) -> impl Iterator<Item = Point> {
        self.strokes.iter().flat_map(|stroke| fine(stroke))
    }
}

/// How far to the right the text reaches in each band of rows.
#[derive(Default)]
struct Edge([Option<f32>; Edge::BANDS]);

impl Edge {
    const BANDS: usize = 24;
    /// The height of a band, in pixels.
    const BAND: f32 = 4.;

    /// A band that holds a place, and those above and below it: strokes have a width.
    fn bands(y: f32) -> std::ops::RangeInclusive<usize> {
        let band = (y / Self::BAND + Self::BANDS as f32 / 2.).clamp(2., Self::BANDS as f32 - 3.) as usize;
        band - 2..=band + 2
    }

    fn add(&mut self, glyph: &Glyph) {
        for (x, y) in glyph.places() {
            for band in Self::bands(y) {
                self.0[band] = Some(self.0[band].unwrap_or(f32::MIN).max(x + glyph.pen.half));
            }
        }
    }

    /// How far right a glyph must move for its strokes to touch the text. It reaches below or above the text by a twentieth of its width at
    /// most, because people do not recognise what is under the bar of a T.
    fn touch(&self, glyph: &Glyph) -> f32 {
        let mut least = f32::MIN;
        for (x, y) in glyph.places() {
            for band in Self::bands(y) {
                if let Some(most) = self.0[band] {
                    least = least.max(most + glyph.pen.half - x);
                }
            }
        }
        let (left, right) = glyph.places().fold((f32::MAX, f32::MIN), |(left, right), (x, _)| (left.min(x), right.max(x)));
        let end = self.0.iter().flatten().fold(f32::MIN, |end, most| end.max(*most));
        least.max(end - left - 0.05 * (right - left))
    }
}

/// The curves that cross the text, with their pens. They swing from high to low, because a flat one looks like a bar of a character.
fn curves(noise: &mut Noise) -> Vec<(Vec<Point>, Pen)> {
    let curve = |noise: &mut Noise| {
        let mut through = Vec::new();
        let (mut x, mut side) = (noise.between(-70., -20.), if noise.below(2) == 0 { 1. } else { -1. });
        while x < WIDTH as f32 + 80. {
            through.push((x, HEIGHT as f32 / 2. + side * noise.between(8., 32.)));
            (x, side) = (x + noise.between(38., 75.), -side);
        }
        (glyphs::smooth(&through, 16), Pen { half: noise.between(0.8, 1.3), flat: 1., hollow: false })
    };
    let count = 2 + noise.below(3).min(noise.below(3));
    (0..count).map(|_| curve(noise)).collect()
}

/// A smooth displacement of all points: a wave along each axis. Its numbers are the height in pixels, the turn for each pixel, and the
/// angle at which it begins.
struct Wave {
    x: (f32, f32, f32),
    y: (f32, f32, f32),
}

impl Wave {
    fn new(noise: &mut Noise) -> Self {
        let mut wave = |most: f32| {
            let turns = noise.between(1. / 75., 1. / 45.) * std::f32::consts::TAU;
            (noise.between(0.5, 1.) * most, turns, noise.between(0., std::f32::consts::TAU))
        };
        Self { x: wave(3.), y: wave(3.5) }
    }

    fn bend(&self, stroke: &[Point]) -> Vec<Point> {
        let wave = |(height, turns, start): (f32, f32, f32), at: f32| height * (at * turns + start).sin();
        fine(stroke).map(|(x, y)| (x + wave(self.x, y), y + wave(self.y, x))).collect()
    }
}

/// The places along a stroke, at most two pixels apart.
fn fine(stroke: &[Point]) -> impl Iterator<Item = Point> {
    let pieces = stroke.windows(2).flat_map(|pair| {
        let (from, to) = (pair[0], pair[1]);
        let count = ((to.0 - from.0).hypot(to.1 - from.1) / 2.).ceil().max(1.);
        (1..=count as u16).map(move |piece| {
            let t = f32::from(piece) / count;
            (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t)
        })
    });
    stroke.first().copied().into_iter().chain(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_draws_another_picture_and_the_same_seed_the_same() {
        let picture = draw("2ALE", 1).unwrap();
        assert_eq!(picture[..8], *b"\x89PNG\r\n\x1a\n");
        assert_ne!(picture, draw("2ALE", 2).unwrap());
        assert_ne!(picture, draw("2ALX", 1).unwrap());
        assert_eq!(picture, draw("2ALE", 1).unwrap());
    }

    #[test]
    fn every_picture_has_the_same_size_in_pixels_and_at_most_12_kilobytes() {
        for seed in 0..50 {
            for text in ["LLLL", "2ALEX", "WMWMWM"] {
                let picture = draw(text, seed).unwrap();
                assert_eq!(picture[16..24], [0, 0, 0, 240, 0, 0, 0, 80], "{text} {seed}");
                assert!(picture.len() < 12_000, "{text} {seed}: {} bytes", picture.len());
            }
        }
    }

    #[test]
    fn no_character_is_cut_by_the_edge_of_the_picture() {
        for seed in 0..500 {
            for text in ["2ALE", "WMWMWM"] {
                let mut noise = Noise(seed);
                let wave = Wave::new(&mut noise);
                for (x, y) in
                    line(text, &mut noise).iter().flat_map(|glyph| &glyph.strokes).flat_map(|stroke| wave.bend(stroke))
                {
                    let inside = (1. ..WIDTH as f32 - 1.).contains(&x) && (1. ..HEIGHT as f32 - 1.).contains(&y);
                    assert!(inside, "{text} {seed}: {x} {y}");
                }
            }
        }
    }
}
