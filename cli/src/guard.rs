//! Keeps what this process has in its memory from other programs, and from what a crash leaves on the disk.

/// A crash leaves no image of the memory, and on Linux no other program of the same user may read it. What of that
/// cannot be had is no reason not to go on.
pub(crate) fn keep_memory_private() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
