//! The message in the body of a refusal, whatever server or proxy wrote it.

use std::str;

use serde_json::Value;

/// Length of a text or HTML body that is read. Its message stands at the beginning.
const MAX_TEXT_BYTES: usize = 8 * 1024;

/// Places of a message in JSON, the most telling first. They are those of OpenAI and Azure, OAuth
/// 2.0, common web frameworks and RFC 9457. The last one is a document that is a text itself.
const MESSAGES: [&str; 7] = [
    "/error/message",
    "/error_description",
    "/message",
    "/detail",
    "/error",
    "/title",
    "",
];

/// Content of a body.
#[derive(Default)]
pub(super) struct RefusalBody {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

impl RefusalBody {
    /// Reads JSON, HTML or plain text.
    pub(super) fn read(body: &[u8]) -> Self {
        // The content type is not asked: proxies send JSON as text, and HTML as JSON.
        let Ok(json) = serde_json::from_slice::<Value>(body) else {
            return Self {
                code: None,
                message: text_of(body).map(words).filter(|words| !words.is_empty()),
            };
        };
        let code = |path| json.pointer(path).and_then(Value::as_str);
        let message = |path: &&str| message_in(json.pointer(path)?);
        Self {
            code: code("/error/code").or(code("/code")).map(str::to_owned),
            message: MESSAGES.iter().find_map(message),
        }
    }
}

/// Returns a text, the text in a record, or the texts in a list.
fn message_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.trim().is_empty()).then(|| text.clone()),
        Value::Array(list) => {
            // Validation errors come as lists, and the first few say enough.
            let texts: Vec<_> = list.iter().take(8).filter_map(message_in).collect();
            (!texts.is_empty()).then(|| texts.join("; "))
        }
        Value::Object(record) => {
            let text = record.get("msg").or(record.get("message"));
            message_in(text?)
        }
        _ => None,
    }
}

/// The body as text, unless it is binary or broken JSON. A character that is cut off at the end is
/// left out.
fn text_of(body: &[u8]) -> Option<&str> {
    let body = body.get(..MAX_TEXT_BYTES).unwrap_or(body);
    let text = match str::from_utf8(body) {
        Ok(text) => text,
        // No length means that the text just ends in the middle of a character.
        Err(error) if error.error_len().is_none() => {
            str::from_utf8(body.get(..error.valid_up_to())?).ok()?
        }
        Err(_) => return None,
    };
    let is_json = text.trim_start().starts_with(['{', '[']);
    (!is_json && !text.contains('\0')).then_some(text)
}

/// The words of a text. Markup is left out if the text begins with it.
fn words(text: &str) -> String {
    let stripped = text
        .trim_start()
        .starts_with('<')
        .then(|| without_tags(text));
    let words: Vec<_> = stripped
        .as_deref()
        .unwrap_or(text)
        .split_whitespace()
        .collect();
    words.join(" ")
}

fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        // A tag separates words. It must also not join two halves of a credential.
        text.push(' ');
        rest = behind_tag(tag);
    }
    text.push_str(rest);
    for (entity, character) in [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    text
}

/// The text behind a tag. Comments end with `-->`, scripts and style sheets with the next closing
/// tag, and a tag that never ends takes the rest with it.
fn behind_tag(tag: &str) -> &str {
    let is = |name: &str| {
        let start = tag.get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    if is("script") || is("style") {
        return tag.find("</").and_then(|end| tag.get(end..)).unwrap_or("");
    }
    let end = if is("!--") { "-->" } else { ">" };
    tag.split_once(end).map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> Option<String> {
        RefusalBody::read(body.as_bytes()).message
    }

    #[test]
    fn the_message_of_a_json_body_is_found() {
        for (body, expected) in [
            (r#"{"error":{"message":"No.","code":"c"}}"#, "No."),
            (r#"{"statusCode":401,"message":"Bad key."}"#, "Bad key."),
            (
                r#"{"statusCode":404,"error":"Not Found","message":"Resource not found"}"#,
                "Resource not found",
            ),
            (r#"{"detail":"Not authenticated"}"#, "Not authenticated"),
            (
                r#"{"detail":[{"loc":["body"],"msg":"field required","type":"m"},{"msg":"too long"}]}"#,
                "field required; too long",
            ),
            (r#"{"detail":["one","two"]}"#, "one; two"),
            (r#"{"error":"model not loaded"}"#, "model not loaded"),
            (
                r#"{"error":"invalid_token","error_description":"It expired."}"#,
                "It expired.",
            ),
            (r#"{"title":"Forbidden","status":403}"#, "Forbidden"),
            (r#"{"message":["a","b"]}"#, "a; b"),
            (r#""overloaded""#, "overloaded"),
        ] {
            assert_eq!(message(body).as_deref(), Some(expected), "{body}");
        }
        let fastify = r#"{"code":"FST_ERR","message":"No."}"#;
        let code = RefusalBody::read(fastify.as_bytes()).code;
        assert_eq!(code.as_deref(), Some("FST_ERR"));
    }

    #[test]
    fn text_and_html_are_read_as_words() {
        for (body, expected) in [
            ("upstream\n  connect error\r\n", "upstream connect error"),
            ("a < b and c > d", "a < b and c > d"),
            (
                "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><center>\
                 <h1>502 Bad Gateway</h1></center><hr>nginx</body></html>",
                "502 Bad Gateway 502 Bad Gateway nginx",
            ),
            (
                "\n<!DOCTYPE html><STYLE>b > i {}</STYLE><!-- <b>no</b> --><script>if (a<b) x();\
                 </script><p class=\"a\">Access&nbsp;denied &amp; logged</p>",
                "Access denied & logged",
            ),
            (
                "<?xml version='1.0'?><Error><Code>Denied</Code></Error>",
                "Denied",
            ),
            ("<p>cut in the <b", "cut in the"),
        ] {
            assert_eq!(message(body).as_deref(), Some(expected), "{body}");
        }
    }

    #[test]
    fn a_body_without_words_says_nothing() {
        for body in [
            "",
            "{\"error\":{\"message\":\"cut",
            " \r\n",
            "[]",
            "{}",
            "null",
            "7",
            r#"{"error":{}}"#,
            r#"{"error":null}"#,
            r#"{"detail":[]}"#,
            r#"{"message":" "}"#,
            "<html></html>",
            "<",
            "<!--",
        ] {
            assert_eq!(message(body), None, "{body}");
        }
        assert!(RefusalBody::read(b"\x1f\x8b\x08\x00gzip").message.is_none());
        assert!(RefusalBody::read(b"text\0more").message.is_none());
        let cut = "é".repeat(MAX_TEXT_BYTES);
        let read = RefusalBody::read(&cut.as_bytes()[1..]).message;
        assert!(read.is_none(), "it does not begin with a character");
        let read = RefusalBody::read(&cut.as_bytes()[..101]).message;
        assert_eq!(read.unwrap().len(), 100);
    }
}
