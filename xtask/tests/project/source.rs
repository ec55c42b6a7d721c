//! The project's files, and Rust source as words.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold what others wrote, or what was built.
const SKIPPED: &[&str] = &["target", "node_modules", "pkg", "corpus", "artifacts"];

/// A file of the project.
pub struct SourceFile {
    /// Path below the project's root, with `/` between its parts.
    pub path: String,
    pub text: String,
}

/// Returns the project's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies in the root").to_owned()
}

/// Reads one file of the project.
pub fn read(path: &str) -> String {
    let file = root().join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Reads the text files below a folder whose names end so, sorted by path.
pub fn below(folder: &str, endings: &[&str]) -> Vec<SourceFile> {
    let mut files = Vec::new();
    collect(&root().join(folder), folder, endings, &mut files);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn collect(folder: &Path, path: &str, endings: &[&str], files: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{path}: {error}")) {
        let entry = entry.expect("a folder can be read");
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == ".git" || SKIPPED.contains(&name.as_str()) {
            continue;
        }
        let path = match path {
            "" | "." => name.clone(),
            _ => format!("{path}/{name}"),
        };
        // Links are not followed: they lead to files that belong to somebody else.
        let kind = entry.file_type().expect("an entry has a type");
        if kind.is_dir() {
            collect(&entry.path(), &path, endings, files);
        } else if kind.is_file() && endings.iter().any(|ending| name.ends_with(ending)) {
            let text = read(&path);
            files.push(SourceFile { path, text });
        }
    }
}

/// A word of Rust, without its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    Word(&'a str),
    /// `::`
    Path,
    /// A literal, whose text is dropped: it names nothing.
    Literal,
    Mark(char),
}

/// Splits Rust source into words, without comments.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = if first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("::") {
            tokens.push(Token::Path);
            2
        } else if let Some(length) = literal(rest) {
            tokens.push(Token::Literal);
            length
        } else if is_word(first) {
            let length = rest.find(|next| !is_word(next)).unwrap_or(rest.len());
            tokens.push(Token::Word(&rest[..length]));
            length
        } else {
            tokens.push(Token::Mark(first));
            first.len_utf8()
        };
        rest = &rest[taken..];
    }
    tokens
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns the length of the string or character that the text begins with.
fn literal(text: &str) -> Option<usize> {
    let prefix = text.len() - text.trim_start_matches(['b', 'c', 'r']).len();
    let unprefixed = &text[prefix.min(2)..];
    let hashes = unprefixed.len() - unprefixed.trim_start_matches('#').len();
    let is_raw = text[..prefix.min(2)].ends_with('r');
    if is_raw && unprefixed[hashes..].starts_with('"') {
        let end = format!("\"{}", "#".repeat(hashes));
        let start = prefix.min(2) + hashes + 1;
        return Some(start + text[start..].find(&end)? + end.len());
    }
    match (prefix, unprefixed.chars().next()?) {
        (0 | 1, '"') if !is_raw => quoted(unprefixed, '"').map(|length| prefix + length),
        // A lifetime has one quote only.
        (0 | 1, '\'') if !is_raw => {
            let inside = unprefixed[1..].chars().next()?;
            let is_character =
                inside == '\\' || unprefixed[1 + inside.len_utf8()..].starts_with('\'');
            is_character.then(|| quoted(unprefixed, '\'').map(|length| prefix + length))?
        }
        _ => None,
    }
}

fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            _ if character == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[test]
fn literals_and_comments_hold_no_words() {
    let text = r##"a::b /* c */ "d\"e" 'f' '\'' b"g" r#"h"i"# 'j: r // k
        br"l" m"##;
    let words: Vec<_> = tokens(text)
        .into_iter()
        .filter_map(|token| match token {
            Token::Word(word) => Some(word),
            _ => None,
        })
        .collect();
    assert_eq!(words, ["a", "b", "j", "r", "m"]);
    let literals = tokens(text)
        .into_iter()
        .filter(|token| *token == Token::Literal);
    assert_eq!(literals.count(), 6);
}
