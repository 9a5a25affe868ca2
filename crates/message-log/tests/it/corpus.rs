//! What people expect of a search, on a small corpus: every hit is listed, and whatever is not is to
//! be missed.

use chat::{SearchText, UserId};
use message_log::{Actor, Amendment, AmendmentKind, SEARCH_MESSAGES_MAX, SearchQuery};
use uuid::Uuid;

use crate::database::{log, room, user};
use crate::search::{indexes, says_all};

/// What is said, oldest first. The place of each is its number below.
const CORPUS: [&str; 30] = [
    /* 0 */ "안녕하세요, 회의는 내일 오후 세 시입니다",
    /* 1 */ "내일 회의실 예약했어요",
    /* 2 */ "회의록은 메일로 보냈습니다",
    /* 3 */ "점심 뭐 먹을까? 김치찌개 어때",
    /* 4 */ "김밥이랑 떡볶이 시켰어요",
    /* 5 */ "배포는 Deploy 파이프라인에서 자동으로 됩니다",
    /* 6 */ "The deployment failed again; rolling back",
    /* 7 */ "Can we redeploy before lunch?",
    /* 8 */ "서울에서 부산까지 KTX로 두 시간 반",
    /* 9 */ "서울역 앞에서 만나요",
    /* 10 */ "ㅋㅋㅋ 진짜 웃기다",
    /* 11 */ "감사합니다 ㄱㅅㄱㅅ",
    /* 12 */ "Ｆｕｌｌｗｉｄｔｈ ＡＢＣ and ﬁne ligatures",
    /* 13 */ "C++ and Rust, 3.14 and 100%",
    /* 14 */ "東京で会議があります",
    /* 15 */ "我们明天开会讨论部署",
    /* 16 */ "カフェで ｶﾀｶﾅ を書く",
    // Decomposed, as some file systems and keyboards write: 결제가 실패했습니다.
    /* 17 */
    "\u{1100}\u{1167}\u{11af}\u{110c}\u{1166}\u{1100}\u{1161} \
     \u{1109}\u{1175}\u{11af}\u{1111}\u{1162}\u{1112}\u{1162}\u{11bb}\u{1109}\u{1173}\u{11b8}\u{1102}\u{1175}\u{1103}\u{1161}",
    /* 18 */ "결제 취소는 어떻게 하나요",
    /* 19 */ "Große Straße, STRASSE",
    /* 20 */ "값이 없다, 닭도 없다",
    /* 21 */ "user_name='x'; -- drop",
    /* 22 */ "https://example.org/rooms?id=42#top",
    /* 23 */ "버그 수정: #1024 널 포인터",
    /* 24 */ "👋🏽 안뇽",
    /* 25 */ "한\u{200b}글 폭 없는 칸",
    /* 26 */ "읽지 않은 메시지가 있어요",
    /* 27 */ "안 읽은 메세지",
    /* 28 */ "re\u{301}sume\u{301} attached",
    /* 29 */ "resume later",
];

