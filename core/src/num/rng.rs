//! Random streams: one PCG32 for each task and purpose, never one for each thread.
//!
//! Neighbouring PCG streams with equal states are correlated, so both the state and the increment
//! of every generator are derived from (seed, task, purpose) by SplitMix64. Draws are of 32 bits;
//! nothing is drawn as `usize`.

use rand_core::Rng;
use rand_pcg::Pcg32;

use super::math;

/// What a stream is for: two purposes of one task never share random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
#[non_exhaustive]
pub enum Purpose {
    /// Initial parameters.
    Parameters = 1,
    /// A Markov chain that feeds training.
    Training = 2,
    /// A Markov chain whose samples no training sees: the reported figure.
    HeldOut = 3,
    /// A Markov chain whose samples are watched while training.
    Validation = 4,
    /// Choice of configurations and window origins.
    Windows = 5,
    /// Noise of the encoder.
    Encoder = 6,
    /// Short chains that measure burn-in and autocorrelation.
    Pilot = 7,
    /// Samples for a file.
    Sample = 8,
    /// A realisation of quenched disorder.
    Disorder = 9,
    /// Coarse variables of configurations in a file.
    Coarse = 10,
}

/// One step of SplitMix64 (Steele, Lea, Flood 2014): advances `state`, returns a mixed word.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A probability in units of 2⁻³², from 0 to 1, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probability(u64);

impl Probability {
    /// Never.
    pub const ZERO: Probability = Probability(0);

    /// As a fair coin.
    pub const HALF: Probability = Probability(1 << 31);

    /// The nearest to `p`; 0 for what is below 0 or not a number, 1 for what is above 1.
    #[must_use]
    pub fn new(p: f64) -> Self {
        // The cast saturates and takes NaN to 0.
        Probability(((p * 4_294_967_296.0 + 0.5) as u64).min(1 << 32))
    }
}

/// Bits that [`Stream::bernoulli_word`] compares in all lanes at once.
const SHARED_LEVELS: u32 = 5;

/// A stream of random numbers (Pcg32, 16 bytes).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stream(Pcg32);

impl Stream {
    /// The stream of a task (a chain, a run, a replica) under a seed.
    #[must_use]
    pub fn new(seed: u64, task: u64, purpose: Purpose) -> Self {
        let mut mix = seed;
        let mut mix = split_mix(&mut mix) ^ task;
        let mut mix = split_mix(&mut mix) ^ purpose as u64;
        let state = split_mix(&mut mix);
        Stream(Pcg32::new(state, split_mix(&mut mix)))
    }

