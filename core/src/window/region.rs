//! A region: sites of V and of E as lists, in whatever has sites, such as a graph.

use core::fmt;

use super::row::{Strip, Value, Write};
use super::shuffle_buffer::Cut;
use crate::num::rng::Stream;

/// Why a region cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegionError {
    /// V or E has no site.
    Empty,
    /// A site that the configurations do not have.
    Site {
        /// The site.
        site: u32,
        /// Sites of a configuration.
        sites: usize,
    },
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "a block or an environment without a site"),
            Self::Site { site, sites } => {
                write!(f, "site {site} of a configuration with {sites}, from 0 on")
            }
        }
    }
}

impl core::error::Error for RegionError {}

/// Sites of V and of E; a site may be in neither, and is then buffer or beyond.
#[derive(Clone, Copy, Debug)]
pub struct Region<'a> {
    sites: usize,
    block: &'a [u32],
    environment: &'a [u32],
}

impl<'a> Region<'a> {
    /// Sites of V, in the order of the filter's weights, and of E, in configurations of `sites`.
    ///
    /// # Errors
    /// If one is empty, or a site is not there.
    pub fn new(
        sites: usize,
        block: &'a [u32],
        environment: &'a [u32],
    ) -> Result<Self, RegionError> {
        if block.is_empty() || environment.is_empty() {
            return Err(RegionError::Empty);
        }
        for site in block.iter().chain(environment) {
            if *site as usize >= sites {
                return Err(RegionError::Site { site: *site, sites });
            }
        }
        Ok(Region {
            sites,
            block,
            environment,
        })
    }
}

impl Cut for Region<'_> {
    fn sites(&self) -> usize {
        self.sites
    }

    fn parts(&self) -> (usize, usize) {
        (self.block.len(), self.environment.len())
    }

    fn cut<T: Value>(&self, values: &[T], _: &mut Stream, v: &mut [T::Word], e: &mut [T::Word]) {
        for (sites, row) in [(self.block, v), (self.environment, e)] {
            let mut row = T::Writer::new(row);
            for site in sites {
                let strip = Strip::one(*site as usize);
                row.copy(values, &strip, T::hold(values, &strip), 0, 1);
            }
            row.finish();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::num::bits::{bit, words};
    use crate::num::lane::{Lane, get};
    use crate::num::rng::Purpose;

    #[test]
    fn copies_what_the_lists_say() {
        let (block, environment) = ([5, 0, 69], [1, 2, 68, 33, 32, 31]);
        let region = Region::new(70, &block, &environment).unwrap();
        let mut stream = Stream::new(1, 0, Purpose::Windows);
        let spins: [u32; words(70)] = core::array::from_fn(|_| stream.next_u32());
        let values: [f32; 70] = core::array::from_fn(|site| site as f32);
        let (mut v, mut e) = ([u32::MAX], [u32::MAX]);
        region.cut(&spins, &mut stream, &mut v, &mut e);
        let (mut v_reals, mut e_reals) = ([Lane([7.0; 16])], [Lane([7.0; 16])]);
        region.cut(&values, &mut stream, &mut v_reals, &mut e_reals);
        for (sites, row, reals) in [(&block[..], v, v_reals), (&environment, e, e_reals)] {
            for (i, site) in sites.iter().enumerate() {
                assert_eq!(bit(&row, i), bit(&spins, *site as usize));
                assert_eq!(get(&reals, i), *site as f32);
            }
            assert_eq!(row[0] >> sites.len(), 0, "padding");
            assert!((sites.len()..16).all(|i| get(&reals, i) == 0.0));
        }
    }

    #[test]
    fn refuses_sites_that_are_not_there() {
        assert_eq!(Region::new(3, &[], &[1]).unwrap_err(), RegionError::Empty);
        assert_eq!(
            Region::new(3, &[0], &[3]).unwrap_err(),
            RegionError::Site { site: 3, sites: 3 }
        );
    }
}
