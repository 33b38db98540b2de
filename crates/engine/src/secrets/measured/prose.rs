//! Ordinary sentences of seven languages. `{n}` is a name, `{p}` a place, `{t}` a time, `{d}` a date, `{m}` an amount, `{k}`
//! a number, `{f}` a phone number, `{y}` a year.

use rand_chacha::ChaCha20Rng;

use super::drawn::{below, pick};

pub(super) struct Language {
    pub(super) name: &'static str,
    names: &'static [&'static str],
    places: &'static [&'static str],
    dates: &'static [&'static str],
    sentences: &'static [&'static str],
    /// Between sentences.
    space: &'static str,
}

/// One to three sentences.
pub(super) fn clip(rng: &mut ChaCha20Rng, language: &Language) -> String {
    let count = 1 + below(rng, 3);
    (0..count).map(|_| sentence(rng, language)).collect::<Vec<_>>().join(language.space)
}

fn sentence(rng: &mut ChaCha20Rng, language: &Language) -> String {
    let mut text = pick(rng, language.sentences).to_owned();
    while let Some(at) = text.find('{') {
        let slot = text.as_bytes().get(at + 1).copied();
        let number = |rng: &mut ChaCha20Rng, from: usize, to: usize| from + below(rng, to - from);
        let filled = match slot {
            Some(b'n') => pick(rng, language.names).to_owned(),
            Some(b'p') => pick(rng, language.places).to_owned(),
            Some(b't') => format!("{}:{:02}", number(rng, 6, 24), number(rng, 0, 60)),
            Some(b'd') => pick(rng, language.dates)
                .replace("DD", &number(rng, 1, 29).to_string())
                .replace("MM", &number(rng, 1, 13).to_string())
                .replace("YYYY", &number(rng, 1950, 2030).to_string()),
            Some(b'm') => format!("{}.{:02}", number(rng, 1, 3000), number(rng, 0, 100)),
            Some(b'k') => number(rng, 2, 400).to_string(),
            Some(b'f') => {
                format!("+{} {} {}", number(rng, 1, 99), number(rng, 100, 999), number(rng, 100_000, 9_999_999))
            }
            _ => number(rng, 1900, 2030).to_string(),
        };
        text.replace_range(at..at + 3, &filled);
    }
    text
}

