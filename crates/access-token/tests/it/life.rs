//! The good life of a token.

use std::time::Duration;

use access_token::{
    CLOCK_SKEW_MAX, Flaw, Holder, JwkSet, LIFETIME_MAX, Signer, Subject, TOKEN_BYTES_MAX, Verifier,
    VerifyError,
};
use chat::Nickname;

use crate::forge::{FOREIGN, NOW, OWN, ada, issued, parties, signer, verifier};

#[test]
fn what_was_signed_is_read_back() {
    let (token, claims) = issued();
    assert_eq!(verifier().verify(&token, NOW), Ok(claims.clone()));
    assert_eq!(claims.subject, ada());
    assert_eq!(claims.expires_at - claims.issued_at, LIFETIME_MAX);
}

#[test]
fn a_guest_has_no_session_and_no_role_of_an_account() {
    let guest = Subject {
        holder: Holder::Guest,
        ..ada()
    };
    let (token, claims) = signer()
        .sign(guest.clone(), Duration::from_secs(60), NOW)
        .expect("signed");
    assert_eq!(verifier().verify(token.as_str(), NOW), Ok(claims));
    assert!(guest.is_guest());
    assert_eq!((guest.session(), guest.role_name()), (None, "guest"));
}

#[test]
fn no_token_lives_longer_than_the_maximum() {
    let (_, claims) = signer().sign(ada(), LIFETIME_MAX * 2, NOW).expect("signed");
    assert_eq!(claims.expires_at, NOW + LIFETIME_MAX);
}

#[test]
fn a_token_dies_at_its_expiry_and_not_a_second_later() {
    let (token, claims) = issued();
    let last_good = claims.expires_at - Duration::from_millis(1);
    assert!(verifier().verify(&token, last_good).is_ok());
    assert_eq!(
        verifier().verify(&token, claims.expires_at),
        Err(VerifyError::Expired)
    );
}

#[test]
fn a_clock_that_lags_within_the_named_skew_is_forgiven() {
    let (token, _) = issued();
    assert!(verifier().verify(&token, NOW - CLOCK_SKEW_MAX).is_ok());
    assert_eq!(
        verifier().verify(&token, NOW - CLOCK_SKEW_MAX - Duration::from_secs(1)),
        Err(VerifyError::NotYetValid)
    );
}

#[test]
fn the_longest_nickname_fits_into_a_token() {
    // The costliest character: four bytes of UTF-8 that base64 makes longer still.
    let longest = "🙂".repeat(Nickname::CHARS_MAX);
    let subject = Subject {
        nickname: Nickname::parse(&longest).expect("a name"),
        ..ada()
    };
    let (token, _) = signer().sign(subject, LIFETIME_MAX, NOW).expect("signed");
    assert!(token.as_str().len() < 1_500, "{}", token.as_str().len());
    assert!(verifier().verify(token.as_str(), NOW).is_ok());
    assert!(token.as_str().len() < TOKEN_BYTES_MAX);
}

#[test]
fn a_key_is_rotated_without_a_moment_in_which_a_good_token_fails() {
    let (before, _) = issued();
    let rotated = Signer::new(parties(), FOREIGN.0.clone(), [OWN.0.public().clone()]);
    let (after, _) = rotated.sign(ada(), LIFETIME_MAX, NOW).expect("signed");

    let both = Verifier::new(&parties(), rotated.published().clone());
    assert!(
        both.verify(&before, NOW).is_ok(),
        "the former key still counts"
    );
    assert!(
        both.verify(after.as_str(), NOW).is_ok(),
        "the new key counts"
    );
    // Whoever knows the old set alone is told that a newer set would help.
    assert_eq!(
        verifier().verify(after.as_str(), NOW),
        Err(VerifyError::UnknownKey)
    );
}

#[test]
fn a_token_that_is_brought_again_is_held_to_its_times_again() {
    let (token, claims) = issued();
    let verifier = verifier();
    for _ in 0..2 {
        assert_eq!(verifier.verify(&token, NOW), Ok(claims.clone()));
    }
    let last_good = claims.expires_at - Duration::from_millis(1);
    assert_eq!(verifier.verify(&token, last_good), Ok(claims.clone()));
    assert_eq!(
        verifier.verify(&token, claims.expires_at),
        Err(VerifyError::Expired)
    );
    // A clock that was set back.
    assert_eq!(
        verifier.verify(&token, NOW - CLOCK_SKEW_MAX - Duration::from_secs(1)),
        Err(VerifyError::NotYetValid)
    );
    assert_eq!(verifier.clone().verify(&token, NOW), Ok(claims));
}

#[test]
fn what_was_good_makes_nothing_else_good() {
    let (token, _) = issued();
    let verifier = verifier();
    assert!(verifier.verify(&token, NOW).is_ok());

    let (said, signature) = token.rsplit_once('.').expect("three parts");
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{said}.{first}{}", &signature[1..]);
    for _ in 0..2 {
        assert_eq!(
            verifier.verify(&forged, NOW),
            Err(VerifyError::Invalid(Flaw::Signature))
        );
    }
    // The same after the key was taken away: other keys are another verifier.
    let others = JwkSet::new([FOREIGN.0.public().clone()]);
    assert_eq!(
        Verifier::new(&parties(), others).verify(&token, NOW),
        Err(VerifyError::UnknownKey)
    );
}

#[test]
fn nothing_that_is_printed_holds_a_token_or_a_private_key() {
    let (token, _) = signer().sign(ada(), LIFETIME_MAX, NOW).expect("signed");
    assert_eq!(format!("{token:?}"), "AccessToken([redacted])");
    let printed = format!("{:?} {:?}", signer(), OWN.0);
    let secret: String = OWN.1.lines().skip(1).take(1).collect();
    assert!(!printed.contains(&secret), "{printed}");
    assert!(!printed.contains("PRIVATE"), "{printed}");
}
