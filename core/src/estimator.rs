//! A lower bound of the mutual information of x and y, from batches of K joint pairs: a critic
//! f(x, y), a [bound](crate::bound), the gradients by the critic's parameters, and Adam.
//!
//! Rows of x and of y are packed ±1 or real numbers. The gradient by x is there on request: from it
//! whatever makes x learns, as the filter of an [`Rsmi`](crate::rsmi::Rsmi).
//!
//! ```
//! use blockspin_core::estimator::{Estimator, EstimatorStorage};
//! use blockspin_core::kernel::Portable;
//! use blockspin_core::nn::Input;
//! use blockspin_core::num::lane::Lane;
//! use blockspin_core::num::rng::{Purpose, Stream};
//! use blockspin_core::shape::PairShape;
//!
//! // Pairs of coins that agree in nine cases of ten, 64 of them in a batch.
//! let shape = PairShape::new(1, 1, &[8], 4, 64)?;
//! let mut lanes = vec![Lane::ZERO; 4 * shape.parameter_lanes() + shape.workspace_lanes()];
//! let mut flipped = vec![0; shape.transposed_words()];
//! let storage = EstimatorStorage::cut(&shape, &mut lanes, &mut flipped)?;
//! let mut parameters = Stream::new(1, 0, Purpose::Parameters);
//! let mut estimator = Estimator::new(shape, storage, &mut parameters)?;
//!
//! let mut stream = Stream::new(1, 0, Purpose::Sample);
//! let mut draw = || {
//!     let mut pairs = [[0; 64]; 2];
//!     for k in 0..64 {
//!         let x = stream.next_u32() & 1;
//!         let agrees = stream.uniform() < 0.9;
//!         (pairs[0][k], pairs[1][k]) = (x, if agrees { x } else { 1 - x });
//!     }
//!     pairs
//! };
//! for _ in 0..400 {
//!     let [x, y] = draw();
//!     estimator.step::<Portable>(Input::Signs(&x), Input::Signs(&y), 1e-2);
//! }
//! let (mut sum, mut terms) = (0.0, [0.0; 64]);
//! for _ in 0..200 {
//!     let [x, y] = draw();
//!     estimator.evaluate::<Portable>(Input::Signs(&x), Input::Signs(&y), &mut terms);
//!     sum += terms.iter().sum::<f32>() / 64.0 / 200.0;
//! }
//! // ln 2 + 0.9 ln 0.9 + 0.1 ln 0.1, with h of two states less at most 1/128.
//! assert!((sum - 0.368).abs() < 0.02, "{sum} nats");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

use core::fmt;
use core::ops::Range;

use crate::bound::{AnyBound, Average, Bound};
use crate::critic::{AnyCritic, Critic, Operands, Workspace, WorkspaceParts};
use crate::kernel::Target;
use crate::nn::Input;
use crate::num::lane::Lane;
use crate::num::rng::Stream;
use crate::optim::adam::{Adam, Pace};
use crate::shape::PairShape;

/// The slices that an estimator works on; all are overwritten.
#[derive(Debug)]
pub struct EstimatorStorage<'a> {
    /// [`PairShape::parameter_lanes`].
    pub parameters: &'a mut [Lane],
    /// As long as the parameters.
    pub gradients: &'a mut [Lane],
    /// As long as the parameters.
    pub first_moments: &'a mut [Lane],
    /// As long as the parameters.
    pub second_moments: &'a mut [Lane],
    /// [`PairShape::workspace_lanes`].
    pub workspace: &'a mut [Lane],
    /// [`PairShape::transposed_words`]; may be empty if neither x nor y is packed.
    pub flipped: &'a mut [u32],
}

