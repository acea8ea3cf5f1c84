//! Tiles of every kind, none of which may change a bit.
//!
//! The core inlines a whole step for its tile; here that is done once for each, not in every test.

use blockspin_core::encoder::AnyEncoder as Encoder;
use blockspin_core::kernel::{Portable, Target};
use blockspin_core::num::rng::Stream;
use blockspin_core::rsmi::{Learn, Rsmi};

/// A tile, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiling {
    /// The core's own.
    Portable,
    /// Two rows, eight columns, four chunks.
    Narrow,
    /// Four rows, sixteen columns, eight chunks.
    Middle,
    /// Four rows, sixteen columns, two lanes of eight chunks.
    Wide,
}

macro_rules! tile {
    ($name:ident, $rows:literal, $columns:literal, $lanes:literal, $chunks:literal) => {
        #[derive(Clone, Copy)]
        struct $name;

        impl Target for $name {
            const ROWS: usize = $rows;
            const COLUMNS: usize = $columns;
            const LANES: usize = $lanes;
            const CHUNKS: usize = $chunks;

            // The processor's own, where the core's tile has libm's.
            #[inline(always)]
            fn sqrt(x: f32) -> f32 {
                x.sqrt()
            }
        }
    };
}

tile!(Narrow, 2, 8, 1, 4);
tile!(Middle, 4, 16, 1, 8);
tile!(Wide, 4, 16, 2, 8);

impl Tiling {
    /// [`Rsmi::differentiate`].
    pub fn differentiate(self, rsmi: &mut Rsmi, encoder: Encoder, stream: &mut Stream) -> f32 {
        match self {
            Tiling::Portable => rsmi.differentiate::<Portable>(encoder, Learn::All, stream),
            Tiling::Narrow => rsmi.differentiate::<Narrow>(encoder, Learn::All, stream),
            Tiling::Middle => rsmi.differentiate::<Middle>(encoder, Learn::All, stream),
            Tiling::Wide => rsmi.differentiate::<Wide>(encoder, Learn::All, stream),
        }
    }

    /// [`Rsmi::step`].
    pub fn step(
        self,
        rsmi: &mut Rsmi,
        encoder: Encoder,
        learn: Learn,
        rate: f32,
        stream: &mut Stream,
    ) -> f32 {
        match self {
            Tiling::Portable => rsmi.step::<Portable>(encoder, learn, rate, stream),
            Tiling::Narrow => rsmi.step::<Narrow>(encoder, learn, rate, stream),
            Tiling::Middle => rsmi.step::<Middle>(encoder, learn, rate, stream),
            Tiling::Wide => rsmi.step::<Wide>(encoder, learn, rate, stream),
        }
    }

    /// The terms of [`Rsmi::evaluate`].
    pub fn evaluate(self, rsmi: &mut Rsmi, encoder: Encoder, stream: &mut Stream) -> Vec<f32> {
        let mut terms = vec![f32::NAN; rsmi.shape().batch()];
        match self {
            Tiling::Portable => rsmi.evaluate::<Portable>(encoder, stream, &mut terms),
            Tiling::Narrow => rsmi.evaluate::<Narrow>(encoder, stream, &mut terms),
            Tiling::Middle => rsmi.evaluate::<Middle>(encoder, stream, &mut terms),
            Tiling::Wide => rsmi.evaluate::<Wide>(encoder, stream, &mut terms),
        }
        terms
    }
}
