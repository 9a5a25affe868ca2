//! What finding something costs in a room with a million messages, beside a page of its history.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;
use sqlx::{Connection, PgConnection};
use tokio::time::{self, Instant};

use crate::history::History;
use crate::talk::{self, announce};
use crate::target::Target;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// The server and its database, as `bench/peers/maru/start` prints them
    #[arg(long)]
    target: Target,
    /// The room; what it lacks is said first
    #[arg(long, default_value = "bench-search")]
    room: String,
    /// How many messages it has
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
    /// How often each search is asked for
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// Fails where the 99th percentile of the searches is more than so many times that of the pages
    #[arg(long, default_value_t = 10.0)]
    ratio_max: f64,
}

/// How long the index of the search may stand still before it has caught up; the server looks for
/// what it lacks twice a minute.
const INDEX_STILL_MAX: Duration = Duration::from_secs(120);

/// How often it is asked where it stands.
const INDEX_LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The number up to which the index has taken in the room, and the room's own.
const INDEX_POSITION: &str = "
SELECT coalesce(progress.rev, 0), room.last_seq
FROM chat_room AS room
LEFT JOIN chat_search_progress AS progress ON progress.room_id = room.room_id
WHERE room.room_id = $1";

/// As autovacuum leaves the tables some time after the room was filled.
const SETTLE: [&str; 2] = [
    "VACUUM ANALYZE chat_message",
    "VACUUM ANALYZE chat_message_search",
];

/// Fills the room, asks for pages and searches in turns, and prints what they took.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(options: Options) -> Result<()> {
    let guests = options
        .target
        .guests
        .context("the target names no guests")?;
    let tokens = talk::tokens(guests).await?;
    talk::fill(
        &options.target,
        &options.room,
        &tokens,
        options.messages,
        content,
    )
    .await?;
    settle(&options).await?;
    // The server has closed what was idle meanwhile.
    let mut history = History::connect(options.target.at[0], &tokens[0]).await?;
    let now = history.last_seq(&options.room).await?;
    ensure!(now >= options.messages, "the room has only {now} messages");

    let asked = questions(options.messages);
    let mut times: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for round in 0..=options.rounds {
        for (nth, question) in asked.iter().enumerate() {
            let path = format!("/{}/messages{}", options.room, question.path);
            let began = Instant::now();
            let answer = history.get(&path).await?;
            let took = began.elapsed();
            let found = answer.messages.len();
            ensure!(
                question.finds.contains(&found),
                "{}: {path} brings {found} messages",
                question.kind
            );
            // Between any two searches a page of another place.
            let before = mix(round as u64 * 1000 + nth as u64) % options.messages + 2;
            let page = format!("/{}/messages?limit=50&before={before}", options.room);
            let began = Instant::now();
            history.get(&page).await?;
            let page_took = began.elapsed();
            // The first round warms up.
            if round > 0 {
                for (kind, took) in [(question.kind, took), (PAGE, page_took), (ALL, took)] {
                    times
                        .entry(kind)
                        .or_default()
                        .push(took.as_secs_f64() * 1e3);
                }
            }
        }
    }

    println!(
        "{:<34} {:>7} {:>8} {:>8} {:>8} ms",
        "", "asked", "p50", "p99", "max"
    );
    let mut p99 = BTreeMap::new();
    for (kind, mut times) in times {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
        println!(
            "{kind:<34} {:>7} {:>8.2} {:>8.2} {:>8.2}",
            times.len(),
            at(0.5),
            at(0.99),
            at(1.0)
        );
        p99.insert(kind, at(0.99));
    }
    let ratio = p99[ALL] / p99[PAGE];
    println!("p99 of the searches is {ratio:.1} times that of the pages");
    ensure!(
        ratio <= options.ratio_max,
        "that is more than {} times",
        options.ratio_max
    );
    Ok(())
}

const PAGE: &str = "a page of 50";
const ALL: &str = "all searches";

/// Waits until the index has taken in all of the room, and both tables are as they stay.
async fn settle(options: &Options) -> Result<()> {
    let database = options.target.database.as_deref();
    let database = database.context("the target names no database")?;
    let mut database = PgConnection::connect(database).await?;
    let (mut reached, mut moved) = (-1, Instant::now());
    loop {
        let (indexed, last): (i64, i64) = sqlx::query_as(INDEX_POSITION)
            .bind(&options.room)
            .fetch_one(&mut database)
            .await?;
        if indexed == last {
            break;
        }
        if indexed != reached {
            (reached, moved) = (indexed, Instant::now());
            announce(&format!("the index has taken in {indexed} of {last}"));
        }
        ensure!(
            moved.elapsed() < INDEX_STILL_MAX,
            "the index stands at {indexed} of {last} for {INDEX_STILL_MAX:?}"
        );
        time::sleep(INDEX_LOOK_INTERVAL).await;
    }
    for sql in SETTLE {
        sqlx::query(sql).execute(&mut database).await?;
    }
    Ok(database.close().await?)
}