impl<'a> EstimatorStorage<'a> {
    /// Cuts the slices from one of four times [`PairShape::parameter_lanes`] and
    /// [`PairShape::workspace_lanes`], and takes the words as they are.
    ///
    /// # Errors
    /// `lanes` is too short.
    pub fn cut(
        shape: &PairShape,
        mut lanes: &'a mut [Lane],
        flipped: &'a mut [u32],
    ) -> Result<Self, StorageError> {
        let (parameters, workspace) = (shape.parameter_lanes(), shape.workspace_lanes());
        enough("lanes", 4 * parameters + workspace, lanes.len())?;
        let mut take = |n: usize| lanes.split_off_mut(..n).unwrap_or_default();
        Ok(EstimatorStorage {
            parameters: take(parameters),
            gradients: take(parameters),
            first_moments: take(parameters),
            second_moments: take(parameters),
            workspace: take(workspace),
            flipped,
        })
    }
}

/// A slice that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageError {
    /// Which.
    pub what: &'static str,
    /// The length that the shape needs.
    pub needed: usize,
    /// The length that was given.
    pub given: usize,
}

/// Whether a slice is long enough.
pub(crate) fn enough(what: &'static str, needed: usize, given: usize) -> Result<(), StorageError> {
    if given < needed {
        return Err(StorageError {
            what,
            needed,
            given,
        });
    }
    Ok(())
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StorageError {
            what,
            needed,
            given,
        } = self;
        write!(f, "{what} of length {given}; this shape needs {needed}")
    }
}

impl core::error::Error for StorageError {}

/// Why an estimator cannot be made of the given types on the given storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberError {
    /// A slice is too short.
    Storage(StorageError),
    /// The shape is one of this critic, not of the given one.
    Critic(AnyCritic),
    /// The shape has a map and the projection has none, or the other way round.
    Projection,
}

impl From<StorageError> for MemberError {
    fn from(error: StorageError) -> Self {
        MemberError::Storage(error)
    }
}

impl fmt::Display for MemberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MemberError::Storage(error) => error.fmt(f),
            MemberError::Critic(shaped) => {
                write!(
                    f,
                    "the shape is that of a {shaped} critic; the given one is another"
                )
            }
            MemberError::Projection => {
                f.write_str("the shape has a map and the projection is a filter, or the reverse")
            }
        }
    }
}

impl core::error::Error for MemberError {}

/// State that a step passes on to the next beside the parameters: to be stored by a checkpoint, and
/// restored by it.
#[derive(Debug)]
pub struct Memory<'m> {
    /// First moments of the gradients, one for each parameter.
    pub first_moments: &'m mut [Lane],
    /// Second moments.
    pub second_moments: &'m mut [Lane],
    /// Powers of the optimiser.
    pub adam: &'m mut Adam,
    /// Of mean exp F over the batches so far, where the bound needs it.
    pub average: &'m mut Average,
}

/// Critic, bound and optimiser.
#[derive(Debug)]
pub struct Estimator<'a, C = AnyCritic, B = AnyBound> {
    shape: PairShape,
    critic: C,
    bound: B,
    storage: EstimatorStorage<'a>,
    /// Parameters before the critic's in the same slices, of what makes x.
    head: usize,
    average: Average,
    adam: Adam,
}

/// The critic's workspace, cut from one slice.
#[inline(always)]
fn workspace(parts: WorkspaceParts, mut rest: &mut [Lane]) -> Workspace<'_> {
    let [of_x, of_y, columns, scores, by_x, by_layers, transposed] =
        parts.map(|(_, length)| rest.split_off_mut(..length).unwrap_or_default());
    let (by_output, by_input) = by_layers.split_at_mut(by_layers.len() / 2);
    Workspace {
        of_x,
        of_y,
        columns,
        scores,
        by_x,
        by_output,
        by_input,
        transposed,
    }
}

impl<'a> Estimator<'a> {
    /// An estimator with the shape's critic, and InfoNCE. Draws the critic's weights from `stream`,
    /// clears biases and moments.
    ///
    /// # Errors
    /// Names the slice that is too short.
    pub fn new(
        shape: PairShape,
        storage: EstimatorStorage<'a>,
        stream: &mut Stream,
    ) -> Result<Self, StorageError> {
        Self::with_storage(shape.critic(), AnyBound::default(), shape, storage, stream)
    }
}

impl<'a, C> Estimator<'a, C> {
    /// With another bound than InfoNCE. [`AnyBound::Tuba`] takes the last output of a separable
    /// critic's embedding for its baseline ([`AnyBound::outputs`]).
    #[must_use]
    pub fn with_bound(self, bound: AnyBound) -> Self {
        Estimator { bound, ..self }
    }
}

