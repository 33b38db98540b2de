//! Numbers that are secrets: cards by their check digit, one-time codes by their length and the words beside them.

/// In longer texts, codes and card numbers are not looked for, characters.
const NOTE_CHARS: usize = 400;

/// Digits that belong together: single spaces or dashes may stand between their groups.
#[derive(Default)]
struct Run {
    digits: String,
    gaps: usize,
}

fn digit_runs(text: &str) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut run = Run::default();
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let joins = matches!(c, ' ' | '-') && chars.peek().is_some_and(char::is_ascii_digit) && !run.digits.is_empty();
        if c.is_ascii_digit() && (!run.digits.is_empty() || !(in_word(before) || ".,#/§$€£№".contains(before))) {
            run.digits.push(c);
        } else if joins {
            run.gaps += 1;
        } else {
            // Digits inside a word or a decimal number are neither card nor code.
            let part = in_word(c) || (".,".contains(c) && chars.peek().is_some_and(char::is_ascii_digit));
            let whole = std::mem::take(&mut run);
            if !part && !whole.digits.is_empty() {
                runs.push(whole);
            }
        }
        before = c;
    }
    runs.extend((!run.digits.is_empty()).then_some(run));
    runs
}

/// Whether digits beside it are part of a word. Where words are not parted, they are not.
fn in_word(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{2e80}'
}

pub(super) fn holds_card(text: &str) -> bool {
    text.chars().count() <= NOTE_CHARS && digit_runs(text).iter().any(|run| is_card(&run.digits))
}

/// A card number: a prefix and length that are in use, and a check digit (ISO/IEC 7812-1, Annex B).
fn is_card(digits: &str) -> bool {
    let start = |n: usize| digits.get(..n).and_then(|start| start.parse::<u32>().ok()).unwrap_or_default();
    let known = match digits.len() {
        13 | 19 => start(1) == 4 || (start(2) == 62 && digits.len() == 19),
        14 => matches!(start(2), 36 | 38) || (300..=305).contains(&start(3)),
        15 => matches!(start(2), 34 | 37),
        16 => {
            start(1) == 4
                || (51..=55).contains(&start(2))
                || (2221..=2720).contains(&start(4))
                || start(4) == 6011
                || matches!(start(2), 35 | 62 | 65)
                || (644..=649).contains(&start(3))
        }
        _ => false,
    };
    known && luhn(digits)
}

fn luhn(digits: &str) -> bool {
    let doubled = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, twice) => twice / 10 + twice % 10,
    };
    let sum: u32 = digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(doubled).sum();
    sum.is_multiple_of(10)
}

/// Words beside which a number is a one-time code.
const CODE_WORDS: [&str; 16] = [
    "code",
    "codes",
    "código",
    "codice",
    "код",
    "otp",
    "2fa",
    "tan",
    "pin",
    "passcode",
    "one-time",
    "verif",
    "bestätigung",
    "einmal",
    "sicherheits",
    "подтвержд",
];

/// The same in writings that do not part words.
const CODE_SIGNS: [&str; 7] = ["验证码", "驗證碼", "校验码", "認証コード", "確認コード", "ワンタイム", "인증번호"];

/// Words that make another thing of the code before or after which they stand.
const OTHER_CODES: [&str; 28] = [
    "zip",
    "postal",
    "postale",
    "post",
    "area",
    "dial",
    "country",
    "error",
    "exit",
    "status",
    "http",
    "response",
    "return",
    "source",
    "product",
    "promo",
    "discount",
    "dress",
    "language",
    "linguistique",
    "currency",
    "civil",
    "pénal",
    "postnummer",
    "of",
    "review",
    "reviews",
    "for",
];

/// Six to eight digits alone, or four to eight in one sentence with a word that says so.
pub(super) fn holds_code(text: &str) -> bool {
    let alone = text.strip_prefix("G-").unwrap_or(text);
    let digits: String = alone.chars().filter(char::is_ascii_digit).collect();
    let gaps = alone.chars().filter(|c| matches!(c, ' ' | '-')).count();
    if digits.len() + gaps == alone.chars().count() {
        return (6..=8).contains(&digits.len()) && gaps <= 1 && !is_date(&digits);
    }
    let link = text.contains("://") || (text.contains('/') && !text.contains(char::is_whitespace));
    if link || text.chars().count() > NOTE_CHARS {
        return false;
    }
    let is_year = |digits: &str| digits.len() == 4 && (digits.starts_with("19") || digits.starts_with("20"));
    let fits = |Run { digits, gaps }: &Run| {
        (4..=8).contains(&digits.len()) && *gaps <= 1 && !is_year(digits) && !is_date(digits)
    };
    sentences(text).any(|sentence| says_code(sentence) && digit_runs(sentence).iter().any(fits))
}

/// Lines are no sentences: the code often stands in one of its own.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split(['。', '！', '？']).flat_map(|part| part.split(". ")).flat_map(|part| part.split("! "))
}

fn says_code(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|w| !w.is_empty()).collect();
    let other = |at: Option<usize>| at.and_then(|at| words.get(at)).is_some_and(|word| OTHER_CODES.contains(word));
    let known =
        |word: &str| CODE_WORDS.iter().any(|known| word == *known || (known.len() > 4 && word.starts_with(known)));
    let mut said = words.iter().enumerate().filter(|(_, word)| known(word));
    said.any(|(at, _)| !other(at.checked_sub(1)) && !other(Some(at + 1)))
        || CODE_SIGNS.iter().any(|sign| lower.contains(sign))
}

/// `YYYYMMDD`, `DDMMYYYY`, or two years.
fn is_date(digits: &str) -> bool {
    let number = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let fits = |year: u32, month: u32, day: u32| {
        (1900..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
    };
    let year = |at: usize| (1900..2100).contains(&number(at, at + 4));
    digits.len() == 8
        && ((year(0) && year(4))
            || fits(number(0, 4), number(4, 6), number(6, 8))
            || fits(number(4, 8), number(2, 4), number(0, 2)))
}
