//! Position of V and E: a window on a lattice, or lists of sites, as on a graph.

use blockspin_core::lattice::Lattice;
use blockspin_core::num::bits::bit;
use blockspin_core::window::region::Region;
use blockspin_core::window::shuffle_buffer::Cut;
use blockspin_core::window::{Window, Zone};

use crate::data::supply::Crop;
use crate::error::{Error, Result};

/// The sites of V and E.
#[derive(Clone, Debug)]
pub enum Geometry {
    /// A window on a lattice.
    Window(Window),
    /// Lists of sites.
    Sites(Sites),
}

/// V and E as lists of sites.
#[derive(Clone, Debug)]
pub struct Sites {
    /// The part of a configuration that is read: the values of V, then those of E.
    crop: Crop,
    /// The numbers of the sites of V and of E.
    block: Vec<u32>,
    environment: Vec<u32>,
    /// Sides of the block that contains V, and the index in it of each site of V; all other sites have
    /// weight 0.
    sides: Vec<u32>,
    kept: Vec<u32>,
}

impl Sites {
    /// The sites of V and E in `crop` whose values vary between configurations.
    fn new(
        crop: Crop,
        block: &[u32],
        environment: &[u32],
        sides: &[u32],
        varies: impl Fn(&u32) -> bool,
    ) -> Self {
        let kept = (0..block.len() as u32).filter(|i| varies(&block[*i as usize]));
        let kept: Vec<u32> = kept.collect();
        let v = kept.iter().map(|i| block[*i as usize]);
        let e = environment.iter().copied().filter(|site| varies(site));
        let listed: Vec<u32> = v.chain(e).collect();
        let (first, all) = (kept.len() as u32, listed.len() as u32);
        Sites {
            crop: crop.listing(listed),
            block: (0..first).collect(),
            environment: (first..all).collect(),
            sides: sides.to_vec(),
            kept,
        }
    }

    /// The sites of a window at a fixed position whose values vary (bits of `varying`); none, if all
    /// vary.
    #[must_use]
    pub fn of_window(window: Window, varying: &[u32]) -> Option<Self> {
        let crop = Crop::at(window.first(), &window.spans());
        let (mut block, mut environment) = (vec![], vec![]);
        for (i, zone) in (0..).zip(window.zones()) {
            match zone {
                Zone::Block => block.push(i),
                Zone::Buffer => {}
                Zone::Environment => environment.push(i),
            }
        }
        let varies = |i: &u32| bit(varying, crop.site(*i as usize, window.lattice()) as usize);
        if block.iter().chain(&environment).all(varies) {
            return None;
        }
        let sites = Sites::new(crop.clone(), &block, &environment, window.block(), varies);
        Some(sites)
    }

    /// The part of a configuration that is read, and V and E in it.
    ///
    /// # Errors
    /// If `block` and `environment` do not fit `crop`, which the constructors exclude.
    pub fn region(&self) -> Result<(&Crop, Region<'_>)> {
        let region = Region::new(self.crop.sites(), &self.block, &self.environment)
            .map_err(|error| Error::failure(error.to_string()))?;
        Ok((&self.crop, region))
    }

    /// The sites of V and E on a graph whose values vary.
    #[must_use]
    pub fn of_graph(block: &[u32], environment: &[u32], varying: &[u32]) -> Self {
        let all = || block.iter().chain(environment).copied();
        let (first, last) = (all().min().unwrap_or(0), all().max().unwrap_or(0));
        let shifted = |sites: &[u32]| sites.iter().map(|site| site - first).collect::<Vec<u32>>();
        let varies = |i: &u32| bit(varying, (first + i) as usize);
        Sites::new(
            Crop::at(&[first], &[last - first + 1]),
            &shifted(block),
            &shifted(environment),
            &[block.len() as u32],
            varies,
        )
    }
}

impl Geometry {
    /// |V| and |E|.
    #[must_use]
    pub fn parts(&self) -> (usize, usize) {
        match self {
            Geometry::Window(window) => window.parts(),
            Geometry::Sites(sites) => (sites.block.len(), sites.environment.len()),
        }
    }

    /// Upper bound of the number of values read from a configuration.
    #[must_use]
    pub fn sites(&self) -> usize {
        match self {
            Geometry::Window(window) => window.lattice().sites(),
            Geometry::Sites(sites) => sites.crop.sites(),
        }
    }

    /// The part of a configuration that holds all windows.
    ///
    /// # Errors
    /// Those of [`Sites::region`].
    pub fn crop(&self) -> Result<Crop> {
        Ok(match self {
            Geometry::Window(window) if window.places() == 1 => {
                Crop::at(window.first(), &window.spans())
            }
            Geometry::Window(window) => Crop::whole(window.lattice().sides()),
            Geometry::Sites(sites) => sites.region()?.0.clone(),
        })
    }

    /// The box of the lattice with all sites that are read, as corner and sides, if the window has one
    /// place.
    #[must_use]
    pub fn place(&self) -> Option<(Vec<u32>, Vec<u32>)> {
        match self {
            Geometry::Window(window) if window.places() == 1 => {
                Some((window.first().to_vec(), window.spans().to_vec()))
            }
            Geometry::Window(_) => None,
            Geometry::Sites(sites) => Some((sites.crop.first().to_vec(), sites.crop.sides.clone())),
        }
    }

    /// The sites of the lattice in V and in E, if the window has one place.
    #[must_use]
    pub fn place_sites(&self, lattice: Lattice) -> Option<[Vec<u32>; 2]> {
        let (corner, sides) = self.place()?;
        match self {
            Geometry::Window(window) => {
                let crop = Crop::at(&corner, &sides);
                let of = |wanted: Zone| {
                    let zones = (0..).zip(window.zones());
                    let found = zones.filter(|(_, zone)| *zone == wanted);
                    found.map(|(i, _)| crop.site(i, lattice)).collect()
                };
                Some([of(Zone::Block), of(Zone::Environment)])
            }
            Geometry::Sites(sites) => {
                let of = |listed: &[u32]| {
                    let listed = listed.iter().map(|i| sites.crop.kept_site(*i, lattice));
                    listed.collect()
                };
                Some([of(&sites.block), of(&sites.environment)])
            }
        }
    }

    /// Sides of the block, slowest first.
    #[must_use]
    pub fn block(&self) -> &[u32] {
        match self {
            Geometry::Window(window) => window.block(),
            Geometry::Sites(sites) => &sites.sides,
        }
    }

    /// The index in the block of each site of V.
    #[must_use]
    pub fn block_indices(&self) -> Vec<u32> {
        match self {
            Geometry::Window(window) => window.block_indices().collect(),
            Geometry::Sites(sites) => sites.kept.clone(),
        }
    }

    /// Nearly independent windows per configuration.
    #[must_use]
    pub fn independent(&self) -> usize {
        match self {
            Geometry::Window(window) if window.places() > 1 => {
                (window.lattice().sites() / window.sites()).clamp(1, 64)
            }
            _ => 1,
        }
    }

    /// Number of positions of the window in a configuration.
    #[must_use]
    pub fn places(&self) -> u64 {
        match self {
            Geometry::Window(window) => window.places(),
            Geometry::Sites(_) => 1,
        }
    }
}
