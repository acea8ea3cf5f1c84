//! Files that are unlike independent configurations: copies, replicas, slow chains, one record. The figure is
//! right within its error, or the run says what is wrong.

use blockspin::data::axes::Axes;
use blockspin::prelude::*;
use blockspin::run::record::Results;
use blockspin::settings::values::Critics;
use blockspin_core::num::rng::{Purpose, Stream};

fn coins(seed: u64, n: usize) -> Vec<i8> {
    let mut stream = Stream::new(seed, 0, Purpose::Sample);
    (0..n).map(|_| if stream.coin() { 1 } else { -1 }).collect()
}

fn run(data: Data, [block, buffer, environment]: [u32; 3], batch: u32) -> Run {
    Run::on(data).with(|config| {
        config.window.block = Sides(vec![block]);
        config.window.buffer = Sides(vec![buffer]);
        config.window.environment = Sides(vec![environment]);
        config.optimisation.batch = batch;
        config.optimisation.steps = 3000;
    })
}

fn at(run: Run, origin: &str) -> Run {
    run.with(|config| {
        if let Source::Data(file) = &mut config.source {
            file.origin = Some(origin.into());
        }
    })
}

/// Whether the figure is within three standard errors, and the error is small.
fn check(record: &RunRecord, truth: f64, most: f64) {
    let found = record.information();
    let warnings = &record.results.warnings;
    assert!(
        (found.mean - truth).abs() < 3.0 * found.stderr,
        "{found}, exact {truth}: {warnings:?}"
    );
    assert!(found.stderr < most, "{found}: {warnings:?}");
}

fn warns(record: &RunRecord, of: &str) -> bool {
    record.results.warnings.iter().any(|text| text.contains(of))
}

#[test]
fn copies_tell_nothing_of_each_other() {
    const PLACE: [u32; 3] = [4, 1, 4];
    let rows = coins(1, 400 * 24);
    let mut stream = Stream::new(2, 0, Purpose::Sample);
    let drawn: Vec<i8> = (0..4000)
        .flat_map(|_| {
            let i = stream.below(400) as usize;
            rows[24 * i..][..24].to_vec()
        })
        .collect();
    let six = rows[..350 * 24].repeat(6);
    for (rows, values, different) in [(4000, drawn, 400), (2100, six, 350)] {
        let data = || Data::new(&[rows, 24], &values).unwrap();
        let found = at(run(data(), PLACE, 20), "8").estimate("uniform").unwrap();
        check(&found, 0.0, 0.03);
        assert!(warns(
            &found,
            &format!("only {different} of {rows} configurations")
        ));
        // A row that is drawn twice in succession looks like a slow chain.
        let record = found.results.data.unwrap();
        let left = record.configurations - record.left_out;
        assert_eq!(record.different, Some(different));
        assert!((different..different + 20).contains(&left), "{left}");
        let trained = at(run(data(), PLACE, 20), "8").train().unwrap();
        check(&trained, 0.0, 0.03);
        // With as many configurations as a batch needs of those that differ it is refused.
        let error = at(run(data(), PLACE, 100), "8")
            .estimate("uniform")
            .unwrap_err();
        assert!(
            error.hints().iter().any(|hint| hint.contains("repeats")),
            "{error}"
        );
    }
}

/// Copies with noise, after one another or drawn with replacement: a critic recognises what it has seen.
#[test]
fn nearly_equal_copies_tell_nothing_of_each_other() {
    let mut stream = Stream::new(12, 0, Purpose::Sample);
    for (noise, draws) in [(1e-6, 2), (1e-2, 2), (1e-2, 6)] {
        let rows: Vec<f32> = (0..500 * 24).map(|_| stream.normal()).collect();
        let copies = rows.repeat(draws).into_iter();
        let values: Vec<f32> = copies.map(|x| x + noise * stream.normal()).collect();
        let data = || Data::new(&[500 * draws, 24], &values).unwrap();
        let found = at(run(data(), [4, 1, 4], 20), "8").train().unwrap();
        check(&found, 0.0, 0.03);
        let of = format!("only 500 of {} configurations", 500 * draws);
        assert!(warns(&found, &of), "{:?}", found.results.warnings);
    }
}

/// It rains at all sites or at none: dry days are equal, but no copies.
#[test]
fn dry_days_are_no_copies() {
    let mut stream = Stream::new(13, 0, Purpose::Sample);
    let values: Vec<f32> = (0..3000)
        .flat_map(|_| {
            let wet = stream.below(10) < 4;
            let sites = (0..12).map(|_| match wet {
                true => 1.0 + 0.1 * stream.normal(),
                false => 0.0,
            });
            sites.collect::<Vec<f32>>()
        })
        .collect();
    let data = Data::new(&[3000, 12], &values).unwrap();
    let found = at(run(data, [2, 1, 1], 50), "5").train().unwrap();
    // −0.4 ln 0.4 − 0.6 ln 0.6, less 1/2K.
    check(&found, 0.673 - 0.01, 0.03);
    assert!(
        !warns(&found, "are different"),
        "{:?}",
        found.results.warnings
    );
}

/// Fields and their translations, windows at all places: a critic that has seen a field recognises it.
#[test]
fn translations_are_copies() {
    let mut stream = Stream::new(3, 0, Purpose::Sample);
    let fields: Vec<f32> = (0..300 * 64).map(|_| stream.logistic()).collect();
    let moved = |field: &[f32], shift: usize| -> Vec<f32> {
        (0..64)
            .map(|i| field[(i / 8 + shift) % 8 * 8 + (i + 3 * shift) % 8])
            .collect()
    };
    // All fields first, then all again, shifted.
    let values: Vec<f32> = (0..4)
        .flat_map(|shift| fields.chunks(64).flat_map(move |field| moved(field, shift)))
        .collect();
    let data = Data::new(&[1200, 8, 8], &values).unwrap();
    let found = run(data, [2, 1, 1], 20).estimate("uniform").unwrap();
    check(&found, 0.0, 0.02);
    assert!(warns(&found, "only 300 of 1200"));
}

