//! Means from sums over configurations.

use blockspin_core::lattice::Lattice;

use super::{bond_counts, bond_square};

/// Exact means; energies in the units of the coupling, k_B = 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Means {
    /// −J ⟨Σ_⟨ij⟩ s_i s_j⟩ / N.
    pub energy_per_site: f64,
    /// β² (⟨E²⟩ − ⟨E⟩²) / N.
    pub specific_heat: f64,
    /// ⟨|M|⟩ / N.
    pub magnetisation_abs: f64,
    /// ⟨M²⟩ / N².
    pub magnetisation_squared: f64,
    /// 1 − ⟨M⁴⟩ / (3 ⟨M²⟩²); none where the magnetisation vanishes, ⟨M²⟩ / N² < [`VANISHING`].
    pub binder_cumulant: Option<f64>,
}

/// ⟨M²⟩ / N² below which no configuration with a magnetisation has a weight that matters.
pub const VANISHING: f64 = 1e-30;

/// Below this |βJ| the energy is the first term of its expansion: the sum of all configurations would
/// leave only the rounding error of its cancellation.
pub(crate) const WEAK: f64 = 1e-8;

/// Binder's cumulant from ⟨m²⟩ and ⟨m⁴⟩, for m = M / N.
pub(crate) fn binder_cumulant(square: f64, fourth: f64) -> Option<f64> {
    (square >= VANISHING).then(|| 1.0 - fourth / square / (3.0 * square))
}

/// Sums over configurations of the weight times 1, D, D², |M|, M² and M⁴, where D is the number of
/// unsatisfied bonds above the ground state's.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    energy: [f64; 3],
    /// Subtracted from D in all terms, so that its variance is not a difference of large numbers.
    pub(super) origin: f64,
    weight: f64,
    magnetisation: [f64; 3],
}

impl Sums {
    /// Adds configurations whose weights times 1, D and D² sum to `energy`.
    pub(super) fn add_energy(&mut self, energy: [f64; 3]) {
        for (sum, term) in self.energy.iter_mut().zip(energy) {
            *sum += term;
        }
    }

    /// Adds configurations of magnetisation `m` (or −`m`) with total weight `weight`.
    pub(super) fn add_magnetisation(&mut self, weight: f64, m: f64) {
        let square = m * m;
        self.weight += weight;
        for (sum, term) in self
            .magnetisation
            .iter_mut()
            .zip([m.abs(), square, square * square])
        {
            *sum += weight * term;
        }
    }

    /// Multiplies all weights added so far.
    pub(super) fn scale(&mut self, factor: f64) {
        self.weight *= factor;
        for sum in self.energy.iter_mut().chain(&mut self.magnetisation) {
            *sum *= factor;
        }
    }

    /// The means that follow from these sums.
    pub(super) fn means(&self, lattice: Lattice, coupling: f64, k: f64) -> Means {
        let sites = lattice.sites() as f64;
        let (all, frustrated) = bond_counts(lattice, k);
        let excess = self.energy[1] / self.energy[0];
        let variance = self.energy[2] / self.energy[0] - excess * excess;
        // Σ s s counts satisfied minus unsatisfied bonds, or for K < 0 the reverse.
        let opposing = if k.abs() < WEAK {
            -k.abs() * bond_square(lattice)
        } else {
            2.0 * (frustrated as f64 + self.origin + excess) - all as f64
        };
        let [m, m2, m4] = self.magnetisation.map(|sum| sum / self.weight);
        Means {
            energy_per_site: coupling.abs() * opposing / sites,
            // E = 2|J| D + constant. Rounding may make a variance slightly negative.
            specific_heat: if variance > 0.0 {
                4.0 * k * k * variance / sites
            } else {
                0.0
            },
            magnetisation_abs: m / sites,
            magnetisation_squared: m2 / (sites * sites),
            binder_cumulant: binder_cumulant(
                m2 / (sites * sites),
                m4 / (sites * sites) / (sites * sites),
            ),
        }
    }
}
