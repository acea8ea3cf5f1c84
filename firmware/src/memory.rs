//! What the program occupies: flash, statics, and the stack at its deepest. Free memory is filled
//! with a pattern; what is left of it at the end was never touched.

use core::ptr::{read_volatile, write_volatile};

const PATTERN: u32 = 0xcccc_cccc;
/// Below the caller's frame: room for `paint_stack`'s own.
const MARGIN: usize = 256;

// Places that the linker names; they have addresses, not values.
unsafe extern "C" {
    /// First byte in flash.
    #[cfg_attr(target_arch = "arm", link_name = "__vector_table")]
    #[cfg_attr(target_arch = "riscv32", link_name = "__stext")]
    static FLASH: u32;
    /// First byte of the initial values of `.data`, which end what lies in flash.
    #[link_name = "__sidata"]
    static INITIAL: u32;
    /// First byte of `.data`, and of memory.
    #[link_name = "__sdata"]
    static DATA: u32;
    /// First byte behind `.data`.
    #[link_name = "__edata"]
    static DATA_END: u32;
    /// First byte behind the statics.
    #[cfg_attr(target_arch = "arm", link_name = "_stack_end")]
    #[cfg_attr(target_arch = "riscv32", link_name = "__eheap")]
    static FREE: u32;
    /// First byte behind the memory: the stack grows down from here.
    #[link_name = "_stack_start"]
    static TOP: u32;
}

/// Bytes from one place to another.
fn distance(from: *const u32, to: *const u32) -> usize {
    to as usize - from as usize
}

/// Bytes of flash that the program fills.
#[must_use]
pub fn flash() -> usize {
    distance(&raw const FLASH, &raw const INITIAL) + distance(&raw const DATA, &raw const DATA_END)
}

/// Bytes of memory that statics take.
#[must_use]
pub fn statics() -> usize {
    distance(&raw const DATA, &raw const FREE)
}

/// Bytes of memory that statics leave for the stack.
#[must_use]
pub fn stack_limit() -> usize {
    distance(&raw const FREE, &raw const TOP)
}

/// Paints the free memory below the caller's frame.
#[inline(never)]
pub fn paint_stack() {
    let free = (&raw const FREE).cast_mut();
    let here = 0u32;
    for i in 0..distance(free, &raw const here).saturating_sub(MARGIN) / 4 {
        // SAFETY: from the end of the statics to below the live stack nothing is in use; there is
        // one core, and interrupts push their frames within the margin.
        unsafe { write_volatile(free.add(i), PATTERN) };
    }
}

/// Bytes of stack in use at the deepest moment since [`paint_stack`].
#[must_use]
pub fn stack_high_water() -> usize {
    let free = &raw const FREE;
    let untouched = (0..stack_limit() / 4)
        // SAFETY: all words between the statics and the top of memory are readable.
        .take_while(|&i| unsafe { read_volatile(free.add(i)) } == PATTERN)
        .count();
    stack_limit() - untouched * 4
}
