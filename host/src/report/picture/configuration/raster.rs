//! The same configurations as pixels, for PNG: cells without text, in the order of the drawing.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

use super::{
    COLOURS, COLUMNAR, Covering, Dimer, MAX_PANELS, MAX_SIDE, MAX_STRIPS, STAGGERED, WIDTH,
};
use crate::error::{Error, Result};

const PAPER: [u8; 3] = [0xff; 3];
const EMPTY: [u8; 3] = [0xf4, 0xf2, 0xed];
const UP: [u8; 3] = [0x1f, 0x5f, 0xa8];
const POSITIVE: [u8; 3] = [0xbc, 0x24, 0x2c];
const NEGATIVE: [u8; 3] = [0x26, 0x62, 0xac];
/// Pixels between panels.
const GAP: usize = 12;

/// An image of red, green and blue, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Raster {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

/// A colour of [`COLOURS`].
fn colour(number: usize) -> [u8; 3] {
    let hex = &COLOURS[number % COLOURS.len()][1..];
    [0, 2, 4].map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap_or(0))
}

/// A colour between two, by a fraction of the second.
fn mixed(from: [u8; 3], to: [u8; 3], part: f32) -> [u8; 3] {
    let mix = |i: usize| f32::from(from[i]) * (1.0 - part) + f32::from(to[i]) * part;
    [0, 1, 2].map(|i| mix(i).round() as u8)
}

impl Raster {
    fn new(width: usize, height: usize, colour: [u8; 3]) -> Self {
        Raster {
            width,
            height,
            pixels: colour.repeat(width * height),
        }
    }

    fn fill(&mut self, [x, y]: [usize; 2], [wide, high]: [usize; 2], colour: [u8; 3]) {
        let (right, bottom) = ((x + wide).min(self.width), (y + high).min(self.height));
        for y in y..bottom {
            for pixel in self.pixels[3 * (y * self.width + x)..3 * (y * self.width + right)]
                .chunks_exact_mut(3)
            {
                pixel.copy_from_slice(&colour);
            }
        }
    }

    /// Width and height in pixels.
    #[must_use]
    pub fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    /// Red, green and blue of a pixel.
    ///
    /// # Panics
    /// If there is no such pixel.
    #[must_use]
    pub fn pixel(&self, x: usize, y: usize) -> [u8; 3] {
        assert!(x < self.width && y < self.height, "a pixel of the image");
        let at = 3 * (y * self.width + x);
        [0, 1, 2].map(|i| self.pixels[at + i])
    }

    /// The bytes of a PNG file: eight bits of each colour, no row filter, one deflated chunk.
    ///
    /// # Errors
    /// A failure, if the image is too large for that.
    pub fn png(&self) -> Result<Vec<u8>> {
        let too_large = |_| Error::failure("a picture of more than 2^32 pixels or bytes");
        let number = |n: usize| u32::try_from(n).map_err(too_large);
        let mut deflated = ZlibEncoder::new(vec![], Compression::default());
        for row in self.pixels.chunks_exact(3 * self.width) {
            deflated.write_all(&[0])?;
            deflated.write_all(row)?;
        }
        let size = [number(self.width)?, number(self.height)?].map(u32::to_be_bytes);
        // Bits, kind of colour, and the only ways of packing, filtering and ordering.
        let header = [&size.concat()[..], &[8, 2, 0, 0, 0]].concat();
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, data) in [
            (b"IHDR", &header),
            (b"IDAT", &deflated.finish()?),
            (b"IEND", &vec![]),
        ] {
            let mut sum = Crc::new();
            sum.update(kind);
            sum.update(data);
            bytes.extend(number(data.len())?.to_be_bytes());
            bytes.extend(kind);
            bytes.extend(data);
            bytes.extend(sum.sum().to_be_bytes());
        }
        Ok(bytes)
    }
}

