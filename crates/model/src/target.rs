//! Where a pairing link leads, to be seen before it is used.

/// What a pairing link says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Origin of the relay that it leads to.
    pub relay: String,
    /// Origin of the page that it opens, as a person sees it in the link.
    pub page: String,
}

impl Target {
    /// Whether the relay is another one than the link seems to be from. Only the part of it that nobody can
    /// read says so, so the person has to name the relay: [`crate::Command::JoinAt`].
    pub fn is_elsewhere(&self) -> bool {
        self.page != self.relay
    }
}
