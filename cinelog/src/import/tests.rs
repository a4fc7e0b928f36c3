//! Whole imports, into logs on real files.

use std::{path::Path, sync::Arc};

use event_log::{
    Direction, EventLog,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Position, RecordedEvent};
use http_kit::Clock;
use tempfile::TempDir;

use super::{checkpoint::Standing, *};

/// A folder with a log in it, into which texts are imported.
struct Imports {
    folder: TempDir,
    log: Arc<dyn EventLog>,
    settings: Settings,
}

impl Imports {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteLogOptions::at(folder.path().join("log.db"));
        let log = Arc::new(SqliteLog::open(options).await.unwrap());
        Self { folder, log, settings: Settings::usual(2026) }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn importer(&self, carrier: Carrier) -> Importer {
        let settings = Arc::new(self.settings.clone());
        Importer { carrier: Arc::new(carrier), catalogue: None, settings }
    }

    fn open(&self, name: &str, text: &[u8]) -> Opened {
        std::fs::write(self.path(name), text).unwrap();
        Opened::open(Source::named(&self.path(name)), &self.settings).unwrap()
    }

    async fn import(&self, name: &str, text: impl AsRef<[u8]>) -> Summary {
        let carrier = Carrier::new(Arc::clone(&self.log), Clock::system(), Known::Update);
        self.carry(carrier, self.open(name, text.as_ref()), None).await
    }

    async fn carry(&self, carrier: Carrier, opened: Opened, resumed: Option<Progress>) -> Summary {
        let mut rejects = Rejects::new(self.path("rejects.ndjson"), None);
        let import =
            Import { opened, join: None, rejects: Some(&mut rejects), checkpoint: None, resumed };
        self.importer(carrier).import(import).await.unwrap()
    }

    async fn events(&self) -> Vec<RecordedEvent> {
        self.log.read_all(Position::START, Direction::Forwards, 1_000).await.unwrap()
    }