/// Eight walkers of an autoregressive process, one after the other at each time.
#[test]
fn replicas_have_an_axis() {
    let mut stream = Stream::new(4, 0, Purpose::Sample);
    let mut now = [[0.0f32; 4]; 8];
    let mut values = vec![];
    for _ in 0..800 {
        for walker in &mut now {
            let shared = stream.logistic();
            for x in walker.iter_mut() {
                *x = 0.9 * *x + shared + stream.logistic();
            }
            values.extend(*walker);
        }
    }
    let place = |data| at(run(data, [1, 0, 1], 20), "1");
    let flat = Data::new(&[6400, 4], &values).unwrap();
    let flat = place(flat).estimate("uniform").unwrap();
    assert!(
        warns(&flat, "configurations 8 apart are correlated"),
        "{:?}",
        flat.results.warnings
    );
    let axes = Axes::parse("nrx").unwrap();
    let apart = Data::new_as(&[800, 8, 4], &values, axes).unwrap();
    let apart = place(apart).estimate("uniform").unwrap();
    assert!(
        !warns(&apart, "apart are correlated"),
        "{:?}",
        apart.results.warnings
    );
    // τ = ½ (1 + 0.9)/(1 − 0.9) = 9.5 along each walker.
    let time = apart
        .results
        .data
        .as_ref()
        .unwrap()
        .autocorrelation_time
        .unwrap();
    assert!((6.0..14.0).contains(&time), "{time}");
    let (a, b) = (flat.information(), apart.information());
    assert!(
        (a.mean - b.mean).abs() < 3.0 * a.stderr.hypot(b.stderr),
        "{a}, {b}"
    );
}

/// One long series of spins, each like the one before with probability 0.88: an Ising chain at T = 1.
#[test]
fn one_record_is_enough() {
    let mut stream = Stream::new(5, 0, Purpose::Sample);
    let keep = 1.0 / (1.0 + (-2.0f64).exp());
    let mut spin = 1i8;
    let values: Vec<i8> = (0..20_000)
        .map(|_| {
            if f64::from(stream.next_u32()) / 4_294_967_296.0 > keep {
                spin = -spin;
            }
            spin
        })
        .collect();
    const WINDOW: [u32; 3] = [3, 1, 1];
    let ring = IsingChain {
        size: Sides(vec![64]),
        temperature: Some(1.0),
        ..IsingChain::default()
    };
    let exact = Run::new(ring).with(|config| {
        config.window.block = Sides(vec![WINDOW[0]]);
        config.window.buffer = Sides(vec![WINDOW[1]]);
        config.window.environment = Sides(vec![WINDOW[2]]);
        config.optimisation.steps = 1;
        config.optimisation.batch = 50;
    });
    let exact = exact.estimate("uniform").unwrap().results.exact.unwrap();
    for (shape, axes) in [(&[20_000][..], "x"), (&[1, 20_000], "auto")] {
        let data = Data::new_as(shape, &values, Axes::parse(axes).unwrap()).unwrap();
        let found = run(data, WINDOW, 50).estimate("uniform").unwrap();
        check(&found, exact.infonce_nats.unwrap(), 0.03);
    }
}

/// A photograph of noise tells nothing.
#[test]
fn one_photograph() {
    let mut stream = Stream::new(6, 0, Purpose::Sample);
    let noise: Vec<f32> = (0..120 * 120).map(|_| stream.logistic()).collect();
    let data = Data::new_as(&[120, 120], &noise, Axes::parse("xx").unwrap()).unwrap();
    let found = run(data, [2, 1, 1], 50).estimate("uniform").unwrap();
    check(&found, 0.0, 0.03);
}

/// Several parts of a file are held out in turn: all with as many components as the first has chosen.
#[test]
fn folds_have_equal_numbers_of_components() {
    let n = 900;
    let mut stream = Stream::new(9, 0, Purpose::Sample);
    let mut rings = vec![];
    for _ in 0..n {
        // Two coins, one on each side of a block, tell one of its sites each, but for some noise.
        let (left, right) = (stream.coin(), stream.coin());
        let row = [left, left, left, right, right, right];
        let mut noise = || stream.below(20) == 0;
        rings.extend(row.map(|up| if up != noise() { 1i8 } else { -1 }));
    }
    let of = |components: Components| {
        let data = Data::new(&[n, 6], &rings).unwrap();
        let run = at(run(data, [2, 0, 2], 20), "2").with(|config| {
            config.critic.critics = Some(Critics::One);
            config.optimisation.folds = Some(4);
            config.optimisation.steps = 2000;
            if let Filter::Learned(filter) = &mut config.filter {
                filter.components = components;
            }
        });
        run.train().unwrap().results
    };
    let auto = of(Components::Auto);
    assert_eq!(auto.components, 2, "{:?}", auto.components_tried);
    let fixed = of(Components::Of(2));
    let of_others = |results: &Results| {
        let folds = results.fold_estimates.as_ref().unwrap();
        assert_eq!(folds.len(), 4);
        let folds = folds[..3].iter().map(|fold| fold.information_nats);
        folds.collect::<Vec<_>>()
    };
    assert_eq!(of_others(&auto), of_others(&fixed));
    // What the critic lacks is in the error.
    let shortfall = auto.critic_shortfall_nats.unwrap();
    assert!(auto.information_stderr_nats.unwrap() >= shortfall && shortfall >= 0.0);
}
