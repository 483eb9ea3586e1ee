//! The forms of secrets, written from what their vendors publish about them.
//!
//! Expressions are bytes without Unicode classes; group 1 is the secret. Forms with a prefix of their own come first, those that
//! guess from a name come last and have an entropy gate, so that a finding is named by what is known best.

/// One form.
pub(super) struct Rule {
    /// The name that is shown.
    pub(super) name: &'static str,
    /// One of these a line must hold before `pattern` is tried.
    pub(super) keywords: &'static [&'static str],
    /// Whether capital letters and small ones are the same in them.
    pub(super) any_case: bool,
    /// What else a line must have, told without the expression: to make one takes longer than to look at a patch.
    pub(super) hint: Hint,
    /// The form; group 1 is the secret.
    pub(super) pattern: &'static str,
    /// The least entropy in bits per byte. 0.0 trusts the form; otherwise the value must also hold a digit and must not be a plain hex id.
    pub(super) entropy: f64,
}

/// What every text of a form has.
pub(super) enum Hint {
    /// Nothing that is quickly told.
    None,
    /// So many letters, digits and signs of tokens without anything else between them.
    Run(usize),
    /// So many bytes that are no white space, between quotes.
    Quoted(usize),
}

/// No vendor's token is shorter.
const TOKEN: Hint = Hint::Run(20);

const fn form(name: &'static str, keywords: &'static [&'static str], pattern: &'static str) -> Rule {
    Rule { name, keywords, any_case: false, hint: TOKEN, pattern, entropy: 0.0 }
}

const fn guess(name: &'static str, keywords: &'static [&'static str], entropy: f64, pattern: &'static str) -> Rule {
    Rule { entropy, ..form(name, keywords, pattern) }
}

const fn named(
    name: &'static str,
    hint: Hint,
    keywords: &'static [&'static str],
    entropy: f64,
    pattern: &'static str,
) -> Rule {
    Rule { any_case: true, hint, ..guess(name, keywords, entropy, pattern) }
}

impl Hint {
    /// Whether a text has it.
    pub(super) fn is_in(&self, text: &[u8]) -> bool {
        match *self {
            Hint::None => true,
            Hint::Run(least) => text.split(|byte| !is_of_token(*byte)).any(|run| run.len() >= least),
            Hint::Quoted(least) => {
                let mut parts = text.split(|byte| matches!(byte, b'"' | b'\'' | b'`'));
                // What is before the first quote is between none, and so is what is behind the last.
                parts.next();
                parts.next_back();
                parts.any(|part| part.len() >= least && !part.iter().any(u8::is_ascii_whitespace))
            }
        }
    }
}

fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=_!@#%^&*.~-".contains(&byte)
}

