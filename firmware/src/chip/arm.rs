//! Cortex-M: SysTick counts, HardFault ends the program.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::{Peripherals, SYST, syst::SystClkSource};
use cortex_m_rt::{ExceptionFrame, exception};

pub use cortex_m_rt::entry;

/// SysTick has 24 bits.
const PERIOD: u32 = 1 << 24;

/// Instructions per thousand ticks when the emulator gives each 1 ns: 168 MHz on the STM32F405,
/// 16 MHz on the nRF51. On a real chip ticks are clock cycles, and this is 1000.
const PER_THOUSAND_TICKS: (u64, u64) = if cfg!(target_abi = "eabihf") {
    (125_000, 21)
} else {
    (125_000, 2)
};

static WRAPS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    // The only writer, so that a load and a store do: the Cortex-M0 has no fetch-and-add.
    WRAPS.store(WRAPS.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    crate::fault(frame.pc() as usize)
}

/// Starts the instruction counter; once, at the start of the program.
pub fn start_counter() {
    if let Some(peripherals) = Peripherals::take() {
        let mut timer = peripherals.SYST;
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(PERIOD - 1);
        timer.clear_current();
        timer.enable_interrupt();
        timer.enable_counter();
    }
}

/// Instructions since [`start_counter`], to within one tick (6 on the STM32F405, 63 on the nRF51).
#[must_use]
pub fn instructions() -> u64 {
    loop {
        let wraps = WRAPS.load(Ordering::Relaxed);
        let left = SYST::get_current();
        if wraps == WRAPS.load(Ordering::Relaxed) {
            // It counts down: from 0, where it starts and interrupts, to PERIOD − 1, and on.
            let ticks = u64::from(wraps) * u64::from(PERIOD) + u64::from((PERIOD - left) % PERIOD);
            let (instructions, parts) = PER_THOUSAND_TICKS;
            return ticks * instructions / (1000 * parts);
        }
    }
}
