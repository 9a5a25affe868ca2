//! Every way to pass for somebody else that is in the books.

use access_token::{Flaw, JwkSet, LIFETIME_MAX, TOKEN_BYTES_MAX, Verifier, VerifyError};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::forge::{
    FOREIGN, NOW, OWN, base64url, header, issued, part, parties, parts, payload, signed,
    signed_by_issuer, signer, verifier,
};

/// The verifier must refuse the token, for this reason.
#[track_caller]
fn refused(token: &str, reason: impl Into<VerifyError>) {
    assert_eq!(verifier().verify(token, NOW), Err(reason.into()));
}

#[test]
fn the_forged_tokens_of_these_tests_would_pass_without_their_fault() {
    let token = signed_by_issuer(&header(), &payload(json!({})));
    assert!(verifier().verify(&token, NOW).is_ok());
}

#[test]
fn alg_none_is_refused_in_any_spelling_and_with_any_signature() {
    let [_, good_payload, good_signature] = parts(&issued().0);
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = part(&json!({
            "alg": alg, "typ": "at+jwt", "kid": OWN.0.public().key_id(),
        }));
        refused(&format!("{header}.{good_payload}."), Flaw::Malformed);
        refused(&format!("{header}.{good_payload}"), Flaw::Malformed);
        refused(
            &format!("{header}.{good_payload}.{good_signature}"),
            Flaw::Malformed,
        );
    }
}

#[test]
fn a_hash_keyed_with_the_public_key_is_no_signature() {
    let published: Value =
        serde_json::from_str(&signer().published().to_json()).expect("a key set");
    let jwk = &published["keys"][0];
    let keys = [
        signer().published().to_json().into_bytes(),
        jwk.to_string().into_bytes(),
        jwk["n"].as_str().expect("a modulus").as_bytes().to_vec(),
    ];
    for (key, alg) in keys
        .iter()
        .zip([Algorithm::HS256, Algorithm::HS384, Algorithm::HS512])
    {
        let header = Header { alg, ..header() };
        let key = EncodingKey::from_secret(key);
        let token = jsonwebtoken::encode(&header, &payload(json!({})), &key).expect("keyed");
        refused(&token, Flaw::Algorithm);
    }
}

#[test]
fn other_algorithms_of_the_same_key_are_refused() {
    for alg in [Algorithm::RS384, Algorithm::RS512, Algorithm::PS256] {
        let token = signed_by_issuer(&Header { alg, ..header() }, &payload(json!({})));
        refused(&token, Flaw::Algorithm);
    }
    // The header says RS256, the signature is another.
    let [_, good_payload, _] = parts(&issued().0);
    let pss = signed_by_issuer(
        &Header {
            alg: Algorithm::PS256,
            ..header()
        },
        &payload(json!({})),
    );
    let [_, _, signature] = parts(&pss);
    let [good_header, _, _] = parts(&issued().0);
    refused(
        &format!("{good_header}.{good_payload}.{signature}"),
        Flaw::Signature,
    );
}

#[test]
fn a_foreign_key_is_refused_under_its_own_name_and_under_ours() {
    let foreign = Header {
        kid: Some(FOREIGN.0.public().key_id().to_owned()),
        ..header()
    };
    refused(
        &signed(&foreign, &payload(json!({})), &FOREIGN.1),
        VerifyError::UnknownKey,
    );
    refused(
        &signed(&header(), &payload(json!({})), &FOREIGN.1),
        Flaw::Signature,
    );
    let nameless = Header {
        kid: None,
        ..header()
    };
    refused(&signed(&nameless, &payload(json!({})), &OWN.1), Flaw::NoKey);
    for kid in ["", "../../dev/null", "' OR 1=1 --", "\u{0}"] {
        let named = Header {
            kid: Some(kid.into()),
            ..header()
        };
        refused(
            &signed(&named, &payload(json!({})), &FOREIGN.1),
            VerifyError::UnknownKey,
        );
    }
}