/// Tried in this order.
pub(super) const RULES: &[Rule] = &[
    Rule {
        hint: Hint::None,
        ..form("private-key", &["PRIVATE KEY"], r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)")
    },
    form("github-token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], r"\b(gh[pousr]_[A-Za-z0-9]{36,255})\b"),
    form("github-fine-grained-token", &["github_pat_"], r"\b(github_pat_[A-Za-z0-9_]{36,255})\b"),
    form(
        "gitlab-token",
        &[
            "glpat-", "gldt-", "glrt-", "glptt-", "gloas-", "glcbt-", "glft-", "glimt-", "glagent-", "glsoat-",
            "glffct-",
        ],
        r"\b(gl(?:pat|dt|rt|ptt|oas|cbt|ft|imt|agent|soat|ffct)-[A-Za-z0-9_=.-]{20,300})",
    ),
    form("aws-access-key-id", &["AKIA", "ASIA"], r"\b((?:AKIA|ASIA)[A-Z2-7]{16})\b"),
    named(
        "aws-secret-access-key",
        Hint::Run(40),
        &["aws", "secret"],
        4.0,
        r#"(?i:aws|secret)[A-Za-z0-9_ .-]{0,30}["']?\s{0,3}[:=]{1,2}\s{0,3}["']?([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)"#,
    ),
    form("slack-token", &["xox", "xapp-"], r"\b((?:xox[abceoprs]|xapp)-[0-9A-Za-z-]{20,255})"),
    form(
        "slack-webhook",
        &["hooks.slack.com"],
        r"(https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{30,})",
    ),
    form("google-api-key", &["AIza"], r"\b(AIza[A-Za-z0-9_-]{35})"),
    form("google-client-secret", &["GOCSPX-"], r"\b(GOCSPX-[A-Za-z0-9_-]{28})"),
    form("stripe-key", &["sk_live_", "rk_live_"], r"\b([sr]k_live_[A-Za-z0-9]{16,255})\b"),
    form("stripe-webhook-secret", &["whsec_"], r"\b(whsec_[A-Za-z0-9+/]{32,})"),
    form("anthropic-key", &["sk-ant-"], r"\b(sk-ant-[A-Za-z0-9_-]{20,255})"),
    form("openrouter-key", &["sk-or-"], r"\b(sk-or-v1-[a-f0-9]{64})\b"),
    guess("openai-key", &["sk-"], 3.8, r"\b(sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{32,255})"),
    form("groq-key", &["gsk_"], r"\b(gsk_[A-Za-z0-9]{52})\b"),
    form("xai-key", &["xai-"], r"\b(xai-[A-Za-z0-9]{80})\b"),
    form("perplexity-key", &["pplx-"], r"\b(pplx-[A-Za-z0-9]{48})\b"),
    form("replicate-token", &["r8_"], r"\b(r8_[A-Za-z0-9]{37})\b"),
    form("hugging-face-token", &["hf_"], r"\b(hf_[A-Za-z0-9]{34})\b"),
    form("npm-token", &["npm_"], r"\b(npm_[A-Za-z0-9]{36})\b"),
    form("npm-auth-token", &["_authToken"], r"_authToken\s{0,3}=\s{0,3}([A-Za-z0-9_-]{20,255})"),
    form("pypi-token", &["pypi-"], r"\b(pypi-AgE[A-Za-z0-9_-]{50,})"),
    form("rubygems-key", &["rubygems_"], r"\b(rubygems_[a-f0-9]{48})\b"),
    form("crates-io-token", &["cio"], r"\b(cio[A-Za-z0-9]{32})\b"),
    form("docker-hub-token", &["dckr_"], r"\b(dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,})"),
    form("digitalocean-token", &["_v1_"], r"\b(do[opr]_v1_[a-f0-9]{64})\b"),
    form("fly-token", &["fm1", "fm2", "fo1_"], r"\b(fm[12][ar]?_[A-Za-z0-9+/=_-]{60,}|fo1_[A-Za-z0-9_-]{43})"),
    form("daytona-key", &["dtn_"], r"\b(dtn_[a-f0-9]{64})\b"),
    form("e2b-key", &["e2b_"], r"\b(e2b_[a-f0-9]{40})\b"),
    guess("modal-token", &["ak-", "as-"], 3.5, r"\b(a[ks]-[A-Za-z0-9]{22})\b"),
    form("databricks-token", &["dapi"], r"\b(dapi[a-f0-9]{32}(?:-\d)?)\b"),
    form("vault-token", &["hvs.", "hvb."], r"\b(hv[sb]\.[A-Za-z0-9_-]{24,})"),
    form("terraform-token", &["atlasv1"], r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,})"),
    form("tailscale-key", &["tskey-"], r"\b(tskey-[a-z]+-[A-Za-z0-9-]{16,})"),
    form("supabase-token", &["sbp_", "sb_secret_"], r"\b(sbp_[a-f0-9]{40}|sb_secret_[A-Za-z0-9_-]{20,})"),
    form("shopify-token", &["shp"], r"\b(shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32})\b"),
    form("linear-key", &["lin_api_"], r"\b(lin_api_[A-Za-z0-9]{40})\b"),
    form("new-relic-key", &["NRAK-"], r"\b(NRAK-[A-Z0-9]{27})\b"),
    form("sentry-token", &["sntry"], r"\b(sntry[su]_[A-Za-z0-9+/=_-]{40,})"),
    form("age-secret-key", &["AGE-SECRET-KEY-"], r"\b(AGE-SECRET-KEY-1[0-9A-Z]{58})\b"),
    form("azure-storage-key", &["AccountKey"], r"AccountKey=([A-Za-z0-9+/]{86}==)"),
    form(
        "azure-client-secret",
        &["Q~"],
        r"(?:^|[^A-Za-z0-9_~.-])([A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34})(?:[^A-Za-z0-9_~.-]|$)",
    ),
    form("twilio-key", &["SK"], r"\b(SK[0-9a-f]{32})\b"),
    form("sendgrid-key", &["SG."], r"\b(SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})"),
    guess("mailgun-key", &["key-"], 3.0, r"\b(key-[0-9a-f]{32})\b"),
    form("telegram-bot-token", &[":AA"], r"\b(\d{8,10}:AA[A-Za-z0-9_-]{33})"),
    form(
        "discord-webhook",
        &["/api/webhooks/"],
        r"(https://(?:[a-z]+\.)?discord(?:app)?\.com/api/webhooks/\d{15,20}/[A-Za-z0-9_-]{60,})",
    ),
    named(
        "discord-bot-token",
        Hint::Run(59),
        &["discord", "bot", "token"],
        4.0,
        r"\b([MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})",
    ),
    form("json-web-token", &["eyJ"], r"\b(eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})"),
    Rule {
        hint: Hint::None,
        ..guess(
            "password-in-url",
            &["://"],
            2.5,
            r#"\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@"'<>]{0,64}:([^\s:/@"'<>]{6,128})@[A-Za-z0-9\[]"#,
        )
    },
    named(
        "assigned-secret",
        Hint::Quoted(10),
        &[
            "passw",
            "secret",
            "token",
            "apikey",
            "api_key",
            "api-key",
            "accesskey",
            "access_key",
            "access-key",
            "privatekey",
            "private_key",
            "private-key",
            "credential",
        ],
        3.5,
        r#"(?i:passwd|password|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)[A-Za-z0-9_.-]{0,20}["'\]]{0,2}\s{0,3}(?::=|=>|[:=])\s{0,3}["'`]([^\s"'`]{10,150})["'`]"#,
    ),
    Rule {
        hint: Hint::Run(16),
        ..guess(
            "secret-in-environment",
            &["PASSW", "SECRET", "TOKEN", "KEY"],
            3.7,
            r"^\s{0,8}(?:export |ENV |-e )?[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)[A-Z0-9_]{0,20}[=:] ?([A-Za-z0-9+/=_!@#%^&*.~-]{16,150})\s*$",
        )
    },
];
