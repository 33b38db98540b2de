//! Records off a disk that has changed: the engine refuses them, or works with them.

use hushclip_engine::{Engine, Event, LineId, Said};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::input::Input;
use crate::scenes::SCENES;

pub(crate) fn records(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let scene = &SCENES[input.below(SCENES.len())];
    let mut disk = scene.disk.clone();
    for _ in 0..=input.byte() % 4 {
        let keys: Vec<String> = disk.keys().cloned().collect();
        let key = keys.get(input.below(keys.len())).cloned().unwrap_or_else(|| "account".into());
        match input.byte() % 6 {
            0 => drop(disk.remove(&key)),
            1 => drop(disk.insert(key, input.take(64).to_vec())),
            2 => {
                // A record of another device, or of another time.
                let other = &SCENES[input.below(SCENES.len())].disk;
                let value = other.values().nth(input.below(other.len())).cloned().unwrap_or_default();
                disk.insert(key, value);
            }
            3 => {
                let other = &SCENES[input.below(SCENES.len())].disk;
                let nth = other.iter().nth(input.below(other.len()));
                disk.extend(nth.map(|(key, value)| (key.clone(), value.clone())));
            }
            _ => input.mutate(disk.entry(key).or_default()),
        }
    }
    let Ok(mut engine) = Engine::restore(disk) else { return };
    let opened = Event::Line { line: LineId::Relay(1), said: Said::Opened };
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let _ = engine.view();
    for (event, later) in [(Event::Started, 0), (opened, 5), (Event::Timer, 60_000), (Event::Timer, 1 << 40)] {
        engine.handle(event, scene.now + later, &mut rng);
    }
    let _ = engine.view();
}
