//! Reverse-mode differentiation in f64: a list of nodes, each with its value and its derivatives
//! by the nodes it was made of.
//!
//! The core's gradients are derived by hand, layer by layer; here nothing is derived but the five
//! functions below, and the chain rule is one loop over the list.

/// A node of a [`Tape`].
#[derive(Clone, Copy, Debug)]
pub struct Var(usize);

impl Var {
    /// Its place in what [`Tape::gradient`] returns.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// Values in the order of their computation.
#[derive(Debug, Default)]
pub struct Tape {
    values: Vec<f64>,
    /// Where the edges of each node end.
    ends: Vec<usize>,
    /// Parent, and the derivative by it.
    edges: Vec<(usize, f64)>,
}

impl Tape {
    /// A constant or an independent variable.
    pub fn leaf(&mut self, value: f64) -> Var {
        self.close(value)
    }

    /// The value of a node.
    #[must_use]
    pub fn value(&self, x: Var) -> f64 {
        self.values[x.0]
    }

    /// Σ x y.
    pub fn dot(&mut self, pairs: impl IntoIterator<Item = (Var, Var)>) -> Var {
        let mut sum = 0.0;
        for (x, y) in pairs {
            sum += self.value(x) * self.value(y);
            self.edges.push((x.0, self.value(y)));
            self.edges.push((y.0, self.value(x)));
        }
        self.close(sum)
    }

    /// max(x, 0).
    pub fn relu(&mut self, x: Var) -> Var {
        let positive = self.value(x) > 0.0;
        let (value, slope) = if positive {
            (self.value(x), 1.0)
        } else {
            (0.0, 0.0)
        };
        self.unary(x, value, slope)
    }

    /// eˣ.
    pub fn exp(&mut self, x: Var) -> Var {
        let value = self.value(x).exp();
        self.unary(x, value, value)
    }

    /// ln x.
    pub fn ln(&mut self, x: Var) -> Var {
        let at = self.value(x);
        self.unary(x, at.ln(), 1.0 / at)
    }

    /// tanh x.
    pub fn tanh(&mut self, x: Var) -> Var {
        let at = self.value(x);
        self.unary(x, at.tanh(), at.cosh().powi(-2))
    }

    /// The derivatives of a node by all nodes.
    #[must_use]
    pub fn gradient(&self, of: Var) -> Vec<f64> {
        let mut gradient = vec![0.0; self.values.len()];
        gradient[of.0] = 1.0;
        for node in (0..=of.0).rev() {
            let start = if node == 0 { 0 } else { self.ends[node - 1] };
            for &(parent, slope) in &self.edges[start..self.ends[node]] {
                gradient[parent] += gradient[node] * slope;
            }
        }
        gradient
    }

    fn unary(&mut self, x: Var, value: f64, slope: f64) -> Var {
        self.edges.push((x.0, slope));
        self.close(value)
    }

    fn close(&mut self, value: f64) -> Var {
        self.values.push(value);
        self.ends.push(self.edges.len());
        Var(self.values.len() - 1)
    }
}