#[rustfmt::skip]
pub(super) const LANGUAGES: [Language; 7] = [
    Language { name: "English", space: " ", names: &["Alice", "Mr O'Neill", "Priya", "Dr. Nguyen", "McKenzie", "the DevOps team"],
        places: &["London", "St. John's", "New York", "Room B12", "221B Baker Street", "Gate A7"],
        dates: &["MM/DD/YYYY", "YYYY-MM-DD", "DD May YYYY"],
        sentences: &[
            "Could you send {n} the report before {t}?", "We're meeting in {p} on {d}.", "The invoice is {m} USD, due {d}.",
            "I forgot my password again, can {n} reset it?", "See the code of conduct, section {k}.", "Call {n} at {f}.",
            "Flight BA{k} leaves {p} at {t}.", "It's {k} km from {p}, roughly.", "{n} was born in {y} in {p}.",
            "The secret of a good soup is patience.", "Please don't share your PIN with anybody.", "Thanks!", "lol ok",
            "Add {k} g flour, 2 eggs and a pinch of salt.", "Order #{k}-{y} has shipped to {p}.", "https or not, that is the question",
            "Chapter {k}: In which {n} opens the door and finds nobody.", "The token ring network was popular in {y}.",
            "Version {k}.4.1 fixes the login page; see the notes of {d}.", "Q3/{y}: revenue up {k}% (YoY), costs flat.",
            "Password must have at least 8 characters and 1 number.", "The zip code of {p} is 94107.",
            "Tickets: {m} each; kids under {k} free.", "iPhone 15 Pro, 256GB, like new – {m} or best offer",
            "TODO: ask {n} about the API keys and the token limits.", "Error {k}: the file could not be found.",
            "Wi-Fi password: ask at the desk.", "Username: {n}, room: {p}", "Dial code +44, then the number." ] },
    Language { name: "German", space: " ", names: &["Jürgen", "Frau Müller-Lüdenscheidt", "Dr. Groß", "Annegret", "das IT-Team"],
        places: &["München", "Straße des 17. Juni", "Raum 4.12", "Gleis 7b", "Köln-Ehrenfeld"],
        dates: &["DD.MM.YYYY", "DD. März YYYY", "YYYY-MM-DD"],
        sentences: &[
            "Könnten Sie {n} den Bericht bis {t} Uhr schicken?", "Wir treffen uns am {d} in {p}.", "Der Betrag von {m} € ist am {d} fällig.",
            "Ich habe mein Passwort vergessen.", "Das Passwort: mindestens 8 Zeichen, eine Ziffer.", "Tel. {f} ({n})", "ICE {k} nach {p}, ab {t}",
            "Donaudampfschifffahrtsgesellschaftskapitän", "Rechtsschutzversicherungsgesellschaften", "Mit freundlichen Grüßen\n{n}",
            "Bitte bringt {k} Stühle und etwas zu essen mit!", "Rechnung Nr. {y}-{k} vom {d}", "Die Bestellnummer lautet {k}/{y}.",
            "{k} g Mehl, 2 Eier, 1 Prise Salz – fertig.", "Das Geheimnis bleibt unter uns.", "Siehe § {k} Abs. 2 BGB.",
            "PLZ 50667 {p}", "Der Zug hat {k} Minuten Verspätung.", "Seit {y} gibt es hier keinen Bäcker mehr.", "Na klar, mach ich!",
            "Der Schlüssel liegt unter der Matte.", "Tanja und {n} tanzen im Tandem.", "Codes für Rabatte gelten bis {d}." ] },
    Language { name: "French", space: " ", names: &["Amélie", "M. Lefèvre", "Jean-François", "l'équipe"],
        places: &["Paris", "Aix-en-Provence", "la salle B2", "Saint-Étienne"], dates: &["DD/MM/YYYY", "DD août YYYY"],
        sentences: &[
            "Peux-tu envoyer le rapport à {n} avant {t} ?", "Rendez-vous à {p} le {d}.", "La facture s'élève à {m} €.",
            "J'ai oublié mon mot de passe.", "Mot de passe : 8 caractères au minimum.", "Appelez {n} au {f}.", "Le TGV {k} part de {p} à {t}.",
            "Qu'est-ce que c'est que ça ?", "Ajoutez {k} g de farine et 2 œufs.", "C'est l'été à {p}, il fait {k} degrés.",
            "Le code postal de {p} est 13100.", "Né en {y}, {n} a vécu à {p}.", "Merci beaucoup !", "Article L. {k}-2 du code civil",
            "Le secret est bien gardé.", "Aujourd'hui, rien de nouveau.", "Commande n° {k} expédiée le {d}" ] },
    Language { name: "Spanish", space: " ", names: &["Begoña", "José Luis", "la Sra. Núñez"], places: &["Madrid", "A Coruña", "el aula 3B"],
        dates: &["DD/MM/YYYY", "DD de mayo de YYYY"],
        sentences: &[
            "¿Puedes enviar el informe a {n} antes de las {t}?", "Quedamos en {p} el {d}.", "La factura es de {m} €.",
            "He olvidado mi contraseña.", "La contraseña: mínimo 8 caracteres.", "Llama a {n} al {f}.", "El vuelo IB{k} sale a las {t}.",
            "¡Qué alegría verte!", "Añade {k} g de harina y 2 huevos.", "El código postal de {p} es 28013.", "Nació en {y} en {p}.",
            "La clave del éxito: constancia.", "El secreto está en la masa.", "Pedido n.º {k}, enviado el {d}", "Vale, gracias." ] },
    Language { name: "Russian", space: " ", names: &["Анна", "Иван Петрович", "Ольга"], places: &["Москве", "Санкт-Петербурге", "аудитории 12"],
        dates: &["DD.MM.YYYY", "DD мая YYYY года"],
        sentences: &[
            "Отправьте, пожалуйста, отчёт до {t}.", "Встретимся в {p} {d}.", "Счёт на {m} руб.", "Я забыл пароль.", "{n} позвонит вечером: {f}",
            "Пароль: не менее 8 символов.", "Поезд № {k} отправляется в {t}.", "Добавьте {k} г муки и 2 яйца.", "Родился в {y} году в {p}.",
            "Почтовый индекс 101000", "Спасибо большое!", "Глава {k}. О том, как {n} открыла дверь.", "Секрет прост: терпение." ] },
    Language { name: "Japanese", space: "", names: &["田中さん", "佐藤", "鈴木部長"], places: &["東京", "大阪駅", "会議室B"],
        dates: &["YYYY年MM月DD日", "MM/DD"],
        sentences: &[
            "{n}に{t}までに資料を送ってください。", "{d}に{p}で会いましょう。", "合計は{m}円です。", "パスワードを忘れました。", "電話番号は{f}です。",
            "パスワード：8文字以上で入力してください。", "新幹線のぞみ{k}号、{p}行き", "小麦粉{k}gと卵2個を加えます。", "{y}年に{p}で生まれました。",
            "ありがとうございます！", "第{k}章　{n}、扉を開ける", "〒100-0001 {p}", "秘密は守ります。" ] },
    Language { name: "Chinese", space: "", names: &["王伟", "李娜", "张经理"], places: &["北京", "上海虹桥", "会议室3"],
        dates: &["YYYY年MM月DD日", "YYYY-MM-DD"],
        sentences: &[
            "请在{t}之前把报告发给{n}。", "{d}在{p}见。", "总共{m}元。", "我忘记密码了。", "密码：至少8个字符。", "电话：{f}", "G{k}次列车，{t}从{p}出发",
            "加入面粉{k}克、鸡蛋2个。", "他{y}年生于{p}。", "谢谢！", "第{k}章 {n}打开了门", "邮编 100000，{p}", "这是一个秘密。" ] },
];