/// What is searched for, and all that is found.
const SEARCHES: [(&str, &[usize]); 101] = [
    // Parts of words, from two syllables on, with and without particles.
    ("회의", &[0, 1, 2]),
    ("회의는", &[0]),
    ("회의실", &[1]),
    ("의실", &[1]),
    ("의록", &[2]),
    ("회실", &[]),
    ("실회", &[]),
    ("내일", &[0, 1]),
    ("서울", &[8, 9]),
    ("서울역", &[9]),
    ("울역", &[9]),
    ("부산", &[8]),
    ("부산역", &[]),
    ("김치", &[3]),
    ("치찌", &[3]),
    ("찌개", &[3]),
    ("볶이", &[4]),
    ("결제", &[17, 18]),
    ("실패", &[17]),
    ("취소", &[18]),
    ("메시지", &[26]),
    ("메세지", &[27]),
    ("안녕", &[0]),
    ("안뇽", &[24]),
    // One syllable.
    ("김", &[3, 4]),
    ("찌", &[3]),
    ("읽", &[26, 27]),
    ("닭", &[20]),
    ("값", &[20]),
    ("밥", &[4]),
    ("술", &[]),
    // Nearly the same is not the same.
    ("떡복", &[]),
    ("걸제", &[]),
    ("닥도", &[]),
    ("갑이", &[]),
    ("안녕하세용", &[]),
    // Several words, in any order, each of which occurs.
    ("내일 오후", &[0]),
    ("오후 내일", &[0]),
    ("내일 예약", &[1]),
    ("서울 부산", &[8]),
    ("결제 취소", &[18]),
    ("내일 점심", &[]),
    ("안 읽", &[27]),
    ("안읽", &[]),
    ("하세요안녕", &[]),
    // Decomposed.
    ("\u{1112}\u{116c}\u{110b}\u{1174}", &[0, 1, 2]),
    (
        "\u{1112}\u{116c}\u{110b}\u{1174}\u{1109}\u{1175}\u{11af}",
        &[1],
    ),
    ("\u{1100}\u{1167}\u{11af}\u{110c}\u{1166}", &[17, 18]),
    // Initial consonants, alone and among syllables.
    ("ㅎㅇ", &[0, 1, 2]),
    ("ㅎㅇㅅ", &[1]),
    ("ㅎㅇㄹ", &[2]),
    ("ㅅㅇㅇ", &[8, 9]),
    ("ㅅㅇㅇ ㅁㄴ", &[9]),
    ("ㅂㅅ", &[8]),
    ("ㄱㅊㅉㄱ", &[3]),
    ("ㄷㅂㅇ", &[]),
    ("ㄸㅂㅇ", &[4]),
    ("ㅁㅅㅈ", &[26, 27]),
    ("ㄱㅈㄱ ㅅㅍ", &[17]),
    ("김ㅊ", &[3]),
    ("ㄱ치", &[3]),
    ("회ㅇ", &[0, 1, 2]),
    ("ㅎ실", &[]),
    ("ㄱㅅ", &[11]),
    ("ㄳ", &[11]),
    ("ㅋㅋ", &[10]),
    ("ㅋㅋㅋㅋ", &[]),
    // English: parts, in any case, and no other forms.
    ("deploy", &[5, 6, 7]),
    ("DEPLOY", &[5, 6, 7]),
    ("ploy", &[5, 6, 7]),
    ("redeploy", &[7]),
    ("deployed", &[]),
    ("fail roll", &[6]),
    ("roll fail lunch", &[]),
    ("ktx", &[8]),
    ("lunch?", &[7]),
    // Other scripts, and forms of one letter.
    ("会議", &[14]),
    ("东京", &[]),
    ("开会", &[15]),
    ("部署", &[15]),
    ("明天 部署", &[15]),
    ("明天部署", &[]),
    ("カタカナ", &[16]),
    ("ｶﾀｶﾅ", &[16]),
    ("カフェ", &[16]),
    ("fullwidth abc", &[12]),
    ("ＡＢＣ", &[12]),
    ("fine", &[12]),
    ("straße", &[19]),
    ("résumé", &[28]),
    ("re\u{301}sume\u{301}", &[28]),
    ("resume", &[29]),
    ("한글", &[25]),
    ("👋🏽", &[24]),
    // What is a pattern elsewhere is a text here.
    ("100%", &[13]),
    ("%", &[13]),
    ("user_name", &[21]),
    ("user%name", &[]),
    ("'; --", &[21]),
    (".*", &[]),
    ("example.org/rooms?id=42", &[22]),
];

#[tokio::test]
async fn what_is_expected_is_found_and_nothing_else() {
    let log = log(2).await;
    let (here, elsewhere) = (room("corpus"), room("corpus elsewhere"));
    let ada = user();
    log.join_room(&here, ada).await.expect("may be done");
    says_all(&log, &elsewhere, &CORPUS).await;
    says_all(&log, &here, &CORPUS).await;
    // The same once more, and deleted: it is never found.
    for message in says_all(&log, &here, &CORPUS).await {
        let deletion = Amendment {
            room: here.clone(),
            id: message.id,
            by: Actor {
                user: UserId(Uuid::new_v4()),
                is_admin: true,
            },
            kind: AmendmentKind::Delete,
            only_if: None,
        };
        log.amend(&deletion).await.expect("it is deleted");
    }

    let mut wrong = Vec::new();
    for is_indexed in [false, true] {
        for (text, expected) in SEARCHES {
            let query = SearchQuery {
                text: Some(SearchText::parse(text).expect("a search")),
                limit: SEARCH_MESSAGES_MAX,
                ..SearchQuery::default()
            };
            let newest_first: Vec<i64> = expected.iter().rev().map(|nth| *nth as i64 + 1).collect();
            let found = log.search(&here, &query).await.expect("an answer");
            let seqs: Vec<_> = found.messages.iter().map(|found| found.seq.0).collect();
            if seqs != newest_first {
                wrong.push(format!("{text}, indexed {is_indexed}: {seqs:?}"));
            }
            // Over all rooms it takes two characters.
            let across = log.search_rooms(ada, &query, None).await;
            if let Some(across) = across.expect("an answer")
                && across.messages != found.messages
            {
                wrong.push(format!("{text}, over all rooms: {:?}", across.messages));
            }
        }
        indexes(&log, &here).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
