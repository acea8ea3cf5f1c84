//! Filters over the links of a doubled lattice: what of them the dimers cannot tell, and how much of
//! the rest lies in the plane of the electric field.

/// The links of a block of `side` × `side` that begins at a vertex, with rows and columns.
fn links(side: usize) -> Vec<[usize; 2]> {
    let all = (0..side).flat_map(|y| (0..side).map(move |x| [y, x]));
    all.filter(|[y, x]| (y + x) % 2 == 1).collect()
}

/// Orthonormal vectors that span the same, without those that depend on the others.
fn orthonormal(vectors: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = vec![];
    for mut vector in vectors {
        let before = dot(&vector, &vector);
        remove(&mut vector, &basis);
        remove(&mut vector, &basis);
        let length = dot(&vector, &vector);
        if length > 1e-12 * before {
            vector.iter_mut().for_each(|x| *x /= length.sqrt());
            basis.push(vector);
        }
    }
    basis
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Takes off what lies in the span of a basis.
fn remove(vector: &mut [f64], basis: &[Vec<f64>]) {
    for direction in basis {
        let along = dot(vector, direction);
        let both = vector.iter_mut().zip(direction);
        both.for_each(|(x, d)| *x -= along * d);
    }
}

/// Directions along which Λ·v is the same in every covering: the links of each vertex that has all
/// four in the block.
fn constant(side: usize) -> Vec<Vec<f64>> {
    let links = links(side);
    let inner = (2..side).step_by(2);
    let vertices = inner
        .clone()
        .flat_map(|y| inner.clone().map(move |x| [y, x]));
    let stars = vertices.filter(|at| at.iter().all(|at| at + 1 < side));
    let star = |[y, x]: [usize; 2]| {
        let beside = |[v, u]: &[usize; 2]| v.abs_diff(y) + u.abs_diff(x) == 1;
        links.iter().map(|link| f64::from(beside(link))).collect()
    };
    orthonormal(stars.map(star).collect())
}

/// The two staggered fields.
fn staggered(side: usize) -> Vec<Vec<f64>> {
    let field = |row: bool| {
        let weight = |[y, x]: &[usize; 2]| {
            let sign = 1.0 - 2.0 * ((y / 2 + x / 2) % 2) as f64;
            if (y % 2 == 0) == row { sign } else { 0.0 }
        };
        links(side).iter().map(weight).collect()
    };
    vec![field(true), field(false)]
}

/// Singular values, the larger first, of the overlap of two filters over a block of `side` × `side`
/// with the plane of the electric field, constant directions taken off both.
///
/// # Panics
/// If there are not two components of such a block that differ.
#[must_use]
pub fn staggered_overlap(side: usize, components: &[&[f32]]) -> [f64; 2] {
    let constant = constant(side);
    let rid = |mut vectors: Vec<Vec<f64>>| {
        vectors.iter_mut().for_each(|v| remove(v, &constant));
        let basis = orthonormal(vectors);
        assert_eq!(basis.len(), 2);
        basis
    };
    let on_links = |weights: &&[f32]| {
        let links = links(side).into_iter();
        links
            .map(|[y, x]| f64::from(weights[y * side + x]))
            .collect()
    };
    let filters = rid(components.iter().map(on_links).collect());
    let plane = rid(staggered(side));
    let [a, b, c, d] = [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[i, k]| dot(&filters[i], &plane[k]));
    // Of a matrix of 2 × 2: σ₁² + σ₂² is the sum of squares, σ₁ σ₂ the determinant.
    let (squares, product) = (a * a + b * b + c * c + d * d, (a * d - b * c).abs());
    let root = (squares * squares - 4.0 * product * product)
        .max(0.0)
        .sqrt();
    let larger = ((squares + root) / 2.0).sqrt();
    [larger, product / larger]
}

/// The largest weight off the links, in units of the largest of all.
#[must_use]
pub fn off_links(side: usize, weights: &[f32]) -> f64 {
    let largest = |weights: &mut dyn Iterator<Item = &f32>| {
        weights.fold(0.0f64, |most, w| most.max(f64::from(w.abs())))
    };
    let is_link = |i: &usize| (i / side + i % side) % 2 == 1;
    let mut off = (0..weights.len())
        .filter(|i| !is_link(i))
        .map(|i| &weights[i]);
    largest(&mut off) / largest(&mut weights.iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_overlaps() {
        // 32 links, 9 of whose directions are constant.
        assert_eq!((links(8).len(), constant(8).len()), (32, 9));
        let filter = |weight: &dyn Fn(usize, usize) -> f64| -> Vec<f32> {
            let all = (0..8).flat_map(|y| (0..8).map(move |x| (y, x)));
            all.map(|(y, x)| weight(y, x) as f32).collect()
        };
        let sign = |y: usize, x: usize| 1.0 - 2.0 * ((y / 2 + x / 2) % 2) as f64;
        let rows =
            |y: usize, x: usize| f64::from((y + x) % 2 == 1 && y.is_multiple_of(2)) * sign(y, x);
        let columns = |y: usize, x: usize| f64::from((y + x) % 2 == 1 && y % 2 == 1) * sign(y, x);
        // A constant direction on top, and any basis of the plane.
        let star = |y: usize, x: usize| 3.0 * f64::from(y.abs_diff(4) + x.abs_diff(2) == 1);
        let a = filter(&|y, x| rows(y, x) + 2.0 * columns(y, x) + star(y, x));
        let b = filter(&|y, x| 5.0 * rows(y, x) - columns(y, x));
        let [larger, smaller] = staggered_overlap(8, &[&a, &b]);
        assert!((larger - 1.0).abs() < 1e-6 && (smaller - 1.0).abs() < 1e-6);
        // One filter of the plane, one that has nothing of it.
        let columnar = filter(&|y, x| rows(y, x) * sign(y, 0));
        let [larger, smaller] = staggered_overlap(8, &[&a, &columnar]);
        assert!(
            (larger - 1.0).abs() < 1e-6 && smaller < 1e-6,
            "{larger} {smaller}"
        );
        let noisy = filter(&|y, x| f64::from(y + x == 0) + 4.0 * rows(y, x));
        assert_eq!(off_links(8, &noisy), 0.25);
    }
}
