//! Which instructions run the step: picked once at start, without any effect on the bits.
//!
//! The core is portable, inlined and generic over the tile; the functions below compile its kernels
//! and the step around them once for each instruction set. Nothing in the hot path is left to a
//! function that was compiled for another set.

use std::fmt;

use blockspin_core::bound::Bound;
use blockspin_core::critic::Critic;
use blockspin_core::encoder::projection::{Block, Workspace};
use blockspin_core::encoder::{AnyEncoder, Encoder, Linear, Projection};
use blockspin_core::kernel::dense::{self, Matrix, Output};
use blockspin_core::kernel::{Target, signs};
use blockspin_core::num::lane::{Lane, get, lanes};
use blockspin_core::num::rng::Stream;
use blockspin_core::rsmi::{Learn, Machine, Rsmi};
use multiversion::multiversion;
use multiversion::target::match_target;

use crate::error::{Error, Result};

/// An instruction set to compute with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// What every machine of the target has: SSE2 on x86-64, NEON on aarch64.
    Portable,
    /// AVX2.
    Avx2,
    /// AVX-512, as Ice Lake, Zen 4 and later have it.
    Avx512,
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        })
    }
}

/// The tile of one instruction set, with the kernels that are compiled for it.
macro_rules! tile {
    ($name:ident, $rows:literal, $in_turn:literal, $lanes:literal, $by_rows:ident, $by_columns:ident, $signs:ident) => {
        /// Register tiles of one instruction set.
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        impl Target for $name {
            const ROWS: usize = $rows;
            const COLUMNS: usize = 16;
            const IN_TURN: bool = $in_turn;
            const LANES: usize = $lanes;
            const CHUNKS: usize = 8;
            #[inline(always)]
            fn sqrt(x: f32) -> f32 {
                x.sqrt()
            }
            fn rows(rows: usize, inner: usize, a: Matrix, b: Matrix, columns: usize, out: Output) {
                $by_rows(rows, inner, a, b, columns, out);
            }
            fn columns(
                rows: usize,
                inner: usize,
                a: Matrix,
                b: Matrix,
                columns: usize,
                out: Output,
            ) {
                $by_columns(rows, inner, a, b, columns, out);
            }
            fn signs(
                rows: usize,
                inner: usize,
                bits: &[u32],
                weights: &[Lane],
                lanes: usize,
                out: Output,
            ) {
                $signs(rows, inner, bits, weights, lanes, out);
            }
        }
    };
}
tile!(PortableTile, 2, false, 1, rows_any, columns_any, signs_any);
tile!(Avx2Tile, 4, true, 1, rows_avx2, columns_avx2, signs_avx2);
tile!(
    Avx512Tile,
    4,
    false,
    2,
    rows_avx512,
    columns_avx512,
    signs_avx512
);

/// One function for each instruction set.
macro_rules! compile {
    ($any:ident, $avx2:ident, $avx512:ident, [$($member:ident: $bound:ident),*],
     ($($arg:ident: $type:ty),*) -> $out:ty, |$tile:ident| $body:expr) => {
        #[inline(never)]
        fn $any<$($member: $bound),*>($($arg: $type),*) -> $out {
            type $tile = PortableTile;
            $body
        }
        #[multiversion(targets("x86_64+avx2"))]
        fn $avx2<$($member: $bound),*>($($arg: $type),*) -> $out {
            match_target! {
                "x86_64+avx2" => {
                    type $tile = Avx2Tile;
                    $body
                }
                // Never called: without a body of its own it costs nothing to compile.
                _ => $any($($arg),*),
            }
        }
        #[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl"))]
        fn $avx512<$($member: $bound),*>($($arg: $type),*) -> $out {
            match_target! {
                "x86_64+avx512f+avx512bw+avx512dq+avx512vl" => {
                    type $tile = Avx512Tile;
                    $body
                }
                _ => $any($($arg),*),
            }
        }
    };
}

compile!(
    rows_any, rows_avx2, rows_avx512, [],
    (rows: usize, inner: usize, a: Matrix, b: Matrix, columns: usize, out: Output) -> (),
    |T| dense::rows::<T>(rows, inner, a, b, columns, out)
);
compile!(
    columns_any, columns_avx2, columns_avx512, [],
    (rows: usize, inner: usize, a: Matrix, b: Matrix, columns: usize, out: Output) -> (),
    |T| dense::columns::<T>(rows, inner, a, b, columns, out)
);
compile!(
    signs_any, signs_avx2, signs_avx512, [],
    (rows: usize, inner: usize, bits: &[u32], weights: &[Lane], lanes: usize,
     out: Output) -> (),
    |T| signs::accumulate::<T>(rows, inner, bits, weights, lanes, out)
);
compile!(
    step_any, step_avx2, step_avx512, [C: Critic, B: Bound, P: Projection, E: Encoder],
    (rsmi: &mut Rsmi<C, B, P>, encoder: E, learn: Learn, rate: f32, stream: &mut Stream) -> f32,
    |T| rsmi.step::<T>(encoder, learn, rate, stream)
);
compile!(
    evaluate_any, evaluate_avx2, evaluate_avx512, [C: Critic, B: Bound, P: Projection, E: Encoder],
    (rsmi: &mut Rsmi<C, B, P>, encoder: E, stream: &mut Stream, terms: &mut [f32]) -> (),
    |T| rsmi.evaluate::<T>(encoder, stream, terms)
);

