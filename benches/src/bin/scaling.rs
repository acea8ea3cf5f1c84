//! How cost grows: time per step against |E| and against K, time per sweep and site against L, as
//! CSV, and as a picture if a file is named: `scaling [FILE.svg]`.
//!
//! `exponent` is the slope of ln t against ln x from the row before: 1 is cost as the work grows
//! (K: between 1 and 2, since the scores are K × K), 0 for a time per site that stays.

use std::fmt::Write;

use blockspin::report::picture::svg_file;
use blockspin::run::Isa;
use blockspin_benches::{Chain, Kind, critical, microseconds, step_microseconds};
use blockspin_core::sampler::Algorithm;

/// One curve: its panel, its name, and its points.
struct Curve {
    panel: usize,
    name: &'static str,
    points: Vec<(u32, f64)>,
}

/// Axes of the panels.
const PANELS: [[&str; 2]; 3] = [
    ["|E|, sites of the environment (K = 100)", "µs a step"],
    ["K, samples of a batch (|E| = 880)", "µs a step"],
    ["L, side of the critical lattice", "ns a sweep and site"],
];

fn step_curve(panel: usize, isa: Isa, sizes: &[u32]) -> Curve {
    let time = |size: &u32| match panel {
        0 => step_microseconds(isa, 100, *size, Kind::Signs),
        _ => step_microseconds(isa, *size, 880, Kind::Signs),
    };
    Curve {
        panel,
        name: "step",
        points: sizes.iter().map(|size| (*size, time(size))).collect(),
    }
}

/// Nanoseconds of a sweep for each site; the same stretch of the chain in every round.
fn sweep_nanoseconds(side: u32, algorithm: Algorithm) -> f64 {
    let sites = side * side;
    let mut chain = Chain::new(critical(side, algorithm), 200);
    if side == 64 {
        chain.measure(4000).check();
    }
    let sweeps = ((1 << 23) / sites).clamp(32, 4000);
    let [stretch] = microseconds([&mut || {
        let mut chain = chain.clone();
        (0..sweeps).for_each(|_| chain.sweep());
    }]);
    1e3 * stretch / f64::from(sweeps) / f64::from(sites)
}

/// As many clusters as turn over all spins: 1 / ⟨m²⟩, ⟨m²⟩ = 1.09 L^(−1/4) at T_c.
fn clusters(side: u32) -> u32 {
    (f64::from(side).powf(0.25) / 1.09).round() as u32
}

fn main() {
    let sides = [16, 32, 64, 128, 256, 512, 1024];
    let sweeps = |name, algorithm: &dyn Fn(u32) -> Algorithm| Curve {
        panel: 2,
        name,
        points: sides
            .map(|side| (side, sweep_nanoseconds(side, algorithm(side))))
            .to_vec(),
    };
    let Some(isa) = Isa::available().pop() else {
        return;
    };
    let curves = [
        step_curve(0, isa, &[100, 200, 500, 880, 2000, 5000, 10_000]),
        step_curve(1, isa, &[50, 100, 200, 400, 1000, 2000]),
        sweeps("swendsen-wang", &|_| Algorithm::SwendsenWang),
        sweeps("wolff", &|side| Algorithm::Wolff {
            clusters: clusters(side),
        }),
    ];
    println!("curve,isa,x,value,exponent");
    for curve in &curves {
        let mut before: Option<(f64, f64)> = None;
        for (x, y) in &curve.points {
            let [what, unit] = PANELS[curve.panel];
            let name = what.split(',').next().unwrap_or(what);
            let x = f64::from(*x);
            let slope = before.map_or(String::new(), |(x0, y0)| {
                format!("{:.2}", (y / y0).ln() / (x / x0).ln())
            });
            println!(
                "{} ({unit}) against {name},{isa},{x},{y:.3},{slope}",
                curve.name
            );
            before = Some((x, *y));
        }
    }
    if let Some(path) = std::env::args().nth(1)
        && let Err(error) = std::fs::write(&path, svg_file(&picture(&curves)))
    {
        eprintln!("scaling: {path}: {error}");
        std::process::exit(1);
    }
}

/// Three log-log panels side by side.
fn picture(curves: &[Curve]) -> String {
    const SIDE: f64 = 240.0;
    const LEFT: f64 = 56.0;
    const TOP: f64 = 24.0;
    const STEP: f64 = SIDE + LEFT + 20.0;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {} {}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        3.0 * STEP,
        SIDE + TOP + 48.0
    );
    for (panel, [below, beside]) in PANELS.iter().enumerate() {
        let here: Vec<_> = curves.iter().filter(|curve| curve.panel == panel).collect();
        let points = || here.iter().flat_map(|curve| &curve.points);
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::INFINITY, 0.0_f64), |(a, b), v| (a.min(v), b.max(v)))
        };
        let (x0, x1) = range(&mut points().map(|p| f64::from(p.0)));
        let (y0, y1) = range(&mut points().map(|p| p.1));
        // A little room, and at least a factor of four from bottom to top.
        let (y0, y1) = (y0 / 1.2, (1.2 * y1).max(4.0 * y0));
        let left = LEFT + panel as f64 * STEP;
        let place = |v: f64, (a, b): (f64, f64)| (v / a).ln() / (b / a).ln() * SIDE;
        let x = |v: f64| left + place(v, (x0, x1));
        let y = |v: f64| TOP + SIDE - place(v, (y0, y1));
        let _ = writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{TOP}\" width=\"{SIDE}\" height=\"{SIDE}\" fill=\"none\" \
             stroke=\"#888\"/>\n<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{below}</text>\n\
             <text x=\"{left}\" y=\"{}\">{beside}</text>",
            left + SIDE / 2.0,
            TOP + SIDE + 38.0,
            TOP - 8.0
        );
        // Ticks at 1, 2 and 5 times powers of ten.
        let ticks = |(a, b): (f64, f64)| {
            (0..7)
                .flat_map(|n| [1.0, 2.0, 5.0].map(|d| d * 10_f64.powi(n)))
                .filter(move |v| (a..=b).contains(v))
        };
        for v in ticks((x0, x1)) {
            let (at, base) = (x(v), TOP + SIDE);
            let _ = writeln!(
                svg,
                "<path d=\"M{at:.1} {base}v4\" stroke=\"#888\"/><text x=\"{at:.1}\" y=\"{}\" \
                 text-anchor=\"middle\">{v}</text>",
                base + 17.0
            );
        }
        for v in ticks((y0, y1)) {
            let at = y(v);
            let _ = writeln!(
                svg,
                "<path d=\"M{left} {at:.1}h-4\" stroke=\"#888\"/><text x=\"{}\" y=\"{:.1}\" \
                 text-anchor=\"end\">{v}</text>",
                left - 7.0,
                at + 4.0
            );
        }
        for (i, (curve, colour)) in here.iter().zip(["#1f5fa8", "#c2571a"]).enumerate() {
            let path: Vec<_> = (curve.points.iter())
                .map(|(a, b)| format!("{:.1},{:.1}", x(f64::from(*a)), y(*b)))
                .collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
                path.join(" ")
            );
            for point in &path {
                let (a, b) = point.split_once(',').unwrap_or_default();
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{a}\" cy=\"{b}\" r=\"3\" fill=\"{colour}\"/>"
                );
            }
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" fill=\"{colour}\">{}</text>",
                left + 8.0,
                TOP + 16.0 + 14.0 * i as f64,
                curve.name
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}