/// One request, and how many messages it may bring.
struct Question {
    kind: &'static str,
    path: String,
    finds: RangeInclusive<usize>,
}

/// What is searched for. Whatever is said in [`content`] decides what has to be found.
fn questions(messages: u64) -> Vec<Question> {
    let mut questions = Vec::new();
    let mut ask = |kind, finds: RangeInclusive<usize>, texts: &[&str]| {
        for text in texts {
            let (path, finds) = (format!("/search?q={}", encoded(text)), finds.clone());
            questions.push(Question { kind, path, finds });
        }
    };
    let (some, none, any) = (20..=20, 0..=0, 0..=20);
    ask(
        "a common word",
        some.clone(),
        &["회의", "내일", "점심", "deploy", "meeting"],
    );
    ask(
        "a part of a word",
        some.clone(),
        &["의실", "ploy", "회의실에서"],
    );
    ask(
        "two common words",
        some.clone(),
        &["회의 내일", "점심 deploy", "the server"],
    );
    let tail: Vec<String> = (0..6).map(|n| tail(n * 7919)).collect();
    let tail: Vec<&str> = tail.iter().map(String::as_str).collect();
    ask("a rare word", 1..=20, &tail);
    ask("a word said four times", 1..=4, &["마라톤예약"]);
    ask(
        "a word of one old day",
        some.clone(),
        &["폭우주의보", "호우 폭우주"],
    );
    ask(
        "an absent word",
        none.clone(),
        &["뷁쉙", "zzqx", "없는말이다"],
    );
    ask(
        "an absent word of common parts",
        none.clone(),
        &["회의회의실회의", "deploydeploy"],
    );
    ask(
        "two words that never meet",
        none.clone(),
        &["마라톤예약 폭우주의보", "뷁쉙 회의"],
    );
    ask(
        "initial consonants",
        some.clone(),
        &["ㅎㅇ", "ㅈㅅ", "ㅎㅇㅅ", "ㄴㅇ ㅎㅇ", "회ㅇ"],
    );
    ask("absent initial consonants", none.clone(), &["ㅃㅉㅃㅉ"]);
    ask("one common syllable", some.clone(), &["밥", "회", "ㅎ"]);
    ask(
        "one rare or absent syllable",
        any.clone(),
        &["뷁", "쭥", "뤫", "%"],
    );
    ask("one letter", some, &["a", "e"]);
    let consonants = "ㄱ".repeat(100);
    let syllables: String = (0..50).map(|n| syllable(mix(n))).collect();
    ask(
        "hostile",
        any.clone(),
        &[
            &consonants,
            &syllables,
            ".*.*.*(a+)+$",
            "%_%_%_%_",
            "a b c d e f g h",
            "회의 내일 점심 서버 배포 확인 오늘 자료",
            "이 가 은 는 을 를 에 도",
        ],
    );
    let last = messages / 2;
    for (kind, query, finds) in [
        ("by a sender", "sender=bench".to_owned(), 20..=20),
        (
            "by a sender who never spoke",
            "sender=nobody".to_owned(),
            none.clone(),
        ),
        (
            "a word of a sender",
            format!("sender=bench&q={}", encoded("배포")),
            20..=20,
        ),
        (
            "further back",
            format!("before={last}&q={}", encoded("회의")),
            20..=20,
        ),
        (
            "further back, rare",
            format!("before={last}&q={}", encoded(tail[0])),
            any,
        ),
        (
            "before a time long ago",
            format!("to=2020-01-01T00:00:00Z&q={}", encoded("회의")),
            none,
        ),
    ] {
        let path = format!("/search?{query}");
        questions.push(Question { kind, path, finds });
    }
    questions
}