    /// Thirty-two random bits.
    #[inline(always)]
    pub fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Uniform integer in `0..bound`, unbiased (Lemire 2019); 0 for a bound of 0.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        let mut product = u64::from(self.next_u32()) * u64::from(bound);
        if (product as u32) < bound {
            let reject = bound.wrapping_neg() % bound;
            while (product as u32) < reject {
                product = u64::from(self.next_u32()) * u64::from(bound);
            }
        }
        (product >> 32) as u32
    }

    /// True with probability one half.
    #[inline]
    pub fn coin(&mut self) -> bool {
        self.next_u32() >> 31 != 0
    }

    /// True with probability `p`.
    #[inline(always)]
    pub fn bernoulli(&mut self, p: Probability) -> bool {
        u64::from(self.next_u32()) < p.0
    }

    /// Sixty-four random bits, the first draw in the low half.
    #[inline(always)]
    pub fn next_u64(&mut self) -> u64 {
        let low = u64::from(self.next_u32());
        low | u64::from(self.next_u32()) << 32
    }

    /// Each bit of `wanted` kept with probability `p`, independently and as exactly as
    /// [`bernoulli`](Self::bernoulli) does.
    ///
    /// Every lane compares a random number with `p`, bit by bit from the highest, until they
    /// differ. After five bits in all lanes at once, two of sixty-four are left on average; these
    /// are decided one by one.
    #[inline]
    pub fn bernoulli_word(&mut self, p: Probability, wanted: u64) -> u64 {
        if p.0 >> 32 != 0 {
            return wanted;
        }
        let threshold = p.0 as u32;
        let mut kept = 0;
        let mut undecided = wanted;
        for level in 0..SHARED_LEVELS {
            let ones = 0u64.wrapping_sub(u64::from(threshold << level >> 31));
            let differ = (self.next_u64() ^ ones) & undecided;
            kept |= differ & ones;
            undecided &= !differ;
        }
        let rest = threshold << SHARED_LEVELS;
        while undecided != 0 {
            let lane = undecided & undecided.wrapping_neg();
            undecided ^= lane;
            if self.next_u32() < rest {
                kept |= lane;
            }
        }
        kept
    }

    /// Uniform on the open interval (0, 1): an odd multiple of 2⁻²⁴, so that neither `u` nor
    /// `1 − u` rounds.
    #[inline]
    pub fn uniform(&mut self) -> f32 {
        (((self.next_u32() >> 9) << 1) | 1) as f32 * (1.0 / 16_777_216.0)
    }

    /// Standard logistic noise, ln u − ln(1 − u).
    #[inline]
    pub fn logistic(&mut self) -> f32 {
        let u = self.uniform();
        math::ln(u) - math::ln(1.0 - u)
    }

    /// Exponential time of rate 1, −ln u: from 2⁻²⁴ to 16.6, its mean within 10⁻⁷ of 1.
    #[inline]
    pub fn exponential(&mut self) -> f32 {
        -math::ln(self.uniform())
    }

    /// Standard normal number (Box and Muller 1958), within ±5.8: the second of the pair is dropped, so
    /// that a stream has no other state than its generator.
    #[inline]
    pub fn normal(&mut self) -> f32 {
        let radius = math::sqrt(2.0 * self.exponential());
        radius * math::cos(core::f32::consts::TAU * self.uniform())
    }

    /// Standard Gumbel noise, −ln(−ln u).
    #[inline]
    pub fn gumbel(&mut self) -> f32 {
        -math::ln(self.exponential())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments of 2²⁰ draws against those of the normal law, within four standard errors.
    #[test]
    fn normal_numbers_have_the_moments() {
        let mut stream = Stream::new(1, 0, Purpose::Sample);
        let n = f64::from(1 << 20);
        let mut sums = [0.0; 6];
        for _ in 0..1 << 20 {
            let x = f64::from(stream.normal());
            let mut power = 1.0;
            for sum in &mut sums {
                power *= x;
                *sum += power;
            }
        }
        // Of xᵏ: mean, variance.
        let known = [
            (0.0, 1.0),
            (1.0, 2.0),
            (0.0, 15.0),
            (3.0, 96.0),
            (0.0, 945.0),
            (15.0, 10170.0),
        ];
        for (sum, (mean, variance)) in sums.iter().zip(known) {
            let error = math::sqrt64(variance / n);
            assert!((sum / n - mean).abs() < 4.0 * error, "{} {mean}", sum / n);
        }
    }

    /// The reference sequence of SplitMix64 for seed 1234567 (Vigna's splitmix64.c).
    #[test]
    fn split_mix_follows_its_reference() {
        let mut state = 1_234_567;
        for expected in [6_457_827_717_110_365_317, 3_203_168_211_198_807_973] {
            assert_eq!(split_mix(&mut state), expected);
        }
    }

    #[test]
    fn value_stability() {
        let mut stream = Stream::new(1, 2, Purpose::Training);
        let drawn = [
            stream.next_u32(),
            stream.below(1000),
            stream.uniform().to_bits(),
        ];
        assert_eq!(drawn, VALUES);
        let word = stream.bernoulli_word(Probability::new(0.3), u64::MAX);
        assert_eq!(word, BERNOULLI);
    }
    const BERNOULLI: u64 = 0x818352182006a101;
    const VALUES: [u32; 3] = [1_922_585_073, 250, 1_054_668_462];

    #[test]
    fn bernoulli_frequencies() {
        let mut stream = Stream::new(11, 0, Purpose::Sample);
        let wanted = 0xffff_f0ff_ffff_ff0f;
        let rounds = 4000;
        for p in [0.0, 1e-3, 0.25, 0.585_786_437, 0.999, 1.0] {
            let probability = Probability::new(p);
            let (mut counts, mut pairs, mut single) = ([0u32; 64], 0u32, 0u32);
            for _ in 0..rounds {
                let word = stream.bernoulli_word(probability, wanted);
                assert_eq!(word & !wanted, 0);
                for (lane, count) in counts.iter_mut().enumerate() {
                    *count += (word >> lane) as u32 & 1;
                }
                pairs += (word & word >> 32 & 1 << 17 != 0) as u32;
                single += u32::from(stream.bernoulli(probability));
            }
            let near = |count: u32, p: f64| {
                // Five standard errors, since 384 counts are looked at.
                let n = f64::from(rounds);
                (f64::from(count) - n * p).abs() <= 5.0 * (n * p * (1.0 - p)).sqrt()
            };
            for (lane, count) in counts.iter().enumerate() {
                assert!(
                    near(*count, if wanted >> lane & 1 != 0 { p } else { 0.0 }),
                    "{p} {lane}"
                );
            }
            assert!(near(single, p) && near(pairs, p * p), "{p}");
        }
        assert_eq!(Probability::new(f64::NAN), Probability::ZERO);
        assert_eq!(Probability::new(-1.0), Probability::ZERO);
        assert_eq!(Probability::new(1e300), Probability::new(1.0));
    }

    #[test]
    fn moments() {
        let mut stream = Stream::new(7, 0, Purpose::Encoder);
        let n = 200_000;
        let (mut uniform, mut logistic, mut gumbel) = (0.0f64, 0.0f64, 0.0f64);
        let mut counts = [0u32; 7];
        for _ in 0..n {
            uniform += f64::from(stream.uniform());
            logistic += f64::from(stream.logistic());
            gumbel += f64::from(stream.gumbel());
            counts[stream.below(7) as usize] += 1;
        }
        let n = f64::from(n);
        // Standard errors: √(1/12n), √(π²/3n), √(π²/6n); four of each.
        assert!((uniform / n - 0.5).abs() < 4.0 * 0.2887 / n.sqrt());
        assert!((logistic / n).abs() < 4.0 * 1.8138 / n.sqrt());
        assert!((gumbel / n - 0.577_215_664).abs() < 4.0 * 1.2826 / n.sqrt());
        let p = 1.0 / 7.0;
        for count in counts {
            assert!((f64::from(count) - n * p).abs() < 4.0 * (n * p * (1.0 - p)).sqrt());
        }
    }
}
