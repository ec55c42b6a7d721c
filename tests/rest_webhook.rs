//! Webhooks: the requests that are trusted, and those that are not. The signatures were computed
//! by Python's `hmac`.

use std::time::{Duration, UNIX_EPOCH};

use openai_realtime_ws::rest::webhook::{
    IncomingCall, SipMediaSecurity, Webhook, WebhookError, WebhookEvent,
};

const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const ID: &str = "wh_1";
const SENT: u64 = 1_750_287_000;
const CALL: &str = r#"{"id":"evt_1","object":"event","created_at":1750287018,"type":"realtime.call.incoming","data":{"call_id":"rtc_1","sip_headers":[{"name":"From","value":"sip:+15550100@example.com"},{"name":"To","value":"sip:+15550199@example.com"}],"sip_media_security":"srtp"}}"#;
const CALL_SIGNATURE: &str = "v1,jyg5XLyGHIW3GismlyfpwernZhOfs+rH5mMIZijWlpI=";
const PLAIN_SECRET_SIGNATURE: &str = "v1,SmHxdtTqTLaxcjKN6tmC86UXpfhyCn1NY0NdCABLVFs=";

struct Arrived<'r> {
    id: Option<&'r str>,
    timestamp: Option<&'r str>,
    signature: Option<&'r str>,
    body: &'r str,
    now: u64,
}

impl Default for Arrived<'_> {
    fn default() -> Self {
        Self {
            id: Some(ID),
            timestamp: Some("1750287000"),
            signature: Some(CALL_SIGNATURE),
            body: CALL,
            now: SENT,
        }
    }
}

impl Arrived<'_> {
    fn verify(&self, webhook: &Webhook) -> Result<WebhookEvent, WebhookError> {
        let header = |name: &str| match name {
            "webhook-id" => self.id,
            "webhook-timestamp" => self.timestamp,
            "webhook-signature" => self.signature,
            _ => None,
        };
        let now = UNIX_EPOCH + Duration::from_secs(self.now);
        webhook.verify(header, self.body.as_bytes(), now)
    }
}

fn webhook() -> Webhook {
    Webhook::new(SECRET).unwrap()
}

fn verify(arrived: &Arrived<'_>) -> Result<WebhookEvent, WebhookError> {
    arrived.verify(&webhook())
}

fn is_call(verified: &Result<WebhookEvent, WebhookError>) -> bool {
    matches!(verified, Ok(WebhookEvent::IncomingCall(call)) if call.call_id == "rtc_1")
}

#[test]
fn an_incoming_call_is_read() {
    let WebhookEvent::IncomingCall(call) = verify(&Arrived::default()).unwrap() else {
        panic!("another event");
    };
    assert_eq!(call.id, "evt_1");
    assert_eq!(call.created_at, 1_750_287_018);
    assert_eq!(call.call_id, "rtc_1");
    assert_eq!(call.sip_headers.len(), 2);
    assert_eq!(call.sip_header("from"), Some("sip:+15550100@example.com"));
    assert_eq!(call.sip_header("TO"), Some("sip:+15550199@example.com"));
    assert_eq!(call.sip_header("Via"), None);
    assert_eq!(call.sip_media_security, Some(SipMediaSecurity::Srtp));
}

#[test]
fn a_secret_without_prefix_is_its_own_bytes() {
    let plain = Webhook::new("plain secret").unwrap();
    let arrived = Arrived {
        signature: Some(PLAIN_SECRET_SIGNATURE),
        ..Arrived::default()
    };
    assert!(is_call(&arrived.verify(&plain)));
    assert_eq!(verify(&arrived), Err(WebhookError::Signature));
    assert_eq!(
        Arrived::default().verify(&plain),
        Err(WebhookError::Signature)
    );
}

#[test]
fn white_space_around_a_secret_is_ignored() {
    for secret in [
        format!(" {SECRET}"),
        format!("{SECRET}\n"),
        format!("\t{SECRET}\r\n"),
    ] {
        let webhook = Webhook::new(&secret).unwrap();
        assert!(is_call(&Arrived::default().verify(&webhook)), "{secret:?}");
    }
}

#[test]
fn an_unusable_secret_is_refused() {
    for secret in ["", " \n", "whsec_", "whsec_not base64", "whsec_AAE"] {
        assert_eq!(
            Webhook::new(secret).unwrap_err(),
            WebhookError::Secret,
            "{secret}"
        );
    }
}

