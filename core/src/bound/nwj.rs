//! NWJ (Nguyen, Wainwright and Jordan 2010; f-GAN, MINE-f; RSMI-NE, eq. 6).
//!
//! ```text
//! I = E_p(h,e) f − e⁻¹ E_p(h)p(e) exp f
//! ```
//!
//! is TUBA with the baseline a = e: [`single_sample`](super::single_sample), with ln a = 1. It is
//! tight for f = 1 + ln r, r = p(h, e) / p(h) p(e) (eqs. A6 to A8): the critic has to find its own
//! norm. The estimate is without bias for any K and any critic, and has no ceiling; its variance
//! grows as exp I / K.

/// ln a.
pub(crate) const BASELINE: f32 = 1.0;