impl<'a, C: Critic, B: Bound> Estimator<'a, C, B> {
    /// An estimator of the given critic and bound: their types decide what is compiled.
    ///
    /// # Errors
    /// Names the slice that is too short, or the critic whose shape this is, if it is another.
    pub fn with_members(
        critic: C,
        bound: B,
        shape: PairShape,
        storage: EstimatorStorage<'a>,
        stream: &mut Stream,
    ) -> Result<Self, MemberError> {
        if critic.any() != shape.critic() {
            return Err(MemberError::Critic(shape.critic()));
        }
        Ok(Self::with_storage(critic, bound, shape, storage, stream)?)
    }

    fn with_storage(
        critic: C,
        bound: B,
        shape: PairShape,
        storage: EstimatorStorage<'a>,
        stream: &mut Stream,
    ) -> Result<Self, StorageError> {
        let parameters = critic.parameter_lanes(&shape);
        let work: usize = critic
            .workspace(&shape)
            .map(|(_, lanes)| lanes)
            .iter()
            .sum();
        for (what, needed, given) in [
            ("parameters", parameters, storage.parameters.len()),
            ("gradients", parameters, storage.gradients.len()),
            ("first moments", parameters, storage.first_moments.len()),
            ("second moments", parameters, storage.second_moments.len()),
            ("a workspace", work, storage.workspace.len()),
        ] {
            enough(what, needed, given)?;
        }
        let storage = EstimatorStorage {
            parameters: &mut storage.parameters[..parameters],
            gradients: &mut storage.gradients[..parameters],
            first_moments: &mut storage.first_moments[..parameters],
            second_moments: &mut storage.second_moments[..parameters],
            ..storage
        };
        let mut estimator = Self::behind(0, critic, bound, shape, storage);
        estimator.initialise(stream);
        Ok(estimator)
    }

    /// An estimator on slices that are long enough, and begin with `head` parameters, gradients and
    /// moments of what makes x. Clears all of them.
    pub(crate) fn behind(
        head: usize,
        critic: C,
        bound: B,
        shape: PairShape,
        storage: EstimatorStorage<'a>,
    ) -> Self {
        storage.parameters.fill(Lane::ZERO);
        storage.gradients.fill(Lane::ZERO);
        storage.first_moments.fill(Lane::ZERO);
        storage.second_moments.fill(Lane::ZERO);
        Estimator {
            shape,
            critic,
            bound,
            storage,
            head,
            average: Average::default(),
            adam: Adam::default(),
        }
    }

    /// Draws the critic's first weights.
    pub(crate) fn initialise(&mut self, stream: &mut Stream) {
        let parameters = &mut self.storage.parameters[self.head..];
        self.critic.initialise(&self.shape, parameters, stream);
    }

    /// Changes the bound.
    pub(crate) fn set_bound(&mut self, bound: B) {
        self.bound = bound;
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> PairShape {
        self.shape
    }

    /// All parameters.
    #[must_use]
    pub fn parameters(&self) -> &[Lane] {
        self.storage.parameters
    }

    /// Multiplies the critic by a positive factor: an overconfident one is worth more when it is scaled
    /// down. For bounds that a constant added to f does not change, a factor near 0 is worth nothing, and
    /// costs nothing.
    pub fn scale_critic(&mut self, factor: f32) {
        let parameters = &mut self.storage.parameters[self.head..];
        self.critic.scale(&self.shape, parameters, factor);
    }

    /// All parameters, to be set; padding must stay 0.
    pub fn parameters_mut(&mut self) -> &mut [Lane] {
        self.storage.parameters
    }

    /// Gradients of the last step, in the order of the parameters.
    #[must_use]
    pub fn gradients(&self) -> &[Lane] {
        self.storage.gradients
    }

    /// State that a step passes on to the next beside the parameters.
    pub fn memory_mut(&mut self) -> Memory<'_> {
        Memory {
            first_moments: self.storage.first_moments,
            second_moments: self.storage.second_moments,
            adam: &mut self.adam,
            average: &mut self.average,
        }
    }

