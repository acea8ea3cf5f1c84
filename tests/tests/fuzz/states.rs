//! Checkpoints: the head alone, and trainings that go on from what was damaged, under a checksum that
//! fits again.

use std::hash::Hasher;
use std::path::Path;
use std::sync::{Arc, Mutex};

use blockspin::model::{Chipping, Dimer, GaussianField, Ising, Potts};
use blockspin::observer::{Observer, Phase, Progress, Silent};
use blockspin::run::checkpoint::Checkpoint;
use blockspin::run::{CheckpointPlan, Execution, RunConfig, Session};
use blockspin_core::num::rng::Stream;
use serde_json::{Map, Value, json};

use crate::engine::{Bytes, Fuzz, Scratch, damage, pick};

const MAGIC: &[u8] = b"blockspin-checkpoint-1\n";
/// Length of the checksum.
const SUM: usize = 8;

/// Keeps what lies at a path whenever there is progress.
#[derive(Clone)]
struct Camera {
    path: Arc<Path>,
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Observer for Camera {
    fn begin(&self, _: Phase<'_>) -> Box<dyn Progress> {
        Box::new(self.clone())
    }

    fn notice(&self, _: &str) {}
}

impl Progress for Camera {
    fn advance(&self, _: u64) {
        let mut taken = self.taken.lock().expect("no panic");
        if let Ok(bytes) = std::fs::read(&self.path)
            && taken.last() != Some(&bytes)
        {
            taken.push(bytes);
        }
    }

