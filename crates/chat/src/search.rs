//! Searching what was said: how texts are compared, and the grams that an index of them holds.
//!
//! Texts are folded first: compatibility forms and decomposed Hangul are composed (NFKC), letters
//! are small, and clusters of consonants that an input method makes of 초성 (ㄳ) are taken apart. A
//! search is words; a message is found where each of them occurs in it, also inside of its words.
//! A lone consonant stands for any syllable that begins with it.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

/// What is searched for: 1 to [`SearchText::TERMS_MAX`] words in at most
/// [`SearchText::CHARS_MAX`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchText(Vec<Vec<char>>);

/// Why a text cannot be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SearchTextError {
    /// The text is empty or only white space.
    #[error("is blank; say what to search for")]
    Blank,
    /// The text has more than [`SearchText::CHARS_MAX`] characters.
    #[error("has more than {max} characters", max = SearchText::CHARS_MAX)]
    TooLong,
    /// The text has more than [`SearchText::TERMS_MAX`] words.
    #[error("has more than {max} words", max = SearchText::TERMS_MAX)]
    TooManyTerms,
}

/// Two neighbouring characters of a word: the unit of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gram {
    /// As they are.
    Plain(char, char),
    /// With the initial consonant in the place of a syllable, of which there is at least one.
    Initials(char, char),
}

impl SearchText {
    /// The longest text, in characters (Unicode scalar values).
    pub const CHARS_MAX: usize = 100;

    /// The most words.
    pub const TERMS_MAX: usize = 8;

    /// Parses what somebody searches for.
    ///
    /// # Errors
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, SearchTextError> {
        if text.len() > 4 * Self::CHARS_MAX || text.chars().count() > Self::CHARS_MAX {
            return Err(SearchTextError::TooLong);
        }
        let folded = fold(text);
        let terms: Vec<Vec<char>> = folded
            .split_whitespace()
            .map(|term| term.chars().collect())
            .collect();
        match terms.len() {
            0 => Err(SearchTextError::Blank),
            count if count > Self::TERMS_MAX => Err(SearchTextError::TooManyTerms),
            _ => Ok(Self(terms)),
        }
    }

    /// Whether all of the words occur in a text.
    pub fn occurs_in(&self, text: &str) -> bool {
        let folded: Vec<char> = fold(text).chars().collect();
        self.0.iter().all(|term| {
            let mut windows = folded.windows(term.len());
            windows.any(|window| window.iter().zip(term).all(|(c, wanted)| is(*c, *wanted)))
        })
    }

    /// Grams that are among the [`grams`] of every text in which the words occur. There are none
    /// where each word is a single character.
    pub fn grams(&self) -> BTreeSet<Gram> {
        let pairs = self.0.iter().flat_map(|term| term.windows(2));
        pairs
            .map(|pair| {
                let (first, second) = (pair[0], pair[1]);
                if is_consonant(first) || is_consonant(second) {
                    Gram::Initials(initial(first), initial(second))
                } else {
                    Gram::Plain(first, second)
                }
            })
            .collect()
    }
}

/// The grams of a text.
pub fn grams(text: &str) -> BTreeSet<Gram> {
    let folded = fold(text);
    let mut grams = BTreeSet::new();
    for word in folded.split_whitespace() {
        for (first, second) in word.chars().zip(word.chars().skip(1)) {
            grams.insert(Gram::Plain(first, second));
            let initials = (initial(first), initial(second));
            if is_consonant(initials.0) || is_consonant(initials.1) {
                grams.insert(Gram::Initials(initials.0, initials.1));
            }
        }
    }
    grams
}

/// Whether a character of a text is the one that is wanted, or a syllable that begins with it.
fn is(c: char, wanted: char) -> bool {
    c == wanted || (is_consonant(wanted) && initial(c) == wanted)
}

/// The initial consonants of syllables in the order of Unicode (chapter 3.12), each as the letter
/// that a keyboard writes.
const INITIALS: [char; 19] = [
    'ㄱ', 'ㄲ', 'ㄴ', 'ㄷ', 'ㄸ', 'ㄹ', 'ㅁ', 'ㅂ', 'ㅃ', 'ㅅ', 'ㅆ', 'ㅇ', 'ㅈ', 'ㅉ', 'ㅊ', 'ㅋ',
    'ㅌ', 'ㅍ', 'ㅎ',
];

/// How many syllables begin with one consonant.
const SYLLABLES_PER_INITIAL: u32 = 21 * 28;

/// A lone letter of Hangul, as a keyboard writes it. NFKC would make another letter of it, which
/// then composes with its neighbours.
fn is_letter(c: char) -> bool {
    matches!(c, '\u{3131}'..='\u{318e}')
}

fn is_consonant(c: char) -> bool {
    INITIALS.contains(&c)
}

/// The initial consonant of a syllable; any other character itself.
fn initial(c: char) -> char {
    if !matches!(c, '가'..='힣') {
        return c;
    }
    let place = (u32::from(c) - u32::from('가')) / SYLLABLES_PER_INITIAL;
    INITIALS.get(place as usize).copied().unwrap_or(c)
}

/// The two consonants of a cluster.
fn parted(c: char) -> Option<[char; 2]> {
    let pair = match c {
        'ㄳ' => ['ㄱ', 'ㅅ'],
        'ㄵ' => ['ㄴ', 'ㅈ'],
        'ㄶ' => ['ㄴ', 'ㅎ'],
        'ㄺ' => ['ㄹ', 'ㄱ'],
        'ㄻ' => ['ㄹ', 'ㅁ'],
        'ㄼ' => ['ㄹ', 'ㅂ'],
        'ㄽ' => ['ㄹ', 'ㅅ'],
        'ㄾ' => ['ㄹ', 'ㅌ'],
        'ㄿ' => ['ㄹ', 'ㅍ'],
        'ㅀ' => ['ㄹ', 'ㅎ'],
        'ㅄ' => ['ㅂ', 'ㅅ'],
        _ => return None,
    };
    Some(pair)
}

