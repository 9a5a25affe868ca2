//! The protocol by hand.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use sqlx::postgres::PgConnectOptions;

use crate::house::{House, sqlstate};

#[tokio::test]
async fn encryption_is_declined_and_the_client_goes_on_without() {
    let house = House::open().await;
    let mut client = Stranger::connect(house.postgres.url()).await;

    for request in [80_877_104_u32, 80_877_103] {
        client
            .says(&[&8_u32.to_be_bytes()[..], &request.to_be_bytes()].concat())
            .await;
        assert_eq!(client.hears_bytes(1).await, b"N");
    }

    client.greets().await;
    house.close().await;
}

#[tokio::test]
async fn a_request_to_cancel_is_not_answered() {
    let house = House::open().await;
    let mut client = Stranger::connect(house.postgres.url()).await;

    let packet = [16_u32, 80_877_102, 1, 0].map(u32::to_be_bytes);
    client.says(packet.as_flattened()).await;

    client.hears_the_end().await;
    house.close().await;
}

#[tokio::test]
async fn what_needs_a_session_of_its_own_is_refused_by_name() {
    let house = House::open().await;
    for statement in [
        "LISTEN news",
        "SET search_path TO elsewhere",
        "DISCARD ALL",
        "deallocate all",
    ] {
        let mut client = house.connection().await;
        let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut client)
            .await;
        assert_eq!(sqlstate(refused), "0A000", "{statement}");
        let mut client = house.connection().await;
        let refused = sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&mut client)
            .await;
        assert_eq!(sqlstate(refused), "0A000", "{statement}");
    }
    let options: PgConnectOptions = house.postgres.url().parse().expect("the URL is sound");
    let elsewhere = options.clone().options([("search_path", "elsewhere")]);
    assert_eq!(sqlstate(connect(&elsewhere).await), "0A000");
    assert_eq!(sqlstate(connect(&options.database("other")).await), "3D000");
    house.close().await;
}

#[tokio::test]
async fn a_setting_that_slips_through_ends_with_its_client() {
    let house = House::open().await;
    let mut careless = house.connection().await;
    let search_path = "SELECT current_setting('search_path')";

    sqlx::raw_sql("SELECT set_config('search_path', 'elsewhere', false)")
        .execute(&mut careless)
        .await
        .expect("it is set");
    sqlx::Connection::close(careless).await.expect("it leaves");
    let mut next = house.connection().await;

    let found: String = sqlx::query_scalar(search_path)
        .fetch_one(&mut next)
        .await
        .expect("it is set");
    assert_eq!(found, "public");
    house.close().await;
}

#[tokio::test]
async fn an_unknown_message_costs_its_sender_the_connection() {
    let house = House::open().await;
    let mut rude = Stranger::connect(house.postgres.url()).await;
    rude.greets().await;
    rude.says(b"?\0\0\0\x04").await;
    assert_eq!(rude.hears_error().await, "08P01");

    let mut garbler = Stranger::connect(house.postgres.url()).await;
    garbler.greets().await;
    garbler.says(b"B\0\0\0\x05xS\0\0\0\x04").await;
    assert_eq!(garbler.hears_error().await, "08P01");
    assert_eq!(garbler.hears_bytes(6).await, b"Z\0\0\0\x05I");

    house.connection().await;
    house.close().await;
}

#[tokio::test]
async fn after_an_error_an_exchange_is_skipped_to_its_sync() {
    let house = House::open().await;
    let mut client = Stranger::connect(house.postgres.url()).await;
    client.greets().await;

    // Parse with an error, then Flush: the error comes before the exchange ends.
    client.says(b"P\0\0\0\x0d\0selec\0\0\0H\0\0\0\x04").await;
    assert_eq!(client.hears_error().await, "42601");
    client.says(b"P\0\0\0\x10\0select 1\0\0\0S\0\0\0\x04").await;
    assert_eq!(client.hears_bytes(6).await, b"Z\0\0\0\x05I");
    house.close().await;
}

async fn connect(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    sqlx::ConnectOptions::connect(options).await.map(drop)
}

/// A client that says whatever it likes.
pub(crate) struct Stranger(UnixStream);

impl Stranger {
    pub(crate) async fn connect(url: &str) -> Self {
        let options: PgConnectOptions = url.parse().expect("the URL is sound");
        let folder = options.get_socket().expect("the URL names a socket");
        let path = folder.join(".s.PGSQL.5432");
        Self(UnixStream::connect(path).await.expect("it connects"))
    }

    pub(crate) async fn greets(&mut self) {
        let parameters = b"user\0postgres\0database\0postgres\0\0";
        let length = u32::try_from(8 + parameters.len()).expect("it is short");
        let version: u32 = 3 << 16;
        self.says(
            &[
                &length.to_be_bytes()[..],
                &version.to_be_bytes(),
                parameters,
            ]
            .concat(),
        )
        .await;
        while self.hears_message().await.0 != b'Z' {}
    }

    pub(crate) async fn says(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("it is heard");
    }

    pub(crate) async fn hears_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).await.expect("it is answered");
        bytes
    }

    /// The SQLSTATE of the next message, which is an error.
    pub(crate) async fn hears_error(&mut self) -> String {
        let (tag, body) = self.hears_message().await;
        assert_eq!(tag, b'E');
        let text = String::from_utf8(body).expect("it is text");
        let code = text.split('\0').find_map(|field| field.strip_prefix('C'));
        code.expect("every error has a code").to_owned()
    }

    pub(crate) async fn hears_the_end(&mut self) {
        let read = self.0.read_u8().await;
        assert!(read.is_err(), "nothing is said");
    }

    pub(crate) async fn begins(&mut self) {
        self.says(b"Q\0\0\0\x0aBEGIN\0").await;
        while self.hears_message().await.0 != b'Z' {}
    }

    pub(crate) async fn leaves(mut self) {
        self.says(b"X\0\0\0\x04").await;
        self.hears_the_end().await;
    }

    async fn hears_message(&mut self) -> (u8, Vec<u8>) {
        let tag = self.hears_bytes(1).await[0];
        let length = self.0.read_u32().await.expect("it has a length");
        let length = usize::try_from(length - 4).expect("it is short");
        (tag, self.hears_bytes(length).await)
    }
}
