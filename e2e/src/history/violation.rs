//! What can be wrong with a history.

mod said;

/// One thing in which a log contradicts what clients were told, or itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// Positions do not follow each other.
    PositionGap {
        /// The position that should have come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// Revisions of a stream do not follow each other.
    RevisionGap {
        /// The stream.
        stream: String,
        /// The revision that should have come.
        expected: u64,
        /// The one that came.
        found: u64,
        /// Where.
        position: u64,
    },
    /// An event's id is there twice.
    DoubledId {
        /// The id.
        id: String,
        /// Where it is for the second time.
        position: u64,
    },
    /// A command was acknowledged, and an event of it is not there.
    Lost {
        /// The command.
        key: String,
        /// The event, where the answer named it.
        event: Option<String>,
        /// Where the command was said to stand.
        position: u64,
    },
    /// A command has more events than carrying it out once makes.
    Doubled {
        /// The command.
        key: String,
        /// Where they are.
        positions: Vec<u64>,
    },
    /// A part of a command's events is there, and the rest is not.
    Half {
        /// The command.
        key: String,
        /// Where they are.
        positions: Vec<u64>,
    },
    /// A command follows another revision than the one that it was meant for.
    Overwrote {
        /// The command.
        key: String,
        /// The revision that its client had seen.
        meant_for: u64,
        /// Of which stream.
        stream: String,
        /// The revision that it made.
        revision: u64,
    },
    /// An answer that no server may give.
    WrongAnswer {
        /// To what: a command's key, or what was read.
        to: String,
        /// What was answered.
        said: String,
    },
    /// The events of a command stand elsewhere than its client was told.
    Misplaced {
        /// The command.
        key: String,
        /// Where the last one was said to stand.
        told: u64,
        /// Where they are.
        positions: Vec<u64>,
    },
    /// A command was refused, and its events are there.
    RefusedYetDone {
        /// The command.
        key: String,
        /// Where they are.
        positions: Vec<u64>,
    },
    /// An event comes from no command that anybody sent.
    Unasked {
        /// Where it is.
        position: u64,
    },
    /// A command stands before one that had been answered when it was sent.
    Reordered {
        /// The command that had been answered.
        earlier: String,
        /// Where that one is.
        at: u64,
        /// The command that was sent after it.
        later: String,
        /// Where that one is.
        before: u64,
    },
    /// A read shows less than it was asked for.
    Stale {
        /// Which one.
        read: ReadIs,
        /// The position that it was asked for.
        asked: u64,
        /// The one that it shows.
        shown: u64,
    },
    /// A read shows less than its client had been shown.
    WentBack {
        /// Which one.
        read: ReadIs,
        /// What the client had been shown.
        before: u64,
        /// What it was shown then.
        shown: u64,
    },
    /// A read shows a film as it was before the position that it names, or the one that it was asked for.
    Behind {
        /// Which one.
        read: ReadIs,
        /// The position.
        position: u64,
        /// Revision and number of ratings there.
        there: (u64, u64),
        /// Those that it shows.
        shown: (u64, u64),
    },
    /// A read shows of a film what the log does not hold.
    Invented {
        /// Which one.
        read: ReadIs,
        /// Revision and number of ratings at the log's end.
        end: (u64, u64),
        /// Those that it shows.
        shown: (u64, u64),
    },
    /// A read finds no film where there is one, or one where there is none.
    WrongPresence {
        /// Which one.
        read: ReadIs,
        /// Whether it found one.
        found: bool,
        /// From which position on it could not.
        position: u64,
    },
    /// An event is not in Kafka.
    Unpublished {
        /// Where it is in the log.
        position: u64,
    },
    /// An event is in Kafka twice.
    PublishedTwice {
        /// Where it is in the log.
        position: u64,
        /// Where it is there for the second time: partition and offset.
        at: (u32, u64),
    },
    /// An event of a stream is in Kafka behind a later one, or in another partition.
    PublishedOutOfOrder {
        /// The stream.
        stream: String,
        /// Where the event is in the log.
        position: u64,
        /// Where it is there: partition and offset.
        at: (u32, u64),
    },
    /// A record in Kafka is no event of the log, or not as the log has it.
    PublishedOther {
        /// Where the log should have it.
        position: u64,
        /// Where it is: partition and offset.
        at: (u32, u64),
    },
    /// A node shows a film otherwise than the log tells it.
    ShownOther {
        /// Which node.
        node: String,
        /// The film's stream.
        stream: String,
        /// Revision and number of those who rated it, as the log tells. `None`: there is no such film.
        log: Option<(u64, u64)>,
        /// As the node shows them.
        shown: Option<(u64, u64)>,
    },
    /// Two nodes answer the same request differently.
    Disagree {
        /// The nodes.
        nodes: (String, String),
        /// What was asked.
        target: String,
    },
    /// The read model is not what a fresh fold of the log makes.
    NotVerified {
        /// What `cinelog verify` says.
        said: String,
    },
    /// Something did not become well again by itself.
    NotWell {
        /// What.
        what: String,
    },
    /// An event is not what it was.
    Rewritten {
        /// Where.
        position: u64,
    },
    /// The log is shorter than it was.
    CutOff {
        /// The first that is missing.
        position: u64,
    },
}

/// Which read it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadIs {
    /// Whose.
    pub reader: usize,
    /// When it was sent.
    pub sent: u64,
    /// What was read.
    pub target: String,
}
