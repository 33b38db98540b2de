//! The blind relay as one binary.

fn main() {}
