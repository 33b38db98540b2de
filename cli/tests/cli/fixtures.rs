//! Homes that released versions have made, from `tests/fixtures`.

use std::fs;
use std::path::Path;

use crate::support::Device;

/// A device with a home of that version.
fn device_of(version: &str) -> Device {
    let device = Device::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(version).join("home");
    fs::create_dir_all(device.home()).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        let to = device.home().join(path.file_name().unwrap());
        fs::copy(&path, &to).unwrap();
        // As whoever made it had it; a checkout gives others the right to read.
        #[cfg(unix)]
        fs::set_permissions(&to, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    #[cfg(unix)]
    fs::set_permissions(device.home(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    device
}

#[test]
fn a_home_of_v0_1_opens() {
    let device = device_of("v0.1");
    let status = &device.run(&["status", "--json"]).json()[0];
    assert_eq!((&status["stage"], &status["name"]), (&"member".into(), &"Desk".into()));
    assert_eq!((&status["devices"], &status["waiting"]), (&2.into(), &1.into()));
    assert_eq!(status["fingerprint"], "wrath calm chute december tile nebula");
    // Nobody listens where its relay was.
    let clips = device.run(&["pull", "--all", "--timeout", "1"]);
    assert_eq!(clips.out, "from the desk\ngrüße, 世界\nwaits for the relay\n");
    let names = device.run(&["devices", "--json"]);
    let names: Vec<_> = names.json().into_iter().map(|device| device["name"].clone()).collect();
    assert_eq!(names, ["Desk", "Phone"]);
}