    /// Parameters and gradients of what makes x, and words for transposed bits.
    pub(crate) fn head_mut(&mut self) -> (&mut [Lane], &mut [Lane], &mut [u32]) {
        (
            &mut self.storage.parameters[..self.head],
            &mut self.storage.gradients[..self.head],
            self.storage.flipped,
        )
    }

    /// The bound of the batch in nats, with gradients by all parameters, left in
    /// [`gradients`](Self::gradients), and the gradients by x, K rows, if they are wanted; else an
    /// unspecified slice. `x` and `y` are K rows. A bound that averages over batches takes this one in.
    #[inline(always)]
    pub fn differentiate<T: Target>(&mut self, x: Input, y: Input, by_x: bool) -> (f32, &[Lane]) {
        let storage = &mut self.storage;
        let operands = Operands {
            shape: self.shape,
            parameters: &storage.parameters[self.head..],
            x,
            y,
        };
        let gradients = &mut storage.gradients[self.head..];
        let mut work = workspace(self.critic.workspace(&self.shape), storage.workspace);
        let block = core::mem::take(&mut work.scores);
        let mut bound = 0.0;
        let (critic, terms_of, average) = (self.critic, self.bound, &mut self.average);
        let lent = (work.lend(), Some(&mut *gradients));
        T::part(
            #[inline(always)]
            || {
                let mut scores = critic.scores::<T>(&operands, terms_of, lent.0, lent.1);
                terms_of.terms::<T>(&mut scores, block, average, |_, term| bound += term);
            },
        );
        let dx = self.critic.back::<T>(
            &operands,
            self.bound,
            gradients,
            storage.flipped,
            by_x,
            work,
        );
        (bound / self.shape.batch() as f32, dx)
    }

    /// Adam uphill for the critic, by the last gradients; returns the pace for others.
    #[inline(always)]
    pub(crate) fn ascend<T: Target>(&mut self, rate: f32) -> Pace {
        let pace = self.adam.advance::<T>(rate);
        self.ascend_at::<T>(self.head..self.storage.parameters.len(), pace);
        pace
    }

    /// Adam uphill for what makes x.
    #[inline(always)]
    pub(crate) fn ascend_head<T: Target>(&mut self, pace: Pace) {
        self.ascend_at::<T>(0..self.head, pace);
    }

    #[inline(always)]
    fn ascend_at<T: Target>(&mut self, at: Range<usize>, pace: Pace) {
        pace.ascend::<T>(
            &mut self.storage.parameters[at.clone()],
            &self.storage.gradients[at.clone()],
            &mut self.storage.first_moments[at.clone()],
            &mut self.storage.second_moments[at],
        );
    }

    /// One step of the critic: the bound of the batch, its gradients, and Adam uphill at the given
    /// rate. Returns the bound before the step, in nats.
    #[inline(always)]
    pub fn step<T: Target>(&mut self, x: Input, y: Input, rate: f32) -> f32 {
        let (bound, _) = self.differentiate::<T>(x, y, false);
        self.ascend::<T>(rate);
        bound
    }

