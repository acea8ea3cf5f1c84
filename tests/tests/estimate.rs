//! Held-out estimates against exact informations of small systems. Few systems and few steps here;
//! the whole list, with the default number of steps, is in `z_long.rs`.

use blockspin_tests::runs::{Case, Named};
use blockspin_tests::chains::CRITICAL;

/// 600 steps instead of 6000: these critics are small problems, and learn in a few hundred.
const STEPS: u32 = 600;

#[test]
fn a_torus_of_four() {
    Case::new(&[4, 4], CRITICAL, &[2], 0, Named::Uniform).check(STEPS, 1);
}
#[test]
fn a_torus_of_five() {
    Case::new(&[5, 5], CRITICAL, &[3], 0, Named::Boundary).sigmoid().check(STEPS, 2);
    Case::new(&[5, 5], CRITICAL, &[1], 1, Named::Decimation).check(STEPS, 2);
}
#[test]
fn ring() {
    Case::new(&[16], 1.0, &[4], 2, Named::Uneven).check(STEPS, 2);
}
