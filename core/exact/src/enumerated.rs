//! The joint law from a list of all configurations, for models without a small transfer matrix.

use crate::joint::{Blocks, Columns, Joint, Values};

/// One entry of the list of all configurations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Configuration {
    /// The configuration of V, as a number.
    pub(crate) block: [u64; 2],
    /// The configuration of E, as a number.
    pub(crate) environment: [u64; 2],
    /// The weight, at least 0.
    pub(crate) weight: f64,
    /// Index of `block` among the distinct block configurations.
    pub(crate) index: u32,
}

impl Configuration {
    /// A configuration whose block is not indexed yet.
    pub(crate) fn new(block: [u64; 2], environment: [u64; 2], weight: f64) -> Self {
        Configuration {
            block,
            environment,
            weight,
            index: 0,
        }
    }
}

/// Memory in bytes of a list of configurations and the joint law made from it, for a block with the
/// given number of sites that have values.
pub(crate) const fn bytes(configurations: usize, sites: usize) -> u64 {
    // Upper bound: one entry (12 bytes), one block configuration (a probability and 4-byte values) and
    // one class (a probability and an index) per configuration.
    configurations as u64 * (size_of::<Configuration>() as u64 + 12 + 8 + 4 * sites as u64 + 16)
}

/// The joint law of the listed configurations. Block configurations and classes, one for each
/// configuration of E, are in ascending order of their numbers; `values(block, row)` appends the
/// values of a block configuration at `sites`.
pub(crate) fn joint(
    mut list: Vec<Configuration>,
    (block_sites, sites, kind): (usize, Vec<u32>, Values),
    values: impl Fn([u64; 2], &mut Vec<f32>),
) -> Joint {
    let z = sum(&list);
    list.iter_mut().for_each(|one| one.weight /= z);
    let mut blocks = Blocks {
        block_sites,
        sites,
        values: vec![],
        kind,
    };
    let mut block_marginal = vec![];
    // Sorted by weight too, so that sums do not depend on how the sort orders ties.
    list.sort_unstable_by_key(|one| (one.block, one.environment, one.weight.to_bits()));
    for group in list.chunk_by_mut(|one, other| one.block == other.block) {
        let index = block_marginal.len() as u32;
        block_marginal.push(sum(group));
        values(group[0].block, &mut blocks.values);
        group.iter_mut().for_each(|one| one.index = index);
    }

    let mut columns = Columns::with_capacity(list.len());
    let mut environment_marginal = vec![];
    list.sort_unstable_by_key(|one| (one.environment, one.block, one.weight.to_bits()));
    for class in list.chunk_by(|one, other| one.environment == other.environment) {
        environment_marginal.push(sum(class));
        for group in class.chunk_by(|one, other| one.block == other.block) {
            columns.push(group[0].index as usize, sum(group));
        }
        columns.close();
    }
    Joint::with_marginals(blocks, columns, block_marginal, environment_marginal)
}

fn sum(list: &[Configuration]) -> f64 {
    list.iter().map(|one| one.weight).sum()
}
