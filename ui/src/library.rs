//! The clips that are shown: which ones are asked for, and a signal for each that is here. A row follows
//! its own clip, so that one new mark in a long list redraws one row.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use hushclip_model::view::Filter;
use hushclip_model::{ClipView, Query, View};
use leptos::prelude::*;

use crate::host::Face;

/// How many are asked for at first. A popup shows four of them at a time, and shall be there at once.
const FIRST_POPUP: u32 = 50;
const FIRST_PAGE: u32 = 100;
/// How many more when the end of the list comes into sight.
const MORE: u32 = 100;
/// Faster than anybody types; several changes in this time are one question.
const REST: Duration = Duration::from_millis(15);

type Rows = HashMap<String, ArcRwSignal<ClipView>>;

/// The clips that are shown.
#[derive(Clone, Copy)]
pub(crate) struct Library {
    query: RwSignal<Query>,
    can_search: bool,
    first: u32,
    rows: StoredValue<Rows>,
    ids: RwSignal<Vec<String>>,
    fresh: RwSignal<HashSet<String>>,
}

impl Library {
    pub(crate) fn new(view: Signal<Option<View>>, ask: Option<UnsyncCallback<Query>>, face: Face) -> Self {
        let first = if face == Face::Popup { FIRST_POPUP } else { FIRST_PAGE };
        let this = Self {
            query: RwSignal::new(Query { limit: first, ..Query::default() }),
            can_search: ask.is_some(),
            first,
            rows: StoredValue::new(Rows::new()),
            ids: RwSignal::new(Vec::new()),
            fresh: RwSignal::new(HashSet::new()),
        };
        ImmediateEffect::new_scoped(move || {
            view.with(|view| untrack(|| this.show(view.as_ref().map_or(&[], |view| &view.clips))));
        });
        if let Some(ask) = ask {
            let waits = StoredValue::new(false);
            Effect::new(move |before: Option<()>| {
                this.query.track();
                if before.is_none() {
                    return ask.run(this.query.get_untracked());
                }
                if !waits.get_value() {
                    waits.set_value(true);
                    set_timeout(
                        move || {
                            waits.set_value(false);
                            ask.run(this.query.get_untracked());
                        },
                        REST,
                    );
                }
            });
        }
        this
    }

    fn show(self, clips: &[ClipView]) {
        let ids: Vec<String> = clips.iter().map(|clip| clip.id.clone()).collect();
        self.rows.update_value(|rows| {
            for clip in clips {
                match rows.get(&clip.id) {
                    Some(row) if row.with_untracked(|row| row == clip) => {}
                    Some(row) => row.set(clip.clone()),
                    None => {
                        rows.insert(clip.id.clone(), ArcRwSignal::new(clip.clone()));
                    }
                }
            }
            if rows.len() > ids.len() {
                let here: HashSet<&String> = ids.iter().collect();
                rows.retain(|id, _| here.contains(id));
            }
        });
        let unread = || clips.iter().filter(|clip| clip.unread).map(|clip| &clip.id);
        if self.fresh.with_untracked(|fresh| unread().any(|id| !fresh.contains(id))) {
            self.fresh.update(|fresh| fresh.extend(unread().cloned()));
        }
        if self.ids.with_untracked(|old| *old != ids) {
            self.ids.set(ids);
        }
    }

    /// Identifiers of the clips that are shown, followed.
    pub(crate) fn ids(self) -> Vec<String> {
        self.ids.get()
    }

    /// The clip with this identifier.
    pub(crate) fn row(self, id: &str) -> Option<RwSignal<ClipView>> {
        self.rows.with_value(|rows| rows.get(id).cloned()).map(RwSignal::from)
    }

    /// What is known of a clip now.
    pub(crate) fn peek<T>(self, id: &str, part: impl FnOnce(&ClipView) -> T) -> Option<T> {
        self.rows.with_value(|rows| rows.get(id).map(|row| row.with_untracked(part)))
    }

    /// Whether a clip came since the person last looked, before this time; followed.
    pub(crate) fn is_fresh(self, id: &str) -> bool {
        self.fresh.with(|fresh| fresh.contains(id))
    }

    /// The newest of those, followed.
    pub(crate) fn newest_fresh(self) -> Option<String> {
        self.fresh.with(|fresh| self.ids.with(|ids| ids.iter().find(|id| fresh.contains(*id)).cloned()))
    }

    /// The person has looked and turns away; what comes from now on is new.
    pub(crate) fn looked(self) {
        self.fresh.update(HashSet::clear);
    }

    /// Whether the host can search.
    pub(crate) fn can_search(self) -> bool {
        self.can_search
    }

    /// What is asked for, followed.
    pub(crate) fn asks<T: PartialEq + Send + Sync + 'static>(
        self,
        part: impl Fn(&Query) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |_| self.query.with(&part))
    }

    /// Whether anything is left out by what is asked for.
    pub(crate) fn is_narrowed(query: &Query) -> bool {
        !query.text.trim().is_empty() || query.device.is_some() || query.kind != Filter::All || query.pinned
    }

    /// Asks for other clips, from the top.
    pub(crate) fn narrow(self, change: impl FnOnce(&mut Query)) {
        self.query.update(|query| {
            change(query);
            query.limit = self.first;
        });
    }

    /// Asks for all clips again.
    pub(crate) fn widen(self) {
        self.narrow(|query| *query = Query::default());
    }

    /// Asks for what comes after the clips that are here.
    pub(crate) fn more(self, found: u32) {
        if self.can_search && self.query.with_untracked(|query| query.limit < found) {
            self.query.update(|query| query.limit += MORE);
        }
    }
}
