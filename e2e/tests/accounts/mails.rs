//! Mails: sent again where the server refuses for now, encrypted, and written to the log where there is none.

use std::ffi::OsStr;

use e2e::{PATIENCE, Server};
use proving_ground::MailServer;
use serde_json::json;

use crate::ground::{Ground, OTHER, PASSWORD, token_in};

#[tokio::test]
async fn a_mail_that_is_refused_for_now_is_sent_again() {
    let ground = Ground::new();
    let address = ground.address("later-2");
    ground.register(&address).await.expect(202);
    let token = ground.token(&address, 1).await;
    ground.verify(&token).await.expect(200);
    assert!(ground.server.logged().contains("will be sent again"));
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_is_given_up_and_the_log_does_not_say_to_whom() {
    let ground = Ground::new();
    let address = ground.address("never");
    ground.register(&address).await.expect(202);
    ground.logs("was given up", 1).await;
    let logged = ground.server.logged();
    assert!(!logged.contains(&address), "{logged}");
}

#[tokio::test]
async fn a_mail_goes_by_starttls_and_with_a_password_to_a_server_that_is_trusted() {
    let mails = MailServer::running();
    let certificate = mails.certificate();
    let ground = Ground::with(&[
        ("CINELOG__MAIL__TLS", "starttls"),
        ("CINELOG__MAIL__CA_FILE", certificate.to_str().expect("a path")),
        ("CINELOG__MAIL__USERNAME", "cinelog"),
        ("CINELOG__MAIL__PASSWORD", mails.password()),
        ("CINELOG__MAIL__VERIFICATION_LINK", "https://films.example/v/{token}"),
    ]);
    let address = ground.address("encrypted");
    ground.register(&address).await.expect(202);
    let mail = ground.mails(&address, 1).await.remove(0);
    assert!(mail.contains("https://films.example/v/"), "{mail}");
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
}

#[tokio::test]
async fn a_mail_server_that_is_not_trusted_gets_no_mail() {
    let ground = Ground::with(&[("CINELOG__MAIL__TLS", "starttls")]);
    let address = ground.address("untrusted");
    ground.register(&address).await.expect(202);
    // What the first try has brought there would have come by the end of the second.
    ground.logs("will be sent again", 2).await;
    ground.mails(&address, 0).await;
}

/// A mail server may tell addresses apart that are one here: what allows to set a password goes to the one on file.
#[tokio::test]
async fn whoever_registers_with_an_address_of_somebody_in_another_spelling_gets_nothing() {
    let ground = Ground::new();
    let address = ground.address("kim");
    ground.member(&address).await;
    ground.register(&address.replace("kim", "KIM")).await.expect(202);
    // The mail server here takes both for one.
    let mails = ground.all_mails(&address, 2).await;
    assert!(mails[1].contains("have an account already"), "{}", mails[1]);
    for mail in mails {
        assert!(mail.contains(&format!("To: {address}")), "{mail}");
    }
}

#[tokio::test]
async fn an_address_gets_few_mails_however_often_somebody_asks() {
    let ground = Ground::new();
    let address = ground.address("flooded");
    ground.member(&address).await;
    for _ in 0..20 {
        let body = json!({ "email": address });
        ground.server.anyone().post("/v1/account/password-reset-mail", body).await.expect(202);
    }
    // With the one by which it was verified there were twenty-one.
    ground.withheld(16).await;
    ground.all_mails(&address, 5).await;
}

/// Whoever asks for more mails than an address is sent takes nothing from its owner.
#[tokio::test]
async fn what_nobody_is_sent_takes_nothing_from_what_was_sent() {
    let ground = Ground::new();
    let anyone = ground.server.anyone();
    let (member, waiting) = (ground.address("asked-for"), ground.address("waited-for"));
    ground.member(&member).await;
    for _ in 0..20 {
        let body = json!({ "email": member });
        anyone.post("/v1/account/password-reset-mail", body).await.expect(202);
        ground.register(&waiting).await.expect(202);
    }
    ground.withheld(31).await;
    let mails = ground.all_mails(&member, 5).await;
    let reset = mails.iter().find(|mail| mail.contains("new password")).expect("a mail to reset");
    let body = json!({ "token": token_in(reset), "new_password": OTHER });
    anyone.post("/v1/account/password-reset", body).await.expect(200);
    let first = token_in(&ground.all_mails(&waiting, 5).await[0]);
    ground.verify(&first).await.expect(200);
}

#[tokio::test]
async fn without_a_mail_server_the_token_is_in_the_log() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unlimited: [(&str, &OsStr); 0] = [];
    let server = Server::start_in(&unlimited, &folder.path().join("data"), &[]);
    assert!(server.logged().contains("no [mail] is configured"));
    let body = json!({ "email": "ada@films.example", "password": PASSWORD });
    server.anyone().post("/v1/accounts", body).await.expect(202);
    let token = async {
        loop {
            let logged = server.logged();
            if let Some((_, rest)) = logged.split_once("token=") {
                let token: String =
                    rest.chars().filter(|c| *c != '"').take_while(|c| !c.is_whitespace()).collect();
                if token.len() >= 43 {
                    return token;
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let token = tokio::time::timeout(PATIENCE, token).await.expect("a token in the log");
    let body = json!({ "token": token });
    server.anyone().post("/v1/account/verification", body).await.expect(200);
}
