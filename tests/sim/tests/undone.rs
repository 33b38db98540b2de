//! A device that is let in and removed again at once: nothing is wrong, and nobody is told that it is.

use hushclip_model::Command;
use hushclip_model::view::Stage;
use hushclip_sim::Desk;

#[test]
fn a_newcomer_that_is_removed_at_once_is_no_disturbed_pairing() {
    let mut desk = Desk::new(2);
    desk.create();
    let link = desk.invite();
    desk.command(1, Command::Join { link, name: "device 1".into() });
    let digits = desk.digits(1);
    desk.command(0, Command::Approve { digits: Some(digits), share_history: false });
    assert_eq!(desk.view(1).stage, Stage::Member);
    let device = desk.id(1);
    desk.command(0, Command::RemoveDevice { device });
    assert_eq!(desk.view(1).stage, Stage::Removed);
    assert_eq!(desk.view(0).devices.len(), 1);
    assert_eq!(desk.view(0).problem, None);
}
