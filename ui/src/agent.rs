//! A first guess at a device's name, from what its browser says of itself. The person can change it.

use crate::text;

/// "Firefox extension, Linux", or "Web app, Pixel 8", from a browser's user agent string: the two of one machine
/// shall not be called the same.
pub fn device_name(user_agent: &str, extension: bool) -> String {
    let has = |word: &str| user_agent.contains(word);
    // Browsers name those they want to be taken for as well, so the order matters.
    let browser = [
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let system = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("CrOS", "ChromeOS"),
        ("Windows", "Windows"),
        ("Macintosh", "Mac"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| names.iter().find(|(word, _)| has(word)).map(|(_, name)| *name);
    match (find(&browser), find(&system)) {
        (Some(browser), Some(system)) if extension => text::agent_extension(browser, system),
        (Some(browser), Some(system)) => match model(user_agent) {
            Some(model) => text::agent_app(model),
            None => text::agent_app(text::agent_on_system(browser, system)),
        },
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => text::agent_unknown().to_owned(),
    }
}

/// The model of a phone, where the browser tells: most say `K`, or nothing.
fn model(user_agent: &str) -> Option<&str> {
    let (_, rest) = user_agent.split_once("; Android ")?;
    let (inside, _) = rest.split_once(')')?;
    let model = inside.split_once("; ")?.1.split(" Build/").next()?.trim();
    let told = !["K", "Mobile", "Tablet"].contains(&model) && !model.contains(';') && model.len() <= LONGEST_MODEL;
    told.then_some(model)
}

const LONGEST_MODEL: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_browsers_are_told_apart() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Web app, Firefox on Linux"),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
                "Web app, Chrome on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Web app, Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0",
                "Web app, Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36",
                "Web app, Pixel 8",
            ),
            ("Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Web app, Firefox on Android"),
            ("curl/8", "Browser"),
        ] {
            assert_eq!(device_name(agent, false), name);
        }
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(device_name(agent, true), "Firefox extension, Linux");
    }
}