    fn rejects(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.path("rejects.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn counts(summary: &Summary) -> (u64, u64, u64, u64) {
    (summary.created, summary.changed, summary.unchanged, summary.refused)
}

#[tokio::test]
async fn importing_the_same_file_twice_changes_nothing() {
    let imports = Imports::new().await;
    let text = "{\"title\": \"Stalker\", \"year\": 1979}\n\n{\"title\": \"Mirror\"}";
    assert_eq!(counts(&imports.import("a.ndjson", text).await), (2, 0, 0, 0));
    assert_eq!(counts(&imports.import("a.ndjson", text).await), (0, 0, 2, 0));
    assert_eq!(imports.events().await.len(), 2);
}

#[tokio::test]
async fn the_same_films_in_another_format_change_nothing() {
    let imports = Imports::new().await;
    let json =
        r#"[{"title": "Ran", "year": 1985, "genres": ["War", "Drama"], "runtime_minutes": 162}]"#;
    assert_eq!(counts(&imports.import("a.json", json).await), (1, 0, 0, 0));
    let csv = "Title;Year;Genre;Running Time min\r\n\"Ran\";1985;War|Drama;162 min\r\n";
    assert_eq!(counts(&imports.import("a.csv", csv).await), (0, 0, 1, 0));
    let tsv = "primaryTitle\tstartYear\tgenres\truntime\nRan\t1985\tWar,Drama\t2h 42m\n";
    assert_eq!(counts(&imports.import("a.tsv", tsv).await), (0, 0, 1, 0));
    let json = r#"{"films": [{"Title": "Ran", "Released": "1985", "Major Genre": null}]}"#;
    assert_eq!(counts(&imports.import("b.json", json).await), (0, 0, 1, 0));
}

#[tokio::test]
async fn a_changed_row_makes_one_event_with_what_changed() {
    let imports = Imports::new().await;
    let csv = "title,imdb_id,year,synopsis,runtime\nRan,tt0089881,1985,Lear,160\n";
    imports.import("a.csv", csv).await;
    let changed = imports.import("a.csv", csv.replace("160", "162")).await;
    assert_eq!(counts(&changed), (0, 1, 0, 0));
    let events = imports.events().await;
    assert_eq!(events.len(), 2);
    assert!(events[1].data.get().contains("{\"runtime_minutes\":162}"), "{:?}", events[1]);
}

#[tokio::test]
async fn one_bad_line_in_the_middle_stops_nothing_and_is_written_down() {
    let imports = Imports::new().await;
    let mut text = b"title,year\nA,1999\nB,soon\nC,1\nAm\xe9lie,2001\n,1990\nD,2000\n".to_vec();
    let summary = imports.import("a.csv", &text).await;
    assert_eq!(counts(&summary), (2, 0, 0, 4));
    let rejects = imports.rejects();
    let told: Vec<_> =
        rejects.iter().map(|line| (line["line"].as_u64().unwrap(), &line["field"])).collect();
    assert_eq!(
        format!("{told:?}"),
        r#"[(3, String("year")), (4, String("year")), (5, Null), (6, String("title"))]"#
    );
    assert_eq!(rejects[0]["text"], "B,soon");
    assert_eq!(rejects[0]["record"]["title"], "B");
    assert_eq!(rejects[2]["record"]["title"], "Amélie", "taken for Windows-1252");
    text.clear();
}

#[tokio::test]
async fn what_was_refused_can_be_corrected_and_imported() {
    let imports = Imports::new().await;
    imports.import("a.csv", b"Name;Year\nB;soon\nAm\xe9lie;2001\n").await;
    let corrected = std::fs::read_to_string(imports.path("rejects.ndjson")).unwrap();
    assert_eq!(counts(&imports.import("again.ndjson", corrected).await), (1, 0, 0, 1));
}

#[tokio::test]
async fn the_same_film_twice_in_one_file_is_one_film() {
    let imports = Imports::new().await;
    let text = "{\"title\": \"Ran\", \"year\": 1985}\n".repeat(1000);
    assert_eq!(counts(&imports.import("a.ndjson", text).await), (1, 0, 999, 0));
}

#[tokio::test]
async fn a_later_line_adds_to_what_an_earlier_one_says_and_does_not_contradict_it() {
    let imports = Imports::new().await;
    let text = concat!(
        "{\"title\": \"Ran\", \"year\": 1985, \"tags\": [\"war\"], \"external_ids\": {\"tmdb\": 1}}\n",
        "{\"title\": \"Ran\", \"year\": 1985, \"runtime_minutes\": 162}\n",
        "{\"title\": \"Ran\", \"year\": 1985, \"runtime_minutes\": 160}\n",
        "{\"title\": \"Ran\", \"year\": 1985, \"tags\": [\"Lear\"]}\n",
        "{\"title\": \"Ran\", \"year\": 1985, \"external_ids\": {\"tmdb\": 2}}\n",
    );
    assert_eq!(counts(&imports.import("a.ndjson", text).await), (1, 1, 0, 3));
    let fields: Vec<_> = imports.rejects().iter().map(|line| line["field"].clone()).collect();
    assert_eq!(fields, ["runtime_minutes", "tags", "external_ids.tmdb"]);
    let again = imports.import("a.ndjson", text).await;
    assert_eq!(counts(&again), (0, 0, 2, 3), "however often it is imported");
}

#[tokio::test]
async fn a_film_that_is_to_be_left_alone_stays_as_somebody_made_it() {
    let imports = Imports::new().await;
    imports.import("a.ndjson", "{\"title\": \"Ran\", \"year\": 1985}").await;
    let carrier = Carrier::new(Arc::clone(&imports.log), Clock::system(), Known::LeaveAlone);
    let opened = imports.open("b.ndjson", b"{\"title\": \"ran\", \"year\": 1985}");
    assert_eq!(counts(&imports.carry(carrier, opened, None).await), (0, 0, 1, 0));
}

#[tokio::test]
async fn a_rehearsal_says_what_would_be_and_appends_nothing() {
    let imports = Imports::new().await;
    imports.import("a.csv", "title,year,runtime\nA,1999,90\nB,1999,90\n").await;
    let before = imports.events().await.len();
    let text = "title,year,runtime\nA,1999,91\nB,1999,90\nC,1999,\nC,1999,\n,1,\n";
    for log in [Some(Arc::clone(&imports.log)), None] {
        let is_there = log.is_some();
        let carrier = Carrier::rehearsal(log, Clock::system());
        let opened = imports.open("b.csv", text.as_bytes());
        let summary = imports.carry(carrier, opened, None).await;
        let expected = if is_there { (1, 1, 2, 1) } else { (3, 0, 1, 1) };
        assert_eq!(counts(&summary), expected);
    }
    assert_eq!(imports.events().await.len(), before);
}

#[tokio::test]
async fn a_rehearsal_beside_other_films_tells_new_ones_from_known_ones() {
    let imports = Imports::new().await;
    imports.import("a.csv", "title,year\nA,1999\n").await;
    let carrier = Carrier::rehearsal(Some(Arc::clone(&imports.log)), Clock::system());
    let opened = imports.open("b.csv", b"title,year\nB,1999\nC,1999\nD,1999\nA,1999\nE,1999\n");
    assert_eq!(counts(&imports.carry(carrier, opened, None).await), (4, 0, 1, 0));
}

#[tokio::test]
async fn a_checkpoint_says_which_log_has_the_films() {
    let (imports, other) = (Imports::new().await, Imports::new().await);
    let text = "{\"title\": \"Ran\"}\n{\"title\": \"Stalker\"}\n";
    let opened = imports.open("a.ndjson", text.as_bytes());
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = Checkpoint::of(folder.path(), &imports.path("a.ndjson"), &"").unwrap();
    let carrier = Carrier::new(Arc::clone(&imports.log), Clock::system(), Known::Update);
    let import =
        Import { opened, join: None, rejects: None, checkpoint: Some(&checkpoint), resumed: None };
    imports.importer(carrier).import(import).await.unwrap();
    let progress = checkpoint.load().unwrap();
    assert!(progress.is_done);
    assert!(progress.log.is_of(imports.log.as_ref()).await.unwrap());
    imports.import("b.ndjson", "{\"title\": \"Mirror\"}").await;
    assert!(progress.log.is_of(imports.log.as_ref()).await.unwrap(), "it has only gone on");
    assert!(!progress.log.is_of(other.log.as_ref()).await.unwrap(), "it is empty");
    // As many events, of the same films, are another history still.
    other.import("a.ndjson", text).await;
    assert!(!progress.log.is_of(other.log.as_ref()).await.unwrap());
}

#[tokio::test]
async fn an_import_that_goes_on_leaves_out_what_was_dealt_with() {
    let imports = Imports::new().await;
    let text: String = (0..1000).map(|n| format!("{{\"title\": \"Film {n}\"}}\n")).collect();
    let summary = Summary { created: 600, ..Summary::default() };
    let log = Standing::of(imports.log.as_ref()).await.unwrap();
    let resumed = Progress { records: 600, summary, rejects: None, is_done: false, log };
    let carrier = Carrier::new(Arc::clone(&imports.log), Clock::system(), Known::Update);
    let opened = imports.open("a.ndjson", text.as_bytes());
    let summary = imports.carry(carrier, opened, Some(resumed)).await;
    assert_eq!(counts(&summary), (1000, 0, 0, 0));
    assert_eq!(imports.events().await.len(), 400);
}

#[tokio::test]
async fn columns_that_are_not_used_are_named() {
    let imports = Imports::new().await;
    let summary = imports.import("a.csv", "title,US Gross,genre\nA,1,Drama\n").await;
    assert_eq!(summary.unused_columns, ["US Gross"]);
}

#[tokio::test]
async fn members_that_were_said_to_be_fields_and_are_in_no_record_are_named() {
    let imports = Imports::new().await;
    let mut settings = Settings::usual(2026);
    settings.mapping.add("info.name=title,info.lenght=runtime_minutes,later=tags").unwrap();
    let text = "{\"info\": {\"name\": \"A\", \"length\": 90}}\n{\"info\": {\"name\": \"B\"}, \"later\": \"x\"}\n";
    let path = imports.folder.path().join("a.ndjson");
    std::fs::write(&path, text).unwrap();
    let opened = Opened::open(Source::named(&path), &settings).unwrap();
    let carrier = Carrier::new(Arc::clone(&imports.log), Clock::system(), Known::Update);
    let importer = Importer { settings: Arc::new(settings), ..imports.importer(carrier) };
    let import = Import { opened, join: None, rejects: None, checkpoint: None, resumed: None };
    let summary = importer.import(import).await.unwrap();
    assert_eq!((summary.created, summary.notes.len()), (2, 1), "{summary:?}");
    assert!(summary.notes[0].contains("info.lenght"), "{summary:?}");
}

#[test]
fn a_file_in_which_nothing_is_a_title_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "a,b\n1,2\n").unwrap();
    let opened = Opened::open(Source::named(Path::new(&path)), &Settings::usual(2026));
    let error = opened.map(|_| ()).unwrap_err();
    assert!(error.contains("Its columns are: a, b"), "{error}");
}

