//! Text parts.

use twinseal::domain::Text;
use twinseal::error::Exit;
use twinseal::format::{Raw, text};

use super::scene::{Scene, starts};

#[test]
fn an_edited_text_is_found() {
    let scene = Scene::new();
    let raw = scene.raw(2);
    let text = String::from_utf8(raw.text.clone().unwrap()).unwrap().replace("160", "990");
    scene.put(&Raw { text: Some(text.into()), ..raw });
    scene.finds("entry 2: [text] the text part has the digest");
    scene.fails("erin-anew", &format!("file erin.toml --fingerprint {}", scene.fingerprint), Exit::Broken, "[text]");
    scene.fails("carol", "show CHG-1", Exit::Broken, "[text]");
}

#[test]
fn a_redacted_text_is_found() {
    let scene = Scene::new();
    scene.tamper("UPDATE entry SET text = NULL WHERE seq = 2");
    scene.finds("entry 2: [text] the text part is missing, and no proposal redacted it");
    scene.fails("erin-anew", &format!("file erin.toml --fingerprint {}", scene.fingerprint), Exit::Broken, "[text]");
    scene.fails("carol", "show CHG-1", Exit::Broken, "[text]");
}

#[test]
fn swapped_texts_are_found() {
    let scene = Scene::new();
    let (a, b) = (scene.raw(2), scene.raw(9));
    scene.put(&Raw { text: b.text.clone(), ..a.clone() });
    scene.put(&Raw { text: a.text, ..b });
    let findings = scene.finds("entry 2: [text]");
    starts(&findings[1..], "entry 9: [text]");
    scene.fails("carol", "show CHG-2", Exit::Broken, "[text]");
}

#[test]
fn a_text_where_none_was_signed_is_found() {
    let scene = Scene::new();
    let (bytes, _) = text::write(&Text::Remark(twinseal::domain::Field::Note, "Fine.".parse().unwrap()), [0; 16]);
    scene.put(&Raw { text: Some(bytes), ..scene.raw(3) });
    scene.finds("entry 3: [text] a text part is present, but the body names none");
    scene.fails("erin-anew", &format!("file erin.toml --fingerprint {}", scene.fingerprint), Exit::Broken, "[text]");
}

#[test]
fn no_edited_text_is_printed() {
    let scene = Scene::new();
    let raw = scene.raw(2);
    let text = String::from_utf8(raw.text.clone().unwrap()).unwrap().replace("160", "990");
    scene.put(&Raw { text: Some(text.into()), ..raw });
    for command in
        ["show CHG-1", "show CHG-1 --json", "log --seq 2 --raw-text", "log --seq 2 --json", "export jsonl", "log"]
    {
        let output = scene.run("carol", command);
        assert_eq!(output.exit, Exit::Broken, "{command}: {}", output.screen);
        assert!(output.err.contains("[text]") && !output.screen.contains("990"), "{command}: {}", output.screen);
    }
}