#[test]
fn time_may_be_off_by_five_minutes_in_both_directions() {
    for (now, fine) in [
        (SENT - 301, false),
        (SENT - 300, true),
        (SENT + 300, true),
        (SENT + 301, false),
        (0, false),
    ] {
        let verified = verify(&Arrived {
            now,
            ..Arrived::default()
        });
        assert_eq!(is_call(&verified), fine, "{now}");
        assert!(fine || verified == Err(WebhookError::Time), "{now}");
    }
    let strict = webhook().tolerance(Duration::ZERO);
    assert!(is_call(&Arrived::default().verify(&strict)));
    let late = Arrived {
        now: SENT + 1,
        ..Arrived::default()
    };
    assert_eq!(late.verify(&strict), Err(WebhookError::Time));
}

#[test]
fn what_is_signed_cannot_be_changed() {
    let tampered = CALL.replace("rtc_1", "rtc_2");
    let longer = format!("{CALL} ");
    for arrived in [
        Arrived {
            body: &tampered,
            ..Arrived::default()
        },
        Arrived {
            body: &longer,
            ..Arrived::default()
        },
        Arrived {
            body: "",
            ..Arrived::default()
        },
        Arrived {
            id: Some("wh_2"),
            ..Arrived::default()
        },
        Arrived {
            timestamp: Some("1750287001"),
            ..Arrived::default()
        },
        // The same number with a leading zero.
        Arrived {
            timestamp: Some("01750287000"),
            ..Arrived::default()
        },
    ] {
        assert_eq!(verify(&arrived), Err(WebhookError::Signature));
    }
}

#[test]
fn any_of_several_signatures_may_fit() {
    let flipped = CALL_SIGNATURE.replace("jyg5", "jyg6");
    let after_many = format!("{}{CALL_SIGNATURE}", "v1,AAAA ".repeat(15));
    for signature in [
        format!("{flipped} {CALL_SIGNATURE}"),
        format!("{CALL_SIGNATURE} {flipped}"),
        format!("v1a,c29tZXRoaW5n {CALL_SIGNATURE}"),
        format!("  {CALL_SIGNATURE} "),
        after_many,
    ] {
        let arrived = Arrived {
            signature: Some(&signature),
            ..Arrived::default()
        };
        assert!(is_call(&verify(&arrived)), "{signature}");
    }
}

#[test]
fn a_signature_that_does_not_fit_is_refused() {
    let bare = CALL_SIGNATURE.trim_start_matches("v1,");
    let too_many = format!("{}{CALL_SIGNATURE}", "v1,AAAA ".repeat(100_000));
    for signature in [
        String::new(),
        " ".to_owned(),
        "v1,".to_owned(),
        bare.to_owned(),
        format!("v2,{bare}"),
        format!("V1,{bare}"),
        CALL_SIGNATURE.replace('=', ""),
        CALL_SIGNATURE.replace("jyg5", "jyg6"),
        CALL_SIGNATURE.replace('+', "-"),
        format!("{CALL_SIGNATURE}="),
        CALL_SIGNATURE.replace(',', ", "),
        format!("v1,{}", "!".repeat(44)),
        too_many,
    ] {
        let arrived = Arrived {
            signature: Some(&signature),
            ..Arrived::default()
        };
        let shown: String = signature.chars().take(60).collect();
        assert_eq!(verify(&arrived), Err(WebhookError::Signature), "{shown}");
    }
}

#[test]
fn each_header_is_needed() {
    for (arrived, name) in [
        (
            Arrived {
                id: None,
                ..Arrived::default()
            },
            "webhook-id",
        ),
        (
            Arrived {
                timestamp: None,
                ..Arrived::default()
            },
            "webhook-timestamp",
        ),
        (
            Arrived {
                signature: None,
                ..Arrived::default()
            },
            "webhook-signature",
        ),
    ] {
        assert_eq!(verify(&arrived), Err(WebhookError::Header(name)));
    }
    for timestamp in [
        "",
        "now",
        "-5",
        "+1750287000",
        "1750287000.0",
        "99999999999999999999999",
    ] {
        let arrived = Arrived {
            timestamp: Some(timestamp),
            ..Arrived::default()
        };
        let expected = Err(WebhookError::Header("webhook-timestamp"));
        assert_eq!(verify(&arrived), expected, "{timestamp}");
    }
    // A time beyond all calendars must not panic.
    let arrived = Arrived {
        timestamp: Some("18446744073709551615"),
        ..Arrived::default()
    };
    assert!(verify(&arrived).is_err());
}