#[tokio::test]
async fn imdbs_files_are_joined_and_only_films_are_taken() {
    let imports = Imports::new().await;
    let basics = "tconst\ttitleType\tprimaryTitle\toriginalTitle\tisAdult\tstartYear\tendYear\truntimeMinutes\tgenres\n\
        tt0000001\tshort\tCarmencita\tCarmencita\t0\t1894\t\\N\t1\tDocumentary,Short\n\
        tt0000002\ttvEpisode\tPilot\tPilot\t0\t1999\t\\N\t\\N\t\\N\n\
        tt0000003\tmovie\t\"Giliap\"\tGiliap\t0\t1975\t\\N\t137\tCrime,Drama\n";
    let crew = "tconst\tdirectors\twriters\ntt0000003\tnm0000002,nm0000001,nm9999999\t\\N\ntt0000001\t\\N\t\\N\n";
    let names = "nconst\tprimaryName\tbirthYear\nnm0000001\tAda\t\\N\nnm0000002\tBo\t\\N\n";
    let ratings = "tconst\taverageRating\tnumVotes\ntt0000001\t5.7\t2000\n";
    let mut sides = Sides::default();
    for (name, text) in [("c.tsv", crew), ("n.tsv", names), ("r.tsv", ratings)] {
        assert!(sides.take(imports.open(name, text.as_bytes())).is_none());
    }
    let opened = sides.take(imports.open("b.tsv", basics.as_bytes())).unwrap();
    let join = Join::load(sides, None, imports.folder.path()).await.unwrap().unwrap();
    assert!(join.notes[0].contains("no ratings of people here"), "{:?}", join.notes);
    let carrier = Carrier::new(Arc::clone(&imports.log), Clock::system(), Known::Update);
    let import =
        Import { opened, join: Some(&join), rejects: None, checkpoint: None, resumed: None };
    let summary = imports.importer(carrier).import(import).await.unwrap();
    assert_eq!((summary.created, summary.left_out, summary.refused), (2, 1, 0));
    assert_eq!(summary.unused_columns, ["endYear", "isAdult"]);
    let events = imports.events().await;
    let film = events.iter().find(|event| event.data.get().contains("1975")).unwrap();
    assert!(film.data.get().contains("\"directors\":[\"Bo\",\"Ada\"]"), "{film:?}");
    assert!(film.data.get().contains("\\\"Giliap\\\""), "marks are characters there: {film:?}");
}

#[tokio::test]
async fn of_imdbs_titles_those_with_many_votes_can_be_taken_alone() {
    let imports = Imports::new().await;
    let basics = "tconst\ttitleType\tprimaryTitle\ntt0000001\tmovie\tA\ntt0000002\tmovie\tB\ntt0000003\tmovie\tC\n";
    let ratings = "tconst\taverageRating\tnumVotes\ntt0000001\t5.7\t2000\ntt0000002\t5.7\t20\n";
    let mut sides = Sides::default();
    assert!(sides.take(imports.open("r.tsv", ratings.as_bytes())).is_none());
    let opened = imports.open("b.tsv", basics.as_bytes());
    let join = Join::load(sides, Some(100), imports.folder.path()).await.unwrap().unwrap();
    let carrier = Carrier::new(Arc::clone(&imports.log), Clock::system(), Known::Update);
    let import =
        Import { opened, join: Some(&join), rejects: None, checkpoint: None, resumed: None };
    let summary = imports.importer(carrier).import(import).await.unwrap();
    assert_eq!((summary.created, summary.left_out), (1, 2));
}
