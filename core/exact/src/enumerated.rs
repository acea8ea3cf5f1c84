//! The joint law from a list of all configurations, for models without a transfer matrix of a few
//! spins.

use crate::joint::{Blocks, Columns, Joint, Values};

/// A configuration in a list of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Configuration {
    /// The configuration of V, as a number.
    pub(crate) block: [u64; 2],
    /// The configuration of E, as a number.
    pub(crate) environment: [u64; 2],
    /// The weight, at least 0.
    pub(crate) weight: f64,
    /// Index of `block` among those of all configurations.
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

/// Memory in bytes of a list of configurations and the joint law made of it, for a block with the given
/// number of sites that have values.
pub(crate) const fn bytes(configurations: usize, sites: usize) -> u64 {
    // At most as many entries (12 bytes), block configurations (a probability and values of 4 bytes)
    // and classes (a probability and an index).
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
    // Down to the weights, so that sums have one order whatever the sort does with ties.
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
