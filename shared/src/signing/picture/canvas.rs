//! The pixels of a captcha: coloured ink on coloured paper.
//!
//! The colours of the ink and the paper change slowly across the picture. They depend on the place alone, so a colour does not give
//! away which strokes belong to the same character, or which are a crossing curve.

use super::{Noise, Pen, Point};
use crate::error::{Error, Result};

/// Of the picture, in pixels.
pub const WIDTH: usize = 240;
/// Of the picture, in pixels.
pub const HEIGHT: usize = 80;

type Colour = [u8; 3];

/// Dark colours. A picture uses three.
const INKS: [Colour; 8] = [
    [0x1a, 0x2e, 0x78],
    [0x7a, 0x14, 0x2c],
    [0x12, 0x52, 0x3c],
    [0x5a, 0x1c, 0x74],
    [0x6e, 0x38, 0x08],
    [0x24, 0x30, 0x3c],
    [0x0a, 0x50, 0x66],
    [0x4e, 0x4a, 0x0c],
];
/// Light colours. A picture uses two.
const PAPERS: [Colour; 6] =
    [[0xfb, 0xe9, 0xd2], [0xe2, 0xee, 0xfa], [0xe4, 0xf4, 0xe0], [0xf6, 0xe4, 0xf0], [0xf4, 0xf2, 0xd8], [0xe8, 0xe6, 0xf8]];

/// How thick the edge of a hollow stroke is, in pixels.
const EDGE: f32 = 2.1;
/// How many shades the paper has.
const PAPER_SHADES: u8 = 16;
/// How many shades the ink has.
const INK_SHADES: u8 = 24;
/// How many steps are between the paper and the ink, both included.
const DENSITIES: u8 = 6;

pub struct Canvas {
    inks: [Colour; 3],
    papers: [Colour; 2],
    /// Where the waves of the colours begin, and how many pixels a wave is long.
    waves: [(f32, f32); 4],
    /// Where ink and paper are exchanged: the angle of these stripes, the width of one in pixels, and where they begin.
    stripes: (f32, f32, f32),
    /// How deep each pixel is in the strokes that have been traced, in pixels; negative outside.
    depth: Vec<f32>,
    /// How much ink each pixel has, from 0 to 1.
    ink: Vec<f32>,
}

impl Canvas {
    pub fn new(noise: &mut Noise) -> Self {
        let inks = [0; 3].map(|_| INKS[noise.below(INKS.len())]);
        let papers = [0; 2].map(|_| PAPERS[noise.below(PAPERS.len())]);
        let waves = [0; 4].map(|_| (noise.between(0., std::f32::consts::TAU), noise.between(9., 26.)));
        let stripes = (noise.within(0.8), noise.between(90., 170.), noise.between(0., 2.));
        Self { inks, papers, waves, stripes, depth: vec![f32::MIN; WIDTH * HEIGHT], ink: vec![0.; WIDTH * HEIGHT] }
    }

