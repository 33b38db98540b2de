//! Where a pairing link leads, for a person to see before using it.

/// What a pairing link says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Origin of the relay that it leads to.
    pub relay: String,
    /// Origin of the page that it opens, as a person sees it in the link.
    pub page: String,
}

impl Target {
    /// Whether the relay is not the one that the link seems to come from. Only the part of the link that nobody can
    /// read says so, so the person has to name the relay: [`crate::Command::JoinAt`].
    pub fn is_elsewhere(&self) -> bool {
        self.page != self.relay
    }
}