    /// The terms of the bound in nats, one for each row of the batch, to the first K of `terms`; their
    /// mean is the batch's estimate. Nothing is learned.
    #[inline(always)]
    pub fn evaluate<T: Target>(&mut self, x: Input, y: Input, terms: &mut [f32]) {
        let storage = &mut self.storage;
        let operands = Operands {
            shape: self.shape,
            parameters: &storage.parameters[self.head..],
            x,
            y,
        };
        let mut work = workspace(self.critic.workspace(&self.shape), storage.workspace);
        let block = core::mem::take(&mut work.scores);
        let (critic, bound, average) = (self.critic, self.bound, &mut self.average);
        T::part(
            #[inline(always)]
            || {
                let mut scores = critic.scores::<T>(&operands, bound, work, None);
                bound.terms::<T>(&mut scores, block, average, |j, term| {
                    if let Some(slot) = terms.get_mut(j) {
                        *slot = term;
                    }
                });
            },
        );
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec;

    use super::*;
    use crate::bound::InfoNce;
    use crate::critic::{Quadratic, Separable};
    use crate::kernel::Portable;
    use crate::num::bits::{set, words};
    use crate::num::lane::{get, get_mut, lanes};
    use crate::num::rng::Purpose;

    const BATCH: usize = 20;

    /// K rows of ±1, packed and as numbers.
    fn rows(columns: usize, stream: &mut Stream) -> (vec::Vec<u32>, vec::Vec<Lane>) {
        let mut packed = vec![0; BATCH * words(columns)];
        let mut reals = vec![Lane::ZERO; BATCH * lanes(columns)];
        for k in 0..BATCH {
            for i in 0..columns {
                let up = stream.coin();
                set(&mut packed[k * words(columns)..], i, up);
                *get_mut(&mut reals[k * lanes(columns)..], i) = if up { 1.0 } else { -1.0 };
            }
        }
        (packed, reals)
    }

    /// Both kinds of rows of x give the same bound and the same gradients by x, but for rounding, with
    /// every critic and with as many columns as data have.
    #[test]
    fn packed_and_real_rows_agree() {
        for columns in [3, 256] {
            for critic in AnyCritic::ALL {
                let shape = PairShape::new(columns, 5, &[7], 4, BATCH as u32).unwrap();
                let shape = shape.with_critic(critic).unwrap();
                let mut stream = Stream::new(1, 0, Purpose::Sample);
                let (packed, reals) = rows(columns as usize, &mut stream);
                let (y, _) = rows(5, &mut stream);
                let of = |x: Input| {
                    let length = 4 * shape.parameter_lanes() + shape.workspace_lanes();
                    let mut lanes = vec![Lane([f32::NAN; 16]); length];
                    let mut flipped = vec![0; shape.transposed_words()];
                    let storage = EstimatorStorage::cut(&shape, &mut lanes, &mut flipped).unwrap();
                    let mut first = Stream::new(2, 0, Purpose::Parameters);
                    let mut estimator = Estimator::new(shape, storage, &mut first).unwrap();
                    // Away from the zeros that a quadratic critic starts from.
                    estimator.step::<Portable>(x, Input::Signs(&y), 1e-2);
                    let (bound, dx) =
                        estimator.differentiate::<Portable>(x, Input::Signs(&y), true);
                    let width = crate::num::lane::lanes(columns as usize);
                    (bound, dx[..BATCH * width].to_vec())
                };
                let (bound, dx) = of(Input::Signs(&packed));
                let (want, want_dx) = of(Input::Reals(&reals));
                let close = |a: f32, b: f32| (a - b).abs() < 2e-3 * (1.0 + b.abs());
                assert!(close(bound, want), "{critic}, {columns}: {bound}, {want}");
                for (row, wanted) in dx
                    .chunks_exact(lanes(columns as usize))
                    .zip(want_dx.chunks_exact(lanes(columns as usize)))
                {
                    for i in 0..columns as usize {
                        let (a, b) = (get(row, i), get(wanted, i));
                        assert!(close(a, b), "{critic}, {columns}: {a}, {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_shape_of_another_critic_and_short_slices_are_refused() {
        let shape = PairShape::new(2, 3, &[4], 2, 8).unwrap();
        let length = 4 * shape.parameter_lanes() + shape.workspace_lanes();
        let mut lanes = vec![Lane::ZERO; length];
        let mut stream = Stream::new(1, 0, Purpose::Parameters);
        let error = EstimatorStorage::cut(&shape, &mut lanes[1..], &mut []).unwrap_err();
        assert_eq!((error.needed, error.given), (length, length - 1));
        let storage = EstimatorStorage::cut(&shape, &mut lanes, &mut []).unwrap();
        let refused = Estimator::with_members(Quadratic, InfoNce, shape, storage, &mut stream);
        let of_separable = MemberError::Critic(AnyCritic::Separable);
        assert_eq!(refused.err(), Some(of_separable));
        let storage = EstimatorStorage::cut(&shape, &mut lanes, &mut []).unwrap();
        assert!(Estimator::with_members(Separable, InfoNce, shape, storage, &mut stream).is_ok());
    }
}