#[test]
fn a_key_that_the_token_brings_along_is_not_believed() {
    let own_set = JwkSet::new([FOREIGN.0.public().clone()]).to_json();
    let set: Value = serde_json::from_str(&own_set).expect("a key set");
    let brought = Header {
        jku: Some("https://evil.example/jwks.json".into()),
        x5u: Some("https://evil.example/cert.pem".into()),
        jwk: Some(serde_json::from_value(set["keys"][0].clone()).expect("a key")),
        ..header()
    };
    refused(
        &signed(&brought, &payload(json!({})), &FOREIGN.1),
        Flaw::Signature,
    );
    let brought = Header {
        kid: Some(FOREIGN.0.public().key_id().to_owned()),
        ..brought
    };
    refused(
        &signed(&brought, &payload(json!({})), &FOREIGN.1),
        VerifyError::UnknownKey,
    );
}

#[test]
fn another_issuer_or_audience_is_refused() {
    for issuer in [
        "https://evil.example",
        "https://chat.example/",
        "HTTPS://CHAT.EXAMPLE",
        "",
    ] {
        let token = signed_by_issuer(&header(), &payload(json!({ "iss": issuer })));
        refused(&token, Flaw::Issuer);
    }
    for audience in ["other", "maru2", "Maru", ""] {
        let token = signed_by_issuer(&header(), &payload(json!({ "aud": audience })));
        refused(&token, Flaw::Audience);
    }
    for several in [
        json!({"aud": ["maru", "other"]}),
        json!({"iss": ["https://chat.example"]}),
    ] {
        refused(
            &signed_by_issuer(&header(), &payload(several)),
            Flaw::Claims,
        );
    }
}

#[test]
fn another_type_of_token_is_refused() {
    for typ in [
        None,
        Some("JWT"),
        Some("id+jwt"),
        Some("text/at+jwt"),
        Some(""),
    ] {
        let header = Header {
            typ: typ.map(str::to_owned),
            ..header()
        };
        refused(&signed_by_issuer(&header, &payload(json!({}))), Flaw::Type);
    }
    let spelled_out = Header {
        typ: Some("application/AT+JWT".into()),
        ..header()
    };
    let token = signed_by_issuer(&spelled_out, &payload(json!({})));
    assert!(verifier().verify(&token, NOW).is_ok());
}

#[test]
fn an_extension_that_must_be_understood_is_refused() {
    let header = Header {
        crit: Some(vec!["b64".into()]),
        ..header()
    };
    refused(
        &signed_by_issuer(&header, &payload(json!({}))),
        Flaw::Critical,
    );
}

#[test]
fn a_token_outside_its_time_is_refused() {
    let now = NOW.unix_timestamp();
    let at = |changes: Value| signed_by_issuer(&header(), &payload(changes));
    refused(
        &at(json!({"iat": now - 60, "exp": now})),
        VerifyError::Expired,
    );
    refused(
        &at(json!({"iat": now - 900, "exp": now - 1})),
        VerifyError::Expired,
    );
    refused(&at(json!({"nbf": now + 31})), VerifyError::NotYetValid);
    refused(&at(json!({"iat": now + 31})), VerifyError::NotYetValid);
    assert!(
        verifier()
            .verify(&at(json!({"nbf": now + 30})), NOW)
            .is_ok()
    );
}

#[test]
fn a_token_that_would_live_too_long_is_refused() {
    let now = NOW.unix_timestamp();
    let lifetime_max_s = i64::try_from(LIFETIME_MAX.as_secs()).expect("minutes");
    for (iat, exp) in [
        (now, now + lifetime_max_s + 1),
        (now, i64::MAX),
        (i64::MIN, i64::MAX),
        (i64::MIN, now + 1),
        (now + 1, now),
    ] {
        let token = signed_by_issuer(&header(), &payload(json!({ "iat": iat, "exp": exp })));
        refused(&token, Flaw::Lifetime);
    }
}

#[test]
fn claims_that_are_missing_wrong_or_contradictory_are_refused() {
    for member in [
        "iss", "aud", "sub", "iat", "exp", "jti", "sid", "nickname", "role", "guest",
    ] {
        let token = signed_by_issuer(&header(), &payload(json!({ member: null })));
        refused(&token, Flaw::Claims);
    }
    for wrong in [
        json!({"exp": "1800000900"}),
        json!({"exp": 1.5}),
        json!({"exp": -1e300}),
        json!({"sub": "root"}),
        json!({"nickname": ""}),
        json!({"nickname": "a\nb"}),
        json!({"role": "root"}),
        json!({"role": "guest"}),
        json!({"guest": true}),
        json!({"guest": true, "role": "guest"}),
        json!({"guest": true, "sid": null}),
    ] {
        refused(&signed_by_issuer(&header(), &payload(wrong)), Flaw::Claims);
    }
}

