//! Critics and activations other than the default.

use blockspin_core::bound::AnyBound;
use blockspin_core::critic::{Activation, AnyCritic};
use blockspin_core::rsmi::{Learn, Machine};
use blockspin_core::shape::Shape;

use crate::learning::step;
use crate::{Arena, Hash, Workload};

/// The workloads of this group.
#[must_use]
pub fn workloads<M: Machine>() -> [Workload<M>; 1] {
    [Workload {
        name: "critics",
        run: critics,
    }]
}

/// The critics and activations that are not the standard ones, filters learned and given.
fn critics(machine: &impl Machine, arena: &mut Arena, hash: &mut Hash) -> Option<()> {
    use Activation::{Elu, Relu, Tanh};
    use AnyCritic::{Concatenated, Quadratic, Separable};
    // One component behind two hidden layers, or two behind one.
    for (components, critic, activation, how, bound) in [
        (1, Concatenated, Elu, Learn::All, AnyBound::InfoNce),
        (2, Concatenated, Relu, Learn::Critic, AnyBound::Nwj),
        (2, Concatenated, Tanh, Learn::All, AnyBound::DonskerVaradhan),
        (2, Quadratic, Relu, Learn::Critic, AnyBound::InfoNce),
        (2, Quadratic, Relu, Learn::All, AnyBound::Tuba),
        (2, Separable, Elu, Learn::All, AnyBound::JensenShannon),
        (2, Separable, Tanh, Learn::Critic, AnyBound::InfoNce),
    ] {
        let (hidden, batch): (&[u32], _) = match components {
            1 => (&[2, 2], 5),
            _ => (&[3], 4),
        };
        let shape = Shape::new(3, 6, components, hidden, 2, batch).ok()?;
        let shape = shape.with_critic(critic).ok()?.with_activation(activation);
        step(shape, how, bound, machine, arena, hash)?;
    }
    Some(())
}
