//! What the kernels like best on this chip.

#[cfg(not(target_abi = "eabihf"))]
pub use blockspin_core::kernel::Portable as Chip;

#[cfg(target_abi = "eabihf")]
pub use m4f::Chip;

#[cfg(target_abi = "eabihf")]
mod m4f {
    use blockspin_core::kernel::Target;
    use blockspin_core::rsmi::Machine;

    // SAFETY: of C's mathematics, linked in by `compiler_builtins` on every chip: correctly rounded,
    // without errno. LLVM knows it, writes `vsqrt.f32` and calls it for NaN alone; inline assembly
    // cannot name the registers of this target.
    unsafe extern "C" {
        safe fn sqrtf(x: f32) -> f32;
    }

    /// The Cortex-M4F: 32 registers of one f32 each, and a square root in hardware.
    #[derive(Clone, Copy, Debug)]
    pub struct Chip;

    impl Target for Chip {
        // Half of the registers hold sums; of what is loaded, every number serves two or eight.
        const ROWS: usize = 2;
        const COLUMNS: usize = 8;
        const LANES: usize = 1;
        // 4 KiB of stack.
        const CHUNKS: usize = 4;

        #[inline(always)]
        fn sqrt(x: f32) -> f32 {
            sqrtf(x)
        }

        #[inline(never)]
        fn part<R>(part: impl FnOnce() -> R) -> R {
            part()
        }
    }

    impl Machine for Chip {
        type Target = Chip;
    }
}