#[test]
fn a_changed_payload_is_refused() {
    let [head, _, signature] = parts(&issued().0);
    let promoted = part(&payload(json!({"role": "admin"})));
    refused(&format!("{head}.{promoted}.{signature}"), Flaw::Signature);
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    let now = NOW.unix_timestamp();
    let text = payload(json!({})).to_string();
    let doubled = text.replacen('{', &format!("{{\"exp\":{},", now + 1), 1);
    let head = part(&serde_json::to_value(header()).expect("a header"));
    let message = format!("{head}.{}", base64url(doubled.as_bytes()));
    let key = EncodingKey::from_rsa_pem(OWN.1.as_bytes()).expect("a key");
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::RS256);
    refused(
        &format!("{message}.{}", signature.expect("signed")),
        Flaw::Claims,
    );
}

#[test]
fn a_token_that_is_too_long_is_not_even_looked_at() {
    let token = signed_by_issuer(
        &header(),
        &payload(json!({"more": "x".repeat(TOKEN_BYTES_MAX)})),
    );
    refused(&token, Flaw::TooLong);
    refused(&"a".repeat(10_000_000), Flaw::TooLong);
}

#[test]
fn garbage_is_refused() {
    let (token, _) = issued();
    for garbage in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "Bearer x",
        "\u{0}",
        "가.나.다",
        "e30.e30.e30",
        "W10.W10.",
    ] {
        assert!(verifier().verify(garbage, NOW).is_err(), "{garbage:?}");
    }
    for changed in [
        format!("{token}."),
        format!("{token}="),
        format!(" {token}"),
        format!("{token}\n"),
        format!("Bearer {token}"),
        token.replace('.', ".."),
        token.to_uppercase(),
    ] {
        assert!(verifier().verify(&changed, NOW).is_err());
    }
    let nested = format!("{}1{}", "[".repeat(900), "]".repeat(900));
    refused(
        &format!("{}.e30.e30", base64url(nested.as_bytes())),
        Flaw::Malformed,
    );
}

#[test]
fn a_verifier_without_keys_accepts_nothing() {
    let verifier = Verifier::new(&parties(), JwkSet::default());
    assert_eq!(
        verifier.verify(&issued().0, NOW),
        Err(VerifyError::UnknownKey)
    );
}

#[test]
fn no_error_quotes_the_token() {
    let token = signed_by_issuer(&header(), &payload(json!({"aud": "other-audience"})));
    let error = verifier().verify(&token, NOW).expect_err("refused");
    let told = format!("{error} {error:?}");
    assert!(
        !told.contains("other-audience") && !told.contains(&token[..20]),
        "{told}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn one_changed_character_anywhere_makes_a_token_worthless(
        place in any::<prop::sample::Index>(),
        put in "[A-Za-z0-9_.=-]",
    ) {
        let (token, _) = issued_once();
        let place = place.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(place..=place, &put);
        prop_assume!(changed != *token);
        prop_assert!(verifier_once().verify(&changed, NOW).is_err());
    }

    #[test]
    fn no_text_and_no_moment_makes_the_verifier_panic(
        text in "[\\x00-\\x7f가]{0,64}",
        seconds in any::<i32>(),
    ) {
        let moment = OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds.into());
        prop_assert!(verifier_once().verify(&text, moment).is_err());
        let (token, claims) = issued_once();
        let alive = claims.issued_at - access_token::CLOCK_SKEW_MAX..claims.expires_at;
        prop_assert_eq!(
            verifier_once().verify(token, moment).is_ok(),
            alive.contains(&moment)
        );
    }
}

fn issued_once() -> &'static (String, access_token::Claims) {
    static ISSUED: std::sync::OnceLock<(String, access_token::Claims)> = std::sync::OnceLock::new();
    ISSUED.get_or_init(issued)
}

fn verifier_once() -> &'static Verifier {
    static VERIFIER: std::sync::OnceLock<Verifier> = std::sync::OnceLock::new();
    VERIFIER.get_or_init(verifier)
}