/// Configurations on a lattice of one to three dimensions: strips below one another, or planes side by
/// side.
fn lattice(
    sides: &[u32],
    configurations: usize,
    colour: impl Fn(usize, usize) -> [u8; 3],
) -> Raster {
    let side = |from_end: usize| {
        let axis = sides.len().checked_sub(from_end);
        axis.map_or(1, |axis| sides[axis] as usize)
    };
    let [depth, rows, columns] = [side(3), side(2), side(1)];
    let shown = [rows.min(MAX_SIDE), columns.min(MAX_SIDE)];
    if sides.len() == 1 {
        let strips = configurations.min(MAX_STRIPS);
        let wide = (720 / shown[1].max(1)).clamp(2, 32);
        let high = if strips > 8 { 10 } else { 18 };
        let mut image = Raster::new(shown[1] * wide, (strips * high).max(1), PAPER);
        for strip in 0..strips {
            for x in 0..shown[1] {
                let size = [wide, high * 4 / 5];
                image.fill([x * wide, strip * high], size, colour(strip, x));
            }
        }
        return image;
    }
    let panels = (configurations * depth).min(MAX_PANELS);
    let target = [520, 360, 256][panels.clamp(1, 3) - 1];
    let cell = (target / shown[0].max(shown[1]).max(1)).clamp(1, 48);
    let (wide, high) = (shown[1] * cell, shown[0] * cell);
    let across = ((WIDTH + GAP) / (wide + GAP)).clamp(1, panels.max(1));
    let down = panels.div_ceil(across).max(1);
    let size = |n: usize, length: usize| n * (length + GAP) - GAP;
    let mut image = Raster::new(size(across, wide), size(down, high), PAPER);
    for panel in 0..panels {
        let left = panel % across * (wide + GAP);
        let top = panel / across * (high + GAP);
        let plane = panel % depth * rows * columns;
        for y in 0..shown[0] {
            for x in 0..shown[1] {
                let at = [left + x * cell, top + y * cell];
                let colour = colour(panel / depth, plane + y * columns + x);
                image.fill(at, [cell; 2], colour);
            }
        }
    }
    image
}

/// Packed signs.
pub(super) fn spins(sides: &[u32], configurations: &[&[u32]]) -> Raster {
    lattice(sides, configurations.len(), |c, site| {
        match super::bit(configurations[c], site) {
            true => UP,
            false => EMPTY,
        }
    })
}

/// Potts states.
pub(super) fn states(sides: &[u32], configurations: &[&[u32]]) -> Raster {
    lattice(sides, configurations.len(), |c, site| {
        colour(configurations[c][site] as usize)
    })
}

/// Real values: red is positive, blue negative.
pub(super) fn field(sides: &[u32], configurations: &[&[f32]]) -> Raster {
    let sites: usize = sides.iter().map(|side| *side as usize).product();
    let values = configurations.iter().flat_map(|values| &values[..sites]);
    let finite = values.filter(|value| value.is_finite());
    let largest = finite.fold(0.0, |most: f32, value| most.max(value.abs()));
    lattice(sides, configurations.len(), |c, site| {
        let part = configurations[c][site] / largest;
        match part > 0.0 {
            true => mixed(EMPTY, POSITIVE, part.min(1.0)),
            // NaN is drawn as 0.
            false => mixed(
                EMPTY,
                NEGATIVE,
                if part < 0.0 { -part.max(-1.0) } else { 0.0 },
            ),
        }
    })
}

/// Masses as bars; of a large ring the part around the largest.
pub(super) fn masses(masses: &[u32]) -> Raster {
    const HIGH: usize = 240;
    let largest = (0..masses.len())
        .max_by_key(|site| masses[*site])
        .unwrap_or(0);
    let shown = masses.len().min(MAX_SIDE);
    let begin = largest.saturating_sub(shown / 2).min(masses.len() - shown);
    let wide = (720 / shown.max(1)).clamp(2, 40);
    let mut image = Raster::new(wide * shown.max(1), HIGH, EMPTY);
    let most = masses.iter().copied().max().unwrap_or(0).max(1) as usize;
    for (x, mass) in masses[begin..begin + shown].iter().enumerate() {
        let high = (*mass as usize * HIGH).div_ceil(most);
        image.fill([x * wide, HIGH - high], [wide, high], UP);
    }
    image
}