/// The call that a signed body announces.
fn announced(signature: &str, body: &str) -> IncomingCall {
    let arrived = Arrived {
        signature: Some(signature),
        body,
        ..Arrived::default()
    };
    match verify(&arrived) {
        Ok(WebhookEvent::IncomingCall(call)) => call,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn a_call_is_seen_whatever_its_other_members_are() {
    let call = announced(
        "v1,tnOX5Bf6eSd2NXtGdMbaT3DVkMd/XwvA1lkgT+eaH2M=",
        r#"{"type":"realtime.call.incoming","id":null,"created_at":1750287018.75,"data":{"call_id":"rtc_1","sip_headers":null,"sip_media_security":null}}"#,
    );
    assert_eq!((call.id.as_str(), call.created_at), ("", 1_750_287_018));
    assert_eq!(call.call_id, "rtc_1");
    assert_eq!((call.sip_headers.len(), call.sip_media_security), (0, None));

    let call = announced(
        "v1,UzeoZrMSEjAboMzihaDvqouiHzyuJOhkgH7FR1sEqzc=",
        r#"{"type":"realtime.call.incoming","created_at":null,"data":{"call_id":"rtc_1","sip_headers":[{"name":"From","value":"sip:a@example.com"},{"name":"X-Empty"},{"name":"X-Null","value":null},{"value":"nameless"},7],"sip_media_security":3}}"#,
    );
    let headers = call.sip_headers.iter();
    let headers: Vec<_> = headers
        .map(|header| (header.name.as_str(), header.value.as_str()))
        .collect();
    assert_eq!(
        headers,
        [
            ("From", "sip:a@example.com"),
            ("X-Empty", ""),
            ("X-Null", "")
        ]
    );
    assert_eq!((call.created_at, call.sip_media_security), (0, None));

    let call = announced(
        "v1,oqM+lUlxGJuyPymzJixbsEHjwjOq17dDE/xGgeG/4aA=",
        r#"{"type":"realtime.call.incoming","id":7,"created_at":"now","data":{"call_id":"rtc_1"}}"#,
    );
    assert_eq!((call.id.as_str(), call.created_at), ("", 0));
    let call = announced(
        "v1,EYywK1IOTjCPVg41HK1w5frmGyuX06by7388acuyc0c=",
        r#"{"type":"realtime.call.incoming","created_at":-1e300,"data":{"call_id":"rtc_1","sip_headers":{}}}"#,
    );
    assert_eq!((call.created_at, call.sip_headers.len()), (0, 0));
}

#[test]
fn other_events_are_kept_as_json() {
    for (signature, body) in [
        (
            "v1,04TTrbE5TW9ttWkWjlTChYvcB6COpJsxYwzKsGtxUD0=",
            r#"{"type":"batch.completed","data":{"id":"b"}}"#,
        ),
        (
            "v1,VPnyjsgTZE8oDQO9iGUS0xuqR2DilE9l1Yi1e19h6MY=",
            r#"{"type":"realtime.call.incoming","data":{"call_id":""}}"#,
        ),
        (
            "v1,2nC71alkcWqR6g96/qOqOHcl+pNI1UvemrbKQg1KWC0=",
            r#"{"type":"realtime.call.incoming","data":null}"#,
        ),
        ("v1,3YqIAa/lJhhD5F8RbVrEMV9Vv4ouTspNcP5Y9oV2EUU=", "[]"),
    ] {
        let arrived = Arrived {
            signature: Some(signature),
            body,
            ..Arrived::default()
        };
        let expected = serde_json::from_str(body).unwrap();
        assert_eq!(verify(&arrived), Ok(WebhookEvent::Other(expected)));
    }
}

#[test]
fn a_signed_body_that_is_not_json_is_an_error() {
    let arrived = Arrived {
        signature: Some("v1,KXFkPjsCA4DriwB0I2xB/szjNVZifsUiaqh6OLJQeRc="),
        body: "not json",
        ..Arrived::default()
    };
    assert_eq!(verify(&arrived), Err(WebhookError::Body));
}

#[test]
fn the_secret_does_not_print() {
    let debug = format!("{:?}", Webhook::new("plain secret").unwrap());
    assert!(
        debug.contains("Webhook") && !debug.contains("plain"),
        "{debug}"
    );
    assert!(
        !debug.contains(&format!("{:?}", b"plain secret")),
        "{debug}"
    );
}