/// The `number`th message: some words, the frequent ones often and most of them seldom.
pub(crate) fn content(number: u64) -> String {
    let mut random = Random(mix(number));
    let mut words = Vec::new();
    match number % 1_000_000 {
        250_777 | 500_777 | 750_777 | 999_001 => words.push("마라톤예약".to_owned()),
        300_000..304_000 => words.push("호우 폭우주의보".to_owned()),
        _ => {}
    }
    for _ in 0..3 + random.below(10) {
        let word = match random.below(20) {
            0 => tail(random.below(TAIL)),
            1 => random.below(10_000).to_string(),
            2..8 => ENGLISH[random.seldom(ENGLISH.len())].to_owned(),
            _ => {
                let word = KOREAN[random.seldom(KOREAN.len())];
                format!("{word}{}", ENDINGS[random.seldom(ENDINGS.len())])
            }
        };
        words.push(word);
    }
    words.join(" ")
}

/// How many words are each said a few dozen times in a million messages.
const TAIL: u64 = 50_000;

fn tail(number: u64) -> String {
    let mut random = Random(mix((number % TAIL) ^ 0x7461_696c));
    (0..2 + number % 2)
        .map(|_| syllable(random.next()))
        .collect()
}

/// One of the syllables that are not rare: with no final consonant, or a common one.
fn syllable(number: u64) -> char {
    const FINALS: [u64; 6] = [0, 1, 4, 8, 16, 21];
    let (initial, vowel) = (number % 19, number / 19 % 21);
    let last = FINALS[(number / 399 % 6) as usize];
    let place = (initial * 21 + vowel) * 28 + last;
    char::from_u32(0xac00 + place as u32).expect("a syllable of Hangul")
}

/// SplitMix64: the same texts on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// One of so many, each place about as often as it is near to the first (Zipf).
    fn seldom(&mut self, count: usize) -> usize {
        let share = self.next() as f64 / u64::MAX as f64;
        (((count as f64 + 1.0).powf(share) - 1.0) as usize).min(count - 1)
    }
}

pub(crate) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A text as it stands in a query.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded + &char::from(byte).to_string()
        } else {
            encoded + &format!("%{byte:02X}")
        }
    })
}

const KOREAN: [&str; 72] = [
    "회의",
    "내일",
    "점심",
    "오늘",
    "확인",
    "배포",
    "서버",
    "자료",
    "회의실",
    "일정",
    "감사",
    "문제",
    "수정",
    "메일",
    "공유",
    "사람",
    "시간",
    "주말",
    "저녁",
    "커피",
    "오후",
    "오전",
    "밥",
    "팀장",
    "고객",
    "보고서",
    "테스트",
    "데이터",
    "화면",
    "버튼",
    "로그인",
    "비밀번호",
    "장애",
    "복구",
    "백업",
    "요청",
    "답변",
    "검토",
    "승인",
    "휴가",
    "출장",
    "회식",
    "예약",
    "변경",
    "취소",
    "결제",
    "주문",
    "배송",
    "재고",
    "환불",
    "쿠폰",
    "이벤트",
    "광고",
    "디자인",
    "기획",
    "개발",
    "운영",
    "품질",
    "보안",
    "네트워크",
    "방화벽",
    "인증서",
    "도메인",
    "캐시",
    "색인",
    "검색",
    "조회",
    "통계",
    "그래프",
    "알림",
    "설정",
    "권한",
];

const ENDINGS: [&str; 14] = [
    "",
    "는",
    "가",
    "를",
    "에서",
    "하고",
    "입니다",
    "했어요",
    "할까요",
    "부터",
    "까지",
    "도",
    "으로",
    "만",
];

const ENGLISH: [&str; 48] = [
    "the",
    "server",
    "deploy",
    "meeting",
    "and",
    "is",
    "to",
    "release",
    "build",
    "failed",
    "again",
    "please",
    "review",
    "merge",
    "branch",
    "test",
    "green",
    "database",
    "index",
    "query",
    "slow",
    "latency",
    "cache",
    "token",
    "login",
    "error",
    "timeout",
    "retry",
    "queue",
    "worker",
    "lambda",
    "container",
    "image",
    "cluster",
    "node",
    "memory",
    "socket",
    "message",
    "room",
    "history",
    "search",
    "page",
    "client",
    "browser",
    "mobile",
    "update",
    "version",
    "rollback",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_the_same_each_time_and_holds_what_is_searched_for() {
        assert_eq!(content(7), content(7));
        assert!(content(250_777).contains("마라톤예약"));
        assert!(content(303_999).contains("폭우주의보"));
        assert!((0..100).any(|number| content(number).contains("회의")));
        assert!(
            content(9)
                .chars()
                .all(|c| !c.is_control() && c != '"' && c != '\\')
        );
    }
}
