//! Filters by name or from a file.

use std::path::Path;

use crate::data::filters::{Filters, commas, product};
use crate::data::graph::Shells;
use crate::data::npy;
use crate::error::{Error, Result, quoted};
use crate::model::Layout;
use crate::settings::encoder::Coarse;

/// Largest sum of the magnitudes of a filter's weights, so that no sum overflows.
const LARGEST: f64 = 1e37;

/// The weight of a component at each site.
type Weight<'a> = Box<dyn Fn(usize) -> f32 + 'a>;

/// A filter on a block, by name or from a file; on a graph the block is the list of sites of its shells.
///
/// # Errors
/// Usage, if there is no such name or the file is for another block; a failure, if it cannot be read.
pub fn filters(
    name: &str,
    block: &[u32],
    layout: &Layout,
    shells: Option<&Shells>,
    coarse: Coarse,
) -> Result<Filters> {
    if name.ends_with(".npy") {
        return from_file(Path::new(name), block);
    }
    let components: Vec<Weight> = match layout {
        Layout::Anywhere | Layout::Origin(_) => vec![on_sites(name, block, shells)?],
        Layout::Doubled { .. } => on_links(name, block)?,
        // One filter for the first state against all others, or one per state if h has as many states.
        Layout::States(states) => {
            let of = match coarse == Coarse::States(*states) {
                true => *states as usize,
                false => 1,
            };
            let states = *states as usize;
            let weights = (0..of).map(|state| -> Result<Weight> {
                let weight = on_sites(name, &block[..block.len() - 1], None)?;
                Ok(Box::new(move |value| match value % states == state {
                    true => weight(value / states),
                    false => 0.0,
                }))
            });
            weights.collect::<Result<_>>()?
        }
    };
    let sites: usize = block.iter().map(|side| *side as usize).product();
    let weights = components
        .iter()
        .flat_map(|weight| (0..sites).map(weight))
        .collect();
    Filters::new(block, weights)
}

/// 1 where something holds, else 0.
fn indicator(holds: bool) -> f32 {
    f32::from(u8::from(holds))
}

/// (−1)^n.
fn parity(n: u32) -> f32 {
    1.0 - 2.0 * (n % 2) as f32
}

fn unknown(name: &str, named: &str) -> Error {
    let of_run = Path::new(name).join("filters.npy");
    Error::usage(match of_run.is_file() {
        true => format!(
            "'{name}' is the folder of a run, and no filter; give its {}",
            of_run.display()
        ),
        false => {
            format!("no filter is called '{name}'; there are {named}, or the name of an .npy file")
        }
    })
}

/// Position of a site of a block along each axis.
fn coordinates(mut site: usize, block: &[u32]) -> Vec<u32> {
    let mut at = vec![0; block.len()];
    for (at, side) in at.iter_mut().zip(block).rev() {
        *at = (site % *side as usize) as u32;
        site /= *side as usize;
    }
    at
}

/// Whether a site is at an end of the block along some axis.
fn is_outer(site: usize, block: &[u32]) -> bool {
    let mut along = coordinates(site, block).into_iter().zip(block);
    along.any(|(x, side)| x == 0 || x + 1 == *side)
}

/// The named filters of all models but dimers.
fn on_sites<'a>(name: &str, block: &'a [u32], shells: Option<&Shells>) -> Result<Weight<'a>> {
    // Distance of every site of V from the centre.
    let distances: Option<Vec<u32>> = shells.map(|shells| {
        let sites = shells.sites().take(shells.block.len());
        sites.map(|(_, distance)| distance).collect()
    });
    Ok(match name {
        "uniform" => Box::new(|_| 1.0),
        "boundary" => Box::new(move |site| {
            indicator(match &distances {
                Some(distances) => distances[site] == distances[distances.len() - 1],
                None => is_outer(site, block),
            })
        }),
        "decimation" => Box::new(|site| indicator(site == 0)),
        "staggered" => Box::new(move |site| {
            parity(match &distances {
                Some(distances) => distances[site],
                None => coordinates(site, block).iter().sum(),
            })
        }),
        _ => return Err(unknown(name, "uniform, boundary, decimation and staggered")),
    })
}

/// The weight of a link along an axis (0: along rows) from the vertex (y, x) of the block.
type LinkWeight = fn(usize, u32, u32) -> f32;

/// The named filters of dimers: only links of the doubled lattice have weights.
fn on_links<'a>(name: &str, block: &'a [u32]) -> Result<Vec<Weight<'a>>> {
    let is_link = |site: usize| coordinates(site, block).iter().sum::<u32>() % 2 == 1;
    let fields: [LinkWeight; 2] = match name {
        "uniform" => return Ok(vec![Box::new(move |site| indicator(is_link(site)))]),
        "boundary" => {
            let weight = move |site| indicator(is_link(site) && is_outer(site, block));
            return Ok(vec![Box::new(weight)]);
        }
        // The link next to the vertex at which the block begins.
        "decimation" => return Ok(vec![Box::new(|site| indicator(site == 1))]),
        // The electric field along rows, and along columns.
        "staggered" => [
            |axis, y, x| if axis == 0 { parity(y + x) } else { 0.0 },
            |axis, y, x| if axis == 1 { parity(y + x) } else { 0.0 },
        ],
        // Sum and difference of the columnar orders along rows and columns: a columnar state has only
        // one of the two orders, so the sign of the other would be random.
        "columnar" => [
            |axis, y, x| if axis == 0 { parity(x) } else { parity(y) },
            |axis, y, x| if axis == 0 { parity(x) } else { -parity(y) },
        ],
        _ => {
            let named = "uniform, boundary, decimation, staggered and columnar for dimers";
            return Err(unknown(name, named));
        }
    };
    let components = fields.map(|weight| -> Weight {
        Box::new(move |site| match coordinates(site, block)[..] {
            [y, x] if is_link(site) => weight((y % 2) as usize, y / 2, x / 2),
            _ => 0.0,
        })
    });
    Ok(components.into())
}

fn from_file(file: &Path, block: &[u32]) -> Result<Filters> {
    let filters = npy::read_filters(file, block.len())?;
    for weights in filters.components() {
        let sum: f64 = weights.iter().map(|w| f64::from(w.abs())).sum();
        if sum > LARGEST {
            return Err(Error::failure(format!(
                "the weights of a component in {} add up to {sum:e}; they may reach {LARGEST:e}, \
                 scale them down",
                quoted(file),
            )));
        }
    }
    if filters.sides() != block {
        return Err(Error::usage(format!(
            "the filter in {} is for a block of {}, and the block is {}; give `block` {}",
            quoted(file),
            product(filters.sides()),
            product(block),
            commas(filters.sides())
        )));
    }
    Ok(filters)
}