/// The form in which texts are compared.
fn fold(text: &str) -> String {
    // Of these letters the forms below are the letters themselves.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    fold_letters(text)
}

fn fold_letters(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_letter) {
        let letter = piece.chars().next_back().filter(|c| is_letter(*c));
        let rest = &piece[..piece.len() - letter.map_or(0, char::len_utf8)];
        folded.extend(
            rest.nfkc()
                .filter(|c| !is_invisible(*c))
                .map(lone_initial)
                .flat_map(char::to_lowercase),
        );
        match letter.map(|letter| (letter, parted(letter))) {
            Some((_, Some(pair))) => folded.extend(pair),
            Some((letter, None)) => folded.push(letter),
            None => {}
        }
    }
    folded
}

/// An initial consonant that composed with nothing, as the letter that a keyboard writes.
fn lone_initial(c: char) -> char {
    match c {
        '\u{1100}'..='\u{1112}' => INITIALS[(u32::from(c) - 0x1100) as usize],
        other => other,
    }
}

/// Joiners and marks that nobody sees and nobody types into a search.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(text: &str) -> SearchText {
        SearchText::parse(text).expect("a search")
    }

    /// What is said in the corpus.
    const CORPUS: [&str; 12] = [
        "안녕하세요, 회의는 내일 오후 세 시입니다",
        "내일 회의실 예약했어요",
        "점심 뭐 먹을까? 김치찌개 어때",
        "배포는 Deploy 파이프라인에서 자동으로 됩니다",
        "The deployment failed again; rolling back",
        "Ｆｕｌｌｗｉｄｔｈ ＡＢＣ and ﬁne ligatures",
        "ㅋㅋㅋ 진짜 웃기다",
        "감사합니다 ㄱㅅㄱㅅ",
        "C++ and Rust, 3.14 and 100%",
        "東京で会議があります",
        "cafe\u{301} is café",
        "한\u{200b}글 zero width",
    ];

    fn hits(text: &str) -> Vec<usize> {
        let search = search(text);
        (0..CORPUS.len())
            .filter(|place| search.occurs_in(CORPUS[*place]))
            .collect()
    }

    #[test]
    fn ascii_is_folded_as_any_text_is() {
        let ascii: String = (0..128_u8).map(char::from).collect();
        assert_eq!(fold(&ascii), fold_letters(&ascii));
    }

    #[test]
    fn a_small_corpus_is_found_as_people_expect() {
        for (text, expected) in [
            ("회의", &[0, 1][..]),
            ("회의실", &[1]),
            ("내일 회의", &[0, 1]),
            ("회의 예약", &[1]),
            ("치찌", &[2]),
            ("찌", &[2]),
            ("deploy", &[3, 4]),
            ("DEPLOY", &[3, 4]),
            ("deployments", &[]),
            ("fullwidth abc", &[5]),
            ("fine", &[5]),
            ("ㅎㅇ", &[0, 1]),
            ("ㅎㅇㅅ", &[1]),
            ("회ㅇ", &[0, 1]),
            ("ㄱㅊㅉㄱ", &[2]),
            ("ㅋㅋ", &[6]),
            ("ㄳ", &[7]),
            ("ㄱㅅ", &[7]),
            ("c++", &[8]),
            ("3.14", &[8]),
            ("100%", &[8]),
            ("%", &[8]),
            ("_", &[]),
            (".*", &[]),
            ("会議", &[9]),
            ("café", &[10]),
            ("cafe\u{301}", &[10]),
            ("한글", &[11]),
            ("하세요안녕", &[]),
        ] {
            assert_eq!(hits(text), expected, "{text}");
        }
    }

    #[test]
    fn composed_and_decomposed_texts_are_the_same() {
        let composed = "안녕하세요";
        let decomposed: String = composed.nfd().collect();
        assert_ne!(composed, decomposed);
        assert_eq!(grams(composed), grams(&decomposed));
        assert!(search(&decomposed).occurs_in(composed));
        assert!(search(composed).occurs_in(&decomposed));
        assert_eq!(search(&decomposed), search(composed));
    }

    #[test]
    fn the_grams_of_a_search_are_among_those_of_every_text_that_it_finds() {
        for text in [
            "회의",
            "내일 회의",
            "deploy",
            "ㅎㅇ",
            "회ㅇ",
            "ㅎ의",
            "ㄱㅅ",
            "ㅋㅋ",
            "c++",
            "会議",
            "찌",
        ] {
            let search = search(text);
            for place in hits(text) {
                let said = grams(CORPUS[place]);
                assert!(search.grams().is_subset(&said), "{text} in {place}");
            }
        }
    }

    #[test]
    fn each_broken_rule_is_named() {
        assert_eq!(SearchText::parse(" \n"), Err(SearchTextError::Blank));
        assert_eq!(SearchText::parse("\u{200b}"), Err(SearchTextError::Blank));
        assert_eq!(
            SearchText::parse(&"가".repeat(101)),
            Err(SearchTextError::TooLong)
        );
        assert_eq!(
            SearchText::parse("a b c d e f g h i"),
            Err(SearchTextError::TooManyTerms)
        );
        assert!(search("가").grams().is_empty());
    }
}
