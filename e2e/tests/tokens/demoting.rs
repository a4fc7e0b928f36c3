//! Who is no admin any more is none at any node: two command nodes, one database.

use e2e::{Answer, Client};
use futures::future::{join, join_all};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    ground::{Tokens, refresh, refused},
    two_nodes::{Pair, is_refused_soon},
};

const ACCOUNTS: &str = "/v1/accounts";
const REVOKED: &str = "the token has been revoked";

/// Somebody with a session, and what their account may do.
struct Person {
    tokens: Tokens,
    account: String,
}

impl Person {
    /// Somebody new, who has had this role from the beginning.
    async fn new(pair: &Pair, name: &str, role: &str) -> Self {
        let email = format!("{name}@films.example");
        let made = ["account", "create", "--role", role, "--email", &email, "--generate"];
        let made = pair.cluster.run(&made).expect_success().stdout;
        let password = made.lines().find_map(|line| line.strip_prefix("password: "));
        let body = json!({"email": email, "password": password.expect("a password")});
        let answer = pair.one.anyone().post("/v1/login", body).await.expect(200);
        let tokens = Tokens::of(&answer.json());
        let account = format!("{ACCOUNTS}/{}", tokens.account);
        Self { tokens, account }
    }

    fn at(&self, node: &e2e::Server) -> Client {
        node.anyone().with_token(&self.tokens.access)
    }
}

/// Asks for another role.
async fn becomes(by: &Client, account: &str, role: &str) -> Answer {
    let request = by.request(Method::PATCH, account);
    let request = request.header("Content-Type", "application/merge-patch+json");
    Answer::to(request.body(json!({ "role": role }).to_string())).await
}

/// The addresses of the accounts that are admins now.
async fn admins(boss: &Client) -> Vec<String> {
    let page = boss.get(&format!("{ACCOUNTS}?limit=100")).await.expect(200).json();
    let items = page["items"].as_array().expect("accounts").iter();
    let admins = items.filter(|item| item["role"] == "admin" && item["disabled"] == false);
    admins.map(|item| format!("{ACCOUNTS}/{}", item["id"].as_str().expect("an id"))).collect()
}

#[tokio::test]
async fn who_is_demoted_at_one_node_changes_nothing_at_the_other_from_that_moment_on() {
    let pair = Pair::of("command").await;
    let boss = pair.one.anyone().with_token(&pair.cluster.token("admin"));
    // One who stays: the last admin cannot be demoted.
    Person::new(&pair, "bob", "admin").await;
    let cy = Person::new(&pair, "cy", "member").await;
    let untouched = boss.get(&cy.account).await.expect(200).header("ETag").to_owned();
    let mut still_read = 0;
    // Some of them, and mostly all, ask before the other node has heard of it.
    for n in 0..6 {
        let ann = Person::new(&pair, &format!("ann{n}"), "admin").await;
        let (here, there) = (ann.at(&pair.one), ann.at(&pair.other));
        let wanted = json!({"name": "k", "scopes": ["accounts:admin"]});
        let key = here.post("/v1/account/api-keys", wanted.clone()).await.expect(201);
        let machine = pair.other.anyone().with_token(key.json()["key"].as_str().expect("a key"));
        there.get(ACCOUNTS).await.expect(200);
        machine.get(ACCOUNTS).await.expect(200);

        becomes(&boss, &ann.account, "member").await.expect(200);
        refused(&becomes(&there, &cy.account, "admin").await, REVOKED);
        refused(&becomes(&there, &ann.account, "admin").await, REVOKED);
        refused(&there.delete(&cy.account).await, REVOKED);
        refused(&there.post("/v1/account/api-keys", wanted).await, REVOKED);
        let by_machine = becomes(&machine, &cy.account, "admin").await;
        assert!([401, 403].contains(&by_machine.status), "{by_machine:?}");
        still_read += usize::from(there.get(ACCOUNTS).await.status == 200);

        is_refused_soon(&there, ACCOUNTS, REVOKED).await;
        is_refused_soon(&there, "/v1/audit", REVOKED).await;
        machine.get(ACCOUNTS).await.expect(403);
        let anyone = pair.other.anyone();
        let tokens = Tokens::of(&refresh(&anyone, &ann.tokens.refresh).await.expect(200).json());
        let member = anyone.with_token(&tokens.access);
        member.get(ACCOUNTS).await.expect(403);
        becomes(&member, &cy.account, "admin").await.expect(403);
    }
    eprintln!("{still_read} of 6 could still read at the other node, before it heard of it");
    assert_eq!(boss.get(&cy.account).await.expect(200).header("ETag"), untouched);
}

#[tokio::test]
async fn of_two_admins_who_demote_each_other_at_two_nodes_at_once_one_stays() {
    let pair = Pair::of("command").await;
    let boss = pair.one.anyone().with_token(&pair.cluster.token("admin"));
    let mut left = Vec::new();
    for n in 0..8 {
        left.push(Person::new(&pair, &format!("admin{n}"), "admin").await);
    }
    // Eight, then four: each pair at the same moment, and all pairs too.
    while left.len() > 2 {
        let mut waiting = left.into_iter();
        let duels = std::iter::from_fn(|| Some((waiting.next()?, waiting.next()?)));
        left = join_all(duels.map(|(ann, bob)| duel(&pair, ann, bob))).await;
        let mut stay: Vec<&str> = left.iter().map(|person| person.account.as_str()).collect();
        let mut found = admins(&boss).await;
        stay.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, stay);
    }
    // The last two want to be none themselves, at the same moment.
    let [ann, bob] = &left[..] else { panic!("two are left") };
    let (at_one, at_other) = (ann.at(&pair.one), bob.at(&pair.other));
    let (anns, bobs) =
        join(becomes(&at_one, &ann.account, "member"), becomes(&at_other, &bob.account, "member"))
            .await;
    let (stays, refusal) = match (anns.status, bobs.status) {
        (200, 409) => (bob, &bobs),
        (409, 200) => (ann, &anns),
        _ => panic!("one stays, and only one: {anns:?} {bobs:?}"),
    };
    assert!(refusal.text.contains("the last admin who can log in"), "{}", refusal.text);
    assert_eq!(admins(&boss).await, [stays.account.as_str()]);
    for node in [&pair.one, &pair.other] {
        becomes(&stays.at(node), &stays.account, "editor").await.expect(409);
        stays.at(node).delete("/v1/account").await.expect(409);
    }
}

/// Each demotes the other, at a node of their own; gives who stays.
async fn duel(pair: &Pair, ann: Person, bob: Person) -> Person {
    let (at_one, at_other) = (ann.at(&pair.one), bob.at(&pair.other));
    let (anns, bobs) =
        join(becomes(&at_one, &bob.account, "member"), becomes(&at_other, &ann.account, "member"))
            .await;
    let (stays, goes, refusal) = match (anns.status, bobs.status) {
        (200, _) => (ann, bob, bobs),
        (_, 200) => (bob, ann, anns),
        _ => panic!("one is demoted: {anns:?} {bobs:?}"),
    };
    refused(&refusal, REVOKED);
    is_refused_soon(&goes.at(&pair.one), ACCOUNTS, REVOKED).await;
    is_refused_soon(&goes.at(&pair.other), ACCOUNTS, REVOKED).await;
    let role: Value = stays.at(&pair.other).get("/v1/account").await.expect(200).json();
    assert_eq!(role["role"], "admin");
    stays
}