    /// Adds a stroke to those that [`Canvas::fill`] draws.
    pub fn trace(&mut self, stroke: &[Point], pen: Pen) {
        for pair in stroke.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = dx.hypot(dy).max(f32::EPSILON);
            let half = pen.half * (pen.flat + (1. - pen.flat) * dy.abs() / length);
            for y in pixels(from.1, to.1, half, HEIGHT) {
                for x in pixels(from.0, to.0, half, WIDTH) {
                    let (px, py) = (x as f32 + 0.5 - from.0, y as f32 + 0.5 - from.1);
                    let along = ((px * dx + py * dy) / (length * length)).clamp(0., 1.);
                    let (px, py) = (px - along * dx, py - along * dy);
                    let depth = &mut self.depth[y * WIDTH + x];
                    *depth = depth.max(half - (px * px + py * py).sqrt());
                }
            }
        }
    }

    /// Draws the strokes that have been traced since the last call.
    pub fn fill(&mut self, pen: Pen) {
        for (ink, depth) in self.ink.iter_mut().zip(&mut self.depth) {
            let mut more = (*depth + 0.5).clamp(0., 1.);
            if pen.hollow {
                more *= (EDGE + 0.5 - *depth).clamp(0., 1.);
            }
            *ink = ink.max(more);
            *depth = f32::MIN;
        }
    }

    /// The picture as a PNG with a palette: the papers, then for each shade of ink its mixtures with the paper.
    pub fn encode(self) -> Result<Vec<u8>> {
        let wave = |(start, length): (f32, f32), at: usize| (start + at as f32 / length).sin();
        let columns: Vec<(f32, f32)> = (0..WIDTH).map(|x| (wave(self.waves[0], x), wave(self.waves[1], x))).collect();
        let level = |share: f32, levels: u8| (share.clamp(0., 1.) * f32::from(levels - 1)).round() as u8;
        let mut pixels = Vec::with_capacity(WIDTH * HEIGHT);
        for y in 0..HEIGHT {
            let (row, sway) = (wave(self.waves[2], y), wave(self.waves[3], y));
            let down = y as f32 / HEIGHT as f32;
            for (x, column) in columns.iter().enumerate() {
                let across = x as f32 / WIDTH as f32;
                let stripe = self.stripe(x as f32, y as f32 + 5. * column.1);
                let ink = self.ink[y * WIDTH + x];
                pixels.push(match level(ink + stripe - 2. * ink * stripe, DENSITIES) {
                    0 => level((across + down) / 2. + 0.2 * column.0 * row, PAPER_SHADES),
                    density => {
                        let shade = level(across + 0.15 * sway + 0.1 * column.1, INK_SHADES);
                        PAPER_SHADES + shade * (DENSITIES - 1) + density - 1
                    }
                });
            }
        }
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, WIDTH as u32, HEIGHT as u32);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(self.palette().concat());
        let mut writer = encoder.write_header().map_err(Error::internal)?;
        writer.write_image_data(&pixels).map_err(Error::internal)?;
        writer.finish().map_err(Error::internal)?;
        Ok(file)
    }

    /// 1 where ink and paper are exchanged, 0 where they are not, and between 0 and 1 at the edge.
    fn stripe(&self, x: f32, y: f32) -> f32 {
        let (angle, width, start) = self.stripes;
        let place = ((x * angle.cos() + y * angle.sin()) / width + start).rem_euclid(2.);
        (0.5 + (0.5 - (place - 1.).abs()) * width).clamp(0., 1.)
    }

    fn palette(&self) -> Vec<Colour> {
        let share = |at: u8, levels: u8| f32::from(at) / f32::from(levels - 1);
        let mut palette: Vec<Colour> =
            (0..PAPER_SHADES).map(|shade| mix(self.papers[0], self.papers[1], share(shade, PAPER_SHADES))).collect();
        let paper = mix(self.papers[0], self.papers[1], 0.5);
        for shade in 0..INK_SHADES {
            let place = share(shade, INK_SHADES) * 2.;
            let ink =
                if place < 1. { mix(self.inks[0], self.inks[1], place) } else { mix(self.inks[1], self.inks[2], place - 1.) };
            palette.extend((1..DENSITIES).map(|density| mix(paper, ink, share(density, DENSITIES))));
        }
        palette
    }
}

/// The pixels of an axis that a stroke between two places can reach.
fn pixels(one: f32, other: f32, half: f32, count: usize) -> std::ops::Range<usize> {
    let limit = |at: f32| at.clamp(0., count as f32) as usize;
    limit((one.min(other) - half - 1.).floor())..limit((one.max(other) + half + 1.).ceil())
}

fn mix(one: Colour, other: Colour, share: f32) -> Colour {
    let share = share.clamp(0., 1.);
    std::array::from_fn(|channel| {
        let (one, other) = (f32::from(one[channel]), f32::from(other[channel]));
        (one + (other - one) * share).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of a colour as WCAG 2 defines it.
    fn luminance(colour: Colour) -> f32 {
        let [red, green, blue] = colour.map(|channel| {
            let channel = f32::from(channel) / 255.;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The luminance of each mixture of two of the colours.
    fn mixtures(colours: &[Colour]) -> impl Iterator<Item = f32> {
        let pairs = colours.iter().flat_map(|one| colours.iter().map(move |other| (*one, *other)));
        pairs.flat_map(|(one, other)| (0..=8).map(move |share| luminance(mix(one, other, share as f32 / 8.))))
    }

    #[test]
    fn every_ink_has_enough_contrast_on_every_paper() {
        let (lightest, darkest) = (mixtures(&INKS).fold(0., f32::max), mixtures(&PAPERS).fold(1., f32::min));
        let contrast = (darkest + 0.05) / (lightest + 0.05);
        assert!(contrast >= 4.5, "{contrast}");
    }

    #[test]
    fn a_palette_has_a_colour_for_every_pixel() {
        let canvas = Canvas::new(&mut Noise(1));
        let colours = usize::from(PAPER_SHADES) + usize::from(INK_SHADES) * usize::from(DENSITIES - 1);
        assert_eq!(canvas.palette().len(), colours);
        assert!(colours <= 256);
    }
}