    fn describe(&self, _: &dyn Fn() -> String) {}
}

/// A short training.
fn training(settings: Value) -> RunConfig {
    let mut fields = json!({
        "size": 4, "block": 2, "buffer": 0, "environment": 1, "batch": 4, "steps": 90,
        "held_out_windows": 40, "hidden": [3], "embedding": 2, "burn_in": 5, "thin": 1,
    });
    let all = fields.as_object_mut().expect("an object");
    all.extend(settings.as_object().expect("an object").clone());
    // What a training does not have is left to its defaults.
    all.retain(|_, value| !value.is_null());
    RunConfig::from_fields(all).expect("a configuration")
}

/// A training, and checkpoints of it.
struct Kept {
    session: Session,
    checkpoints: Vec<Vec<u8>>,
}

/// Trainings of several kinds, whose checkpoints are read from `path`.
fn trainings(path: &Path) -> Vec<Kept> {
    let defaults = [
        RunConfig::train(Ising::default()),
        RunConfig::train(Chipping::default()),
        RunConfig::train(Dimer::default()),
        RunConfig::train(GaussianField::default()),
        RunConfig::train(Potts::default()),
    ]
    .map(|config| Value::from(config.source.name()));
    let [ising, chipping, dimer, gaussian, potts] = defaults;
    [
        json!({"model": ising, "components": 2, "bound": "tuba-constant", "burn_in": null,
               "thin": null}),
        json!({"model": ising, "components": "auto", "restarts": 2, "patience": 3, "refine": 3}),
        json!({"model": chipping, "size": 8, "tolerance": 0.01}),
        json!({"model": dimer, "temperature": 1, "components": 2, "encoder": "states:3"}),
        json!({"model": gaussian, "mass": 0.5, "encoder": "continuous", "bound": "dv"}),
        json!({"model": potts, "map": [3]}),
    ]
    .into_iter()
    .map(|settings| {
        let config = training(settings);
        let camera = Camera {
            path: path.into(),
            taken: Arc::default(),
        };
        let plan = |seconds, resume| CheckpointPlan {
            path: path.into(),
            seconds,
            resume,
        };
        let execution = Execution {
            threads: 1,
            observer: Arc::new(camera.clone()),
            checkpoint: Some(plan(1e-9, false)),
            ..Execution::default()
        };
        let mut session = Session::new(&config, execution).expect("a session");
        session.run().expect("a run");
        let execution = session.execution_mut();
        execution.observer = Arc::new(Silent);
        execution.checkpoint = Some(plan(0.0, true));
        let checkpoints = std::mem::take(&mut *camera.taken.lock().expect("no panic"));
        assert!(!checkpoints.is_empty(), "{config:?}");
        Kept {
            session,
            checkpoints,
        }
    })
    .collect()
}

fn seal(mut body: Vec<u8>) -> Vec<u8> {
    let mut hash = fnv::FnvHasher::default();
    hash.write(&body);
    body.extend(hash.finish().to_le_bytes());
    body
}

/// Numbers of MessagePack, and other values where numbers stand.
const VALUES: &[&[u8]] = &[
    b"\0",
    b"\x01",
    b"\x7f",
    b"\xff",
    b"\xcc\xff",
    b"\xcd\xff\xff",
    b"\xce\x7f\xff\xff\xff",
    b"\xce\xff\xff\xff\xff",
    b"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\xd3\x80\0\0\0\0\0\0\0",
    b"\xcb\x7f\xf8\0\0\0\0\0\0",
    b"\xcb\x7f\xf0\0\0\0\0\0\0",
    b"\xcb\xff\xf0\0\0\0\0\0\0",
    b"\xcb\x7f\xef\xff\xff\xff\xff\xff\xff",
    b"\xcb\0\0\0\0\0\0\0\x01",
    b"\xcb\xbf\xf0\0\0\0\0\0\0",
    b"\xca\x7f\xc0\0\0",
    b"\xca\x7f\x7f\xff\xff",
    b"\xc0",
    b"\xc2",
    b"\xc3",
    b"\x80",
    b"\x90",
    b"\xa0",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
];

/// Bytes of a scalar of MessagePack.
fn scalar(bytes: &[u8]) -> Option<usize> {
    Some(match *bytes.first()? {
        0..=0x7f | 0xe0.. | 0xc0 | 0xc2 | 0xc3 => 1,
        byte @ 0xa0..=0xbf => 1 + usize::from(byte & 0x1f),
        0xcc | 0xd0 => 2,
        0xcd | 0xd1 => 3,
        0xca | 0xce | 0xd2 => 5,
        0xcb | 0xcf | 0xd3 => 9,
        _ => return None,
    })
}

/// Puts another value behind the name of a field.
fn forge(body: &mut Vec<u8>, stream: &mut Stream) {
    let is_name = |at: &usize| {
        let length = match body[*at] {
            byte @ 0xa2..=0xbf => usize::from(byte & 0x1f),
            _ => return false,
        };
        let letters = body.get(at + 1..at + 1 + length);
        letters.is_some_and(|name| name.iter().all(|c| c.is_ascii_lowercase() || *c == b'_'))
    };
    let names: Vec<usize> = (0..body.len()).filter(is_name).collect();
    if names.is_empty() {
        return;
    }
    let name = *pick(stream, &names);
    let at = name + scalar(&body[name..]).expect("a string");
    if let Some(length) = body.get(at..).and_then(scalar) {
        let value = *pick(stream, VALUES);
        let end = (at + length).min(body.len());
        body.splice(at..end, value.iter().copied());
    }
}

/// A checkpoint that is damaged, mostly under a checksum that fits.
fn damaged(whole: &[Vec<u8>], stream: &mut Stream) -> Bytes {
    let file = pick::<Vec<u8>>(stream, whole);
    let mut body = file[..file.len() - SUM].to_vec();
    for _ in 0..stream.below(3) {
        forge(&mut body, stream);
    }
    if stream.below(2) == 0 {
        let other = pick::<Vec<u8>>(stream, whole);
        let begin = MAGIC.len() * usize::from(stream.below(16) != 0);
        let mut rest = body.split_off(begin.min(body.len()));
        damage(&mut rest, VALUES, other, stream);
        body.extend(rest);
    }
    if stream.below(16) == 0 {
        body.extend_from_slice(&file[file.len() - SUM..]);
        return Bytes(body);
    }
    Bytes(seal(body))
}

#[test]
fn heads_of_checkpoints() {
    let scratch = Scratch::new();
    let path = scratch.path("run.checkpoint");
    let mut kept = trainings(&path).remove(0);
    // The head, and hardly more: here no state is read.
    kept.checkpoints.iter_mut().for_each(|file| {
        let state = file.windows(8).position(|window| window == b"attempts");
        file.truncate(state.expect("a search"));
        file.extend([0; SUM]);
    });
    kept.checkpoints.truncate(3);
    let config = kept.session.config().clone();
    let plan = CheckpointPlan {
        path: path.clone(),
        seconds: 0.0,
        resume: true,
    };
    let fuzz = Fuzz {
        name: "heads of checkpoints",
        one_in: 1,
        memory: 4 << 20,
        memory_per_byte: 64,
    };
    fuzz.run(
        |stream| damaged(&kept.checkpoints, stream),
        |input| input.0.len(),
        |input| {
            scratch.write("run.checkpoint", &input.0);
            match Checkpoint::check(&plan, &config, true, &Silent) {
                Ok(found) => {
                    let _ = found.measured();
                    true
                }
                Err(error) => {
                    assert_eq!(error.message().lines().count(), 1, "{error}");
                    assert!(error.message().contains("run.checkpoint'"), "{error}");
                    false
                }
            }
        },
    );
}

#[test]
fn trainings_from_checkpoints() {
    let scratch = Scratch::new();
    let path = scratch.path("run.checkpoint");
    let trainings = trainings(&path);
    let fuzz = Fuzz {
        name: "trainings from checkpoints",
        // The rest of a training, and its figure.
        one_in: 50,
        memory: 64 << 20,
        memory_per_byte: 64,
    };
    fuzz.run(
        |stream| {
            let which = stream.below(trainings.len() as u32) as usize;
            (damaged(&trainings[which].checkpoints, stream), which)
        },
        |input| input.0.0.len(),
        |input| {
            scratch.write("run.checkpoint", &input.0.0);
            match trainings[input.1].session.run() {
                Ok(record) => {
                    let information = record.information();
                    assert!(information.mean.is_finite(), "{information:?}");
                    let fields: Map<String, Value> = record.fields();
                    assert!(!fields["information_nats"].is_null(), "{fields:?}");
                    true
                }
                Err(error) => {
                    assert_eq!(error.message().lines().count(), 1, "{error}");
                    false
                }
            }
        },
    );
}
