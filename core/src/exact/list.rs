//! Informations from a list of all configurations, for models without a transfer matrix of a few
//! spins.
//!
//! Equal V, then equal E, are brought together by sorting. With the probabilities p of a list
//!
//! ```text
//! I(V:E) = Σ_ve p(v,e) ln [p(v,e) / (p(v) p(e))],   p(h,e) = Σ_v P(h|v) p(v,e)
//! ```
//!
//! and I(H:E) as I(V:E).

use core::num::NonZeroU32;

use super::infonce::{MAX_COMPONENTS, NEGLIGIBLE};
use super::information::{Information, nonnegative};
use super::{ExactError, infonce};
use crate::num::math::ln64;

/// A configuration in a list of all: storage that the caller brings, of 48 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Listed {
    /// What V is in it.
    pub(super) block: [u64; 2],
    /// What E is in it.
    pub(super) environment: [u64; 2],
    /// Its weight, at least 0.
    pub(super) weight: f64,
    /// p(v).
    of_block: f64,
}

impl Listed {
    pub(super) fn new(block: [u64; 2], environment: [u64; 2], weight: f64) -> Self {
        Listed {
            block,
            environment,
            weight,
            of_block: 0.0,
        }
    }
}

/// The first `needed` of the list.
pub(super) fn take(list: &mut [Listed], needed: usize) -> Result<&mut [Listed], ExactError> {
    let given = list.len();
    list.get_mut(..needed)
        .ok_or(ExactError::List { given, needed })
}

/// P(h|v) of every h.
pub(super) type Encoded = [f64; 1 << MAX_COMPONENTS];

/// The informations of a list, with `encode(v, P(h|v))` if there is a filter, and at a batch what
/// InfoNCE misses.
pub(super) fn information<F: Fn([u64; 2], &mut Encoded)>(
    list: &mut [Listed],
    encode: Option<F>,
    batch: Option<NonZeroU32>,
) -> Information {
    let z = sum(list);
    list.iter_mut().for_each(|one| one.weight /= z);
    let mut encoded = [0.0; 1 << MAX_COMPONENTS];
    let mut p_h = encoded;
    // Down to the weights, so that sums have one order whatever the sort does with ties.
    list.sort_unstable_by_key(|one| (one.block, one.environment, one.weight.to_bits()));
    for group in list.chunk_by_mut(|one, other| one.block == other.block) {
        let p_v = sum(group);
        group.iter_mut().for_each(|one| one.of_block = p_v);
        if let Some(encode) = &encode {
            encode(group[0].block, &mut encoded);
            add(&mut p_h, p_v, &encoded);
        }
    }

    list.sort_unstable_by_key(|one| (one.environment, one.block, one.weight.to_bits()));
    let (mut block, mut filtered, mut deficit) = (0.0, 0.0, 0.0);
    // The states that h has.
    let values = p_h
        .iter()
        .rposition(|p| *p > 0.0)
        .map_or(0, |last| last + 1);
    for group in list.chunk_by(|one, other| one.environment == other.environment) {
        let p_e = sum(group);
        let mut p_he = [0.0; 1 << MAX_COMPONENTS];
        for group in group.chunk_by(|one, other| one.block == other.block) {
            let p_ve = sum(group);
            block += term(p_ve, group[0].of_block, p_e);
            if let Some(encode) = &encode {
                encode(group[0].block, &mut encoded);
                add(&mut p_he, p_ve, &encoded);
            }
        }
        for (p_he, p_h) in p_he.iter().zip(&p_h) {
            filtered += term(*p_he, *p_h, p_e);
        }
        if let Some(batch) = batch {
            deficit += infonce::deficit(batch, p_e, p_he.into_iter(), &p_h[..values]);
        }
    }
    Information {
        block: nonnegative(block),
        deficit: encode.as_ref().and(batch).map(|_| nonnegative(deficit)),
        filtered: encode.map(|_| nonnegative(filtered)),
    }
}

fn sum(list: &[Listed]) -> f64 {
    list.iter().map(|one| one.weight).sum()
}

fn add(to: &mut Encoded, p: f64, encoded: &Encoded) {
    for (to, encoded) in to.iter_mut().zip(encoded) {
        *to += p * encoded;
    }
}

/// p(a,b) ln [p(a,b) / (p(a) p(b))].
fn term(joint: f64, a: f64, b: f64) -> f64 {
    if joint > NEGLIGIBLE {
        joint * ln64(joint / a / b)
    } else {
        0.0
    }
}
