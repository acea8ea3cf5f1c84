//! defmt's frames, byte by byte through USART1 of the STM32F405.
//!
//! QEMU writes the port to a file. On a real board take `defmt-rtt` instead, or give the port its
//! clock, pins and baud rate in [`start`].

use core::{
    cell::UnsafeCell,
    ptr::{read_volatile, write_volatile},
};

use critical_section::RestoreState;
use defmt::Encoder;

/// USART1 (RM0090 §30): status, data, first control register.
const STATUS: *const u32 = 0x4001_1000 as *const u32;
const DATA: *mut u32 = 0x4001_1004 as *mut u32;
const CONTROL: *mut u32 = 0x4001_100c as *mut u32;
const TRANSMIT_EMPTY: u32 = 1 << 7;
const ENABLE_TRANSMITTER: u32 = 1 << 13 | 1 << 3;

/// Switches the transmitter on; before the first log statement.
pub fn start() {
    // SAFETY: a write to a peripheral register that nothing else uses.
    unsafe { write_volatile(CONTROL, ENABLE_TRANSMITTER) };
}

fn send(bytes: &[u8]) {
    for &byte in bytes {
        // SAFETY: peripheral registers; the critical section of the frame makes us the only user.
        unsafe {
            while read_volatile(STATUS) & TRANSMIT_EMPTY == 0 {}
            write_volatile(DATA, u32::from(byte));
        }
    }
}

struct State {
    encoder: Encoder,
    restore: RestoreState,
}

struct Shared(UnsafeCell<State>);

// SAFETY: touched only between `acquire` and `release`, which hold the critical section.
unsafe impl Sync for Shared {}

static SHARED: Shared = Shared(UnsafeCell::new(State {
    encoder: Encoder::new(),
    restore: RestoreState::invalid(),
}));

#[defmt::global_logger]
struct Serial;

// SAFETY: defmt pairs `acquire` and `release`, and calls `write` only between them; interrupts are
// off from the one to the other and no statement logs within another, so that the state has one
// user at a time.
unsafe impl defmt::Logger for Serial {
    fn acquire() {
        // SAFETY: paired with the release below; the section begins before the state is touched.
        unsafe {
            let restore = critical_section::acquire();
            let state = &mut *SHARED.0.get();
            state.restore = restore;
            state.encoder.start_frame(send);
        }
    }

    unsafe fn flush() {}

    unsafe fn release() {
        // SAFETY: within the section that `acquire` began, and its end.
        unsafe {
            let state = &mut *SHARED.0.get();
            state.encoder.end_frame(send);
            critical_section::release(state.restore);
        }
    }

    unsafe fn write(bytes: &[u8]) {
        // SAFETY: within the section that `acquire` began.
        unsafe { (*SHARED.0.get()).encoder.write(bytes, send) }
    }
}
