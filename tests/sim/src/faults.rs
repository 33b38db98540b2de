//! How bad the weather is. Chances are in thousandths.

/// What goes wrong, and how often.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// Longest delay of a frame, milliseconds.
    pub delay_ms: u64,
    /// A device dies after an effect and comes back from what it persisted.
    pub crash: u32,
    /// A connection is cut after a frame; what is under way on it is lost.
    pub cut: u32,
    /// As `cut`, but the device is not told.
    pub half_open: u32,
    /// The relay restarts after a frame: all sockets close.
    pub relay_restart: u32,
    /// The relay forgets its memory after a frame; sockets stay.
    pub hibernate: u32,
    /// A device's disk does not do what it was to do.
    pub disk: u32,
    /// How many lines between two devices there are meanwhile, one after the other or at once; a number, not a chance.
    pub device_lines: u32,
    /// How often people delete and pin clips meanwhile; a number, not a chance.
    pub tidying: u32,
    /// How often the relay is set back to a backup, or emptied; a number, not a chance.
    pub restores: u32,
    /// How often programs send something to each other meanwhile; a number, not a chance.
    pub payloads: u32,
}

impl Faults {
    /// Nothing goes wrong, but for delays.
    pub const CALM: Self = Self {
        delay_ms: 40,
        crash: 0,
        cut: 0,
        half_open: 0,
        relay_restart: 0,
        hibernate: 0,
        disk: 0,
        device_lines: 0,
        tidying: 0,
        restores: 0,
        payloads: 0,
    };
    /// What a laptop on a train sees in a week, in a minute.
    pub const STORM: Self = Self {
        delay_ms: 400,
        crash: 12,
        cut: 30,
        half_open: 10,
        relay_restart: 8,
        hibernate: 60,
        disk: 8,
        device_lines: 0,
        tidying: 0,
        restores: 0,
        payloads: 0,
    };
    /// The same weather, and lines between devices beside the relay's.
    pub const LINES: Self = Self { device_lines: 30, ..Self::STORM };
    /// The same, with all that people and admins do.
    pub const LINES_AND_ALL: Self = Self { device_lines: 30, tidying: 24, restores: 2, ..Self::STORM };
    /// The same weather, and a relay that is restored from backups.
    pub const RESTORES: Self = Self { tidying: 8, restores: 4, ..Self::STORM };
    /// The same weather and all that people do, and programs that speak to each other in it.
    pub const PAYLOADS: Self = Self { payloads: 40, device_lines: 40, tidying: 8, restores: 2, ..Self::STORM };
    /// The same weather, and people who tidy up in it.
    pub const TIDYING: Self = Self { tidying: 24, ..Self::STORM };
}