/// A covering by dimers, bars from vertex to vertex in the colours of the drawing.
pub(super) fn dimers(model: &Dimer, state: &[u32]) -> Raster {
    let drawn = Covering::new(model, state);
    let cell = (720 / drawn.shown).clamp(3, 64);
    let thick = (cell / 3).max(1);
    let mut image = Raster::new(cell * drawn.shown, cell * drawn.shown, EMPTY);
    let middle = (cell - thick) / 2;
    for y in 0..drawn.shown {
        for x in 0..drawn.shown {
            for axis in 0..2 {
                let at = [y as i64, x as i64];
                if !drawn.laid(axis, at) {
                    continue;
                }
                let number = match drawn.columnar(axis, at) {
                    true => COLUMNAR[Covering::state_of(axis, at)],
                    false => STAGGERED[axis + 2 * ((y + x) % 2)],
                };
                let corner = [x * cell + middle, y * cell + middle];
                let long = cell + thick;
                let size = [[long, thick], [thick, long]][axis];
                image.fill(corner, size, colour(number));
                // The other end, where the dimer crosses the periodic boundary.
                if [x, y][axis] + 1 == drawn.shown && drawn.shown == model.side() as usize {
                    let mut end = corner;
                    end[axis] = 0;
                    let rest = middle + thick;
                    image.fill(end, [[rest, thick], [thick, rest]][axis], colour(number));
                }
            }
        }
    }
    image
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;

    use super::*;

    #[test]
    fn cells_have_the_colour_of_their_value() {
        let image = spins(&[2, 4], &[&[0b1101_0011]]);
        let [width, height] = image.size();
        let cell = width / 4;
        assert_eq!(height, 2 * cell);
        let seen = |y: usize| (0..4).map(move |x| (x * cell + 1, y * cell + 1));
        let rows = [0, 1].map(|y| {
            let row = seen(y).map(|(x, y)| image.pixel(x, y) == UP);
            row.collect::<Vec<_>>()
        });
        assert_eq!(rows[0], [true, true, false, false]);
        assert_eq!(rows[1], [true, false, true, true]);
        let field = field(&[3], &[&[-2.0, f32::NAN, 2.0]]);
        let wide = field.size()[0] / 3;
        let colours = [0, 1, 2].map(|x| field.pixel(x * wide + 1, 1));
        assert_eq!(colours, [NEGATIVE, EMPTY, POSITIVE]);
        assert_eq!(
            super::lattice(&[4, 4, 4], 3, |_, _| UP).size()[1],
            2 * 192 + GAP
        );
        let bars = masses(&[0, 4, 1, 0]);
        let wide = bars.size()[0] / 4;
        assert_eq!(bars.pixel(wide + 1, 0), UP);
        assert_eq!(bars.pixel(2 * wide + 1, 0), EMPTY);
        assert_eq!(bars.pixel(2 * wide + 1, 239), UP);
    }

    #[test]
    fn a_png_is_read_as_it_was_drawn() {
        let image = states(
            &[3, 5],
            &[&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]],
        );
        let bytes = image.png().unwrap();
        let chunk = |at: usize| {
            let length = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
            (
                &bytes[at + 4..at + 8],
                &bytes[at + 8..at + 8 + length],
                at + 12 + length,
            )
        };
        let (kind, header, next) = chunk(8);
        assert_eq!(kind, b"IHDR");
        let number = |at: usize| u32::from_be_bytes(header[at..at + 4].try_into().unwrap());
        assert_eq!([number(0), number(4)].map(|n| n as usize), image.size());
        let (kind, data, next) = chunk(next);
        assert_eq!(kind, b"IDAT");
        let mut rows = vec![];
        ZlibDecoder::new(data).read_to_end(&mut rows).unwrap();
        let rows = rows.chunks_exact(1 + 3 * image.width).map(|row| &row[1..]);
        assert_eq!(rows.collect::<Vec<_>>().concat(), image.pixels);
        // A checksum that every reader knows.
        assert_eq!(bytes[next..], *b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