compile!(
    encode_any, encode_avx2, encode_avx512, [],
    (block: &Block, weights: &mut [Lane], encoder: AnyEncoder, h: &mut [Lane], slopes: &mut [Lane],
     used: usize, stream: &mut Stream) -> Encoded,
    |T| {
        Linear.logits::<T>(block, weights, &mut nothing(), h);
        let components = block.shape.components();
        let h = &mut h[..used * lanes(components)];
        let seen = Encoded::of(h, components);
        encoder.encode::<T>(components, h, &mut slopes[..h.len()], stream);
        seen
    }
);

/// What was seen of logits Λ·(v − c) before h was taken from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// How many were exactly 0.
    pub zeros: u64,
    /// Whether one was no number.
    pub incomplete: bool,
}

impl Encoded {
    fn of(rows: &[Lane], components: usize) -> Self {
        let (mut zeros, mut incomplete) = (0, false);
        for row in rows.chunks_exact(lanes(components)) {
            for a in 0..components {
                let x = get(row, a);
                zeros += u64::from(x == 0.0);
                incomplete |= x.is_nan();
            }
        }
        Encoded { zeros, incomplete }
    }
}

/// The workspace of a linear filter.
fn nothing() -> Workspace<'static> {
    Workspace {
        activations: &mut [],
        by_output: &mut [],
        by_input: &mut [],
        transposed: &mut [],
        flipped: &mut [],
    }
}

impl Machine for Isa {
    type Target = PortableTile;

    fn step<C: Critic, B: Bound, P: Projection>(
        &self,
        rsmi: &mut Rsmi<C, B, P>,
        encoder: impl Encoder,
        learn: Learn,
        rate: f32,
        stream: &mut Stream,
    ) -> f32 {
        match self {
            Isa::Portable => step_any(rsmi, encoder, learn, rate, stream),
            Isa::Avx2 => step_avx2(rsmi, encoder, learn, rate, stream),
            Isa::Avx512 => step_avx512(rsmi, encoder, learn, rate, stream),
        }
    }

    fn evaluate<C: Critic, B: Bound, P: Projection>(
        &self,
        rsmi: &mut Rsmi<C, B, P>,
        encoder: impl Encoder,
        stream: &mut Stream,
        terms: &mut [f32],
    ) {
        match self {
            Isa::Portable => evaluate_any(rsmi, encoder, stream, terms),
            Isa::Avx2 => evaluate_avx2(rsmi, encoder, stream, terms),
            Isa::Avx512 => evaluate_avx512(rsmi, encoder, stream, terms),
        }
    }
}

impl Isa {
    /// h of the first `used` rows of a batch of v, by a linear filter: as in a training, bit by bit. `h` and
    /// `slopes` have the lanes of all rows.
    pub fn encode(
        self,
        block: &Block,
        weights: &mut [Lane],
        encoder: AnyEncoder,
        [h, slopes]: [&mut [Lane]; 2],
        used: usize,
        stream: &mut Stream,
    ) -> Encoded {
        match self {
            Isa::Portable => encode_any(block, weights, encoder, h, slopes, used, stream),
            Isa::Avx2 => encode_avx2(block, weights, encoder, h, slopes, used, stream),
            Isa::Avx512 => encode_avx512(block, weights, encoder, h, slopes, used, stream),
        }
    }

    /// [`dense::rows`] with these instructions.
    pub fn rows(
        self,
        rows: usize,
        inner: usize,
        a: Matrix,
        b: Matrix,
        columns: usize,
        out: Output,
    ) {
        match self {
            Isa::Portable => rows_any(rows, inner, a, b, columns, out),
            Isa::Avx2 => rows_avx2(rows, inner, a, b, columns, out),
            Isa::Avx512 => rows_avx512(rows, inner, a, b, columns, out),
        }
    }

    /// Those that this machine has, the fastest last.
    #[must_use]
    pub fn available() -> Vec<Isa> {
        let mut found = vec![Isa::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                found.push(Isa::Avx2);
            }
            // The whole set that `multiversion` compiles for; with any missing it would quietly run
            // code for none of it.
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512ifma")
                && is_x86_feature_detected!("avx512vbmi")
                && is_x86_feature_detected!("avx512vbmi2")
                && is_x86_feature_detected!("avx512vnni")
                && is_x86_feature_detected!("avx512bitalg")
                && is_x86_feature_detected!("avx512vpopcntdq")
                && is_x86_feature_detected!("gfni")
                && is_x86_feature_detected!("vaes")
                && is_x86_feature_detected!("vpclmulqdq")
            {
                found.push(Isa::Avx512);
            }
        }
        found
    }

    /// The fastest that this machine has.
    #[must_use]
    pub fn fastest() -> Isa {
        let available = Self::available();
        available[available.len() - 1]
    }

    /// The one named, or the fastest for `auto`.
    ///
    /// # Errors
    /// Usage, if the name is unknown or this machine lacks the instructions.
    pub fn find(name: &str) -> Result<Isa> {
        if name == "auto" {
            return Ok(Self::fastest());
        }
        let available = Self::available();
        available
            .iter()
            .copied()
            .find(|isa| isa.to_string() == name)
            .ok_or_else(|| {
                let names: Vec<_> = available.iter().map(Isa::to_string).collect();
                Error::usage(format!(
                    "instruction set '{name}' is not available on this machine; it has auto, {}",
                    names.join(", ")
                ))
            })
    }
}
