//! A connection that counts what is read from it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection and how many bytes were read from it since it was put in here.
pub(super) struct Tally<S> {
    /// Absent once it was taken out.
    connection: Option<S>,
    received: u64,
}

impl<S: Unpin> Tally<S> {
    /// A connection of which nothing was read.
    pub(super) fn new(connection: S) -> Self {
        Self {
            connection: Some(connection),
            received: 0,
        }
    }

    /// How many bytes were read.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Takes the connection out; what is left reads and writes nothing.
    pub(super) fn take(&mut self) -> Option<S> {
        self.connection.take()
    }

    fn connection(&mut self) -> io::Result<Pin<&mut S>> {
        let connection = self.connection.as_mut().map(Pin::new);
        connection.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tally<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = self.connection()?.poll_read(context, buffer);
        self.received += (buffer.filled().len() - before) as u64;
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tally<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.connection()?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.connection()?.poll_write_vectored(context, slices)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection()?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection()?.poll_shutdown(context)
    }
}
