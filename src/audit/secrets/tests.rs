//! Each form once, from pieces, so that no scanner takes this file for a leak; and what must not be taken for one.

use super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Random looking and fixed: `length` characters of `alphabet`.
fn random(alphabet: &str, length: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = 88_172_645_463_325_252_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        letters[(state >> 33) as usize % letters.len()]
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn word(length: usize) -> String {
    random("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", length)
}

fn hex(length: usize) -> String {
    random("0123456789abcdef", length)
}

fn scanner() -> &'static Scanner {
    static SCANNER: std::sync::LazyLock<Scanner> = std::sync::LazyLock::new(Scanner::default);
    &SCANNER
}

fn names(line: &str) -> Vec<&'static str> {
    scanner().spans(line.as_bytes()).into_iter().map(|(rule, _)| rule).collect()
}

/// What each rule must find.
fn samples() -> Vec<(&'static str, String)> {
    let w = word;
    let upper = |n| random("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", n);
    vec![
        ("private-key", format!("-----BEGIN RSA {} KEY-----", "PRIVATE")),
        ("github-token", format!("ghp_{}", w(36))),
        ("github-token", format!("gho_{}", w(36))),
        ("github-fine-grained-token", format!("github_pat_{}_{}", w(22), w(59))),
        ("gitlab-token", format!("glpat-{}", w(20))),
        ("aws-access-key-id", format!("AKIA{}", upper(16))),
        ("aws-access-key-id", format!("ASIA{}", upper(16))),
        ("aws-secret-access-key", format!("aws_secret_access_key = {}", w(40))),
        ("slack-token", format!("xoxb-{}-{}-{}", "202020202", "303030303", w(24))),
        ("slack-webhook", format!("https://hooks.slack.com/services/T{}/B{}/{}", upper(8), upper(8), w(24))),
        ("google-api-key", format!("AIza{}", w(35))),
        ("google-client-secret", format!("GOCSPX-{}", w(28))),
        ("stripe-key", format!("sk_live_{}", w(24))),
        ("stripe-webhook-secret", format!("whsec_{}", w(32))),
        ("anthropic-key", format!("sk-ant-api03-{}-{}AA", w(50), w(42))),
        ("openrouter-key", format!("sk-or-v1-{}", hex(64))),
        ("openai-key", format!("sk-{}", w(48))),
        ("openai-key", format!("sk-proj-{}", w(100))),
        ("groq-key", format!("gsk_{}", w(52))),
        ("xai-key", format!("xai-{}", w(80))),
        ("perplexity-key", format!("pplx-{}", w(48))),
        ("replicate-token", format!("r8_{}", w(37))),
        ("hugging-face-token", format!("hf_{}", w(34))),
        ("npm-token", format!("npm_{}", w(36))),
        ("npm-auth-token", format!("//registry.example.org/:_authToken={}", w(36))),
        ("pypi-token", format!("pypi-AgE{}", w(60))),
        ("rubygems-key", format!("rubygems_{}", hex(48))),
        ("crates-io-token", format!("cio{}", w(32))),
        ("docker-hub-token", format!("dckr_pat_{}", w(27))),
        ("digitalocean-token", format!("dop_v1_{}", hex(64))),
        ("fly-token", format!("FlyV1 fm2_{}", w(80))),
        ("daytona-key", format!("dtn_{}", hex(64))),
        ("e2b-key", format!("e2b_{}", hex(40))),
        ("modal-token", format!("ak-{}", w(22))),
        ("modal-token", format!("as-{}", w(22))),
        ("databricks-token", format!("dapi{}", hex(32))),
        ("vault-token", format!("hvs.{}", w(90))),
        ("terraform-token", format!("{}.atlasv1.{}", w(14), w(67))),
        ("tailscale-key", format!("tskey-auth-{}-{}", w(12), w(32))),
        ("supabase-token", format!("sbp_{}", hex(40))),
        ("shopify-token", format!("shpat_{}", hex(32))),
        ("linear-key", format!("lin_api_{}", w(40))),
        ("new-relic-key", format!("NRAK-{}", upper(27))),
        ("sentry-token", format!("sntrys_{}", w(80))),
        ("age-secret-key", format!("AGE-SECRET-KEY-1{}", upper(58))),
        ("azure-storage-key", format!("AccountName=a;AccountKey={}==;x", w(86))),
        ("azure-client-secret", format!("secret: {}8Q~{}", w(3), w(34))),
        ("twilio-key", format!("SK{}", hex(32))),
        ("sendgrid-key", format!("SG.{}.{}", w(22), w(43))),
        ("telegram-bot-token", format!("734128956:AA{}", w(33))),
        ("discord-webhook", format!("https://discord.com/api/webhooks/{}/{}", "9".repeat(18), w(68))),
        ("discord-bot-token", format!("bot M{}.{}.{}", w(23), w(6), w(38))),
        ("json-web-token", format!("eyJ{}.eyJ{}.{}", w(20), w(30), w(43))),
        ("mailgun-key", format!("key-{}", hex(32))),
        ("password-in-url", "postgres://app:h7Kq9-zR2w@db.internal:5432/x".into()),
        ("assigned-secret", "password = \"h7Kq9zR2wLm4\"".into()),
        ("assigned-secret", "  \"clientSecret\": 'h7Kq9zR2wLm4-pQ',".into()),
        ("secret-in-environment", format!("export SESSION_TOKEN={}", w(32))),
    ]
}

#[test]
fn every_form_is_found_by_its_rule() {
    let samples = samples();
    for (rule, line) in &samples {
        assert_eq!(names(line), [*rule], "{line}");
        let within = |padding: &str| names(&format!("{padding}\n{line}\n{padding}"));
        assert_eq!(within(&"some text ".repeat(LONG / 10)), within("some text"), "{line}");
        assert_eq!(!names(&format!("x = f(\"{line}\");")).is_empty(), !rule.ends_with("environment"), "{line}");
    }
    for rule in RULES {
        assert!(samples.iter().any(|(name, _)| *name == rule.name), "no sample for {}", rule.name);
    }
}

#[test]
fn placeholders_ids_and_code_are_not_secrets() {
    for line in [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "password = \"your-password-1\"",
        "token: '${TOKEN_1}'",
        "commit 13c78544d3ad2a5a0b2dc9bbf9a6fd9d6d8a3ff0",
        "secret = \"13c78544d3ad2a5a0b2dc9bbf9a6fd9d6d8a3ff0\"",
        "token = \"a3bb189e-8bf9-3888-9912-ace4e6543002\"",
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "https://example.org:8080/a@b",
        "git@github.com:owner/repo.git",
        "postgres://user:password@localhost/db",
        "let token = next_token(2);",
        "password: user.password,",
        "class=\"sk-chasing-dots-with-a-very-long-class-name\"",
        "TOKEN_LENGTH=32",
        "task-force-as-abcdefghijklmnopqrstuv",
        "\"integrity\": \"sha512-oRR5dB4pLZ0yq1sX0pQv3Wc9Zr==\"",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----",
        "index 13c7854..0dd5140 100644",
        "const API_KEY = process.env.API_KEY1;",
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
    ] {
        assert_eq!(names(line), [""; 0], "{line}");
    }
}

#[test]
fn a_finding_says_where_and_keeps_the_secret() {
    let token = format!("ghp_{}", word(36));
    let line = format!("let a = \"{token}\";");
    let found = scanner().line("src/a.rs".into(), 7, line.as_bytes());
    assert_eq!(found, [Secret { rule: "github-token", path: "src/a.rs".into(), line: 7, start: "ghp_".into() }]);
    assert!(!format!("{found:?}").contains(&token[5..]));
}

#[test]
fn every_rule_compiles() {
    for rule in RULES {
        assert!(compile(rule, false).is_some() && compile(rule, true).is_some(), "{}", rule.name);
    }
}

#[test]
fn a_hint_is_in_every_text_of_the_form() {
    let mut runner = TestRunner::deterministic();
    for rule in RULES {
        // The same form without what stands around it.
        let inner = [(r"\b", ""), ("(?:^|", "(?:"), ("|$)", ")"), (r"\d", "[0-9]")];
        let pattern = inner.iter().fold(rule.pattern.to_owned(), |form, (from, to)| form.replace(from, to));
        let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
        let texts = proptest::string::string_regex(pattern).unwrap();
        for _ in 0..300 {
            let text = texts.new_tree(&mut runner).unwrap().current();
            assert!(rule.hint.is_in(text.as_bytes()), "{}: {text}", rule.name);
        }
    }
}

proptest! {
    #[test]
    fn no_line_panics(line: Vec<u8>, text in "[a-z_=\"':/@ A-Z0-9.-]{0,200}") {
        for line in [&line[..], text.as_bytes()] {
            for (_, span) in scanner().spans(line) {
                prop_assert!(span.end <= line.len());
            }
        }
    }
}
