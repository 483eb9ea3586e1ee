//! Captures for the stories of the programs that show and move them.

use std::path::PathBuf;
use std::process::Output;

use bstr::{BString, ByteSlice};

use crate::sandbox::Sandbox;

/// A sandbox with a store in its HOME, and a series of two commits that git wrote.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) mbox: BString,
}

impl World {
    pub(crate) fn new() -> World {
        let sandbox = Sandbox::new();
        sandbox.write("src/deep/numbers", (1..50).map(|n| format!("{n}\n")).collect::<String>());
        sandbox.write("old name", "content\n");
        sandbox.commit("base\n");
        sandbox.git(&["mv", "old name", "new name"]);
        sandbox.write("src/deep/numbers", (1..70).map(|n| format!("{n}\n")).collect::<String>());
        sandbox.write("image", b"\0\x01\xff binary");
        sandbox.commit("first: grow\n");
        sandbox.write("src/deep/numbers", (5..60).map(|n| format!("{n}\n")).collect::<String>());
        sandbox.commit("second: shrink\n");
        let series = ["format-patch", "--stdout", "--binary", "-M", "--full-index", "HEAD~2"];
        let mut mbox = sandbox.git(&series);
        mbox.push(b'\n');
        World { sandbox, mbox }
    }

    pub(crate) fn sessions(&self) -> PathBuf {
        self.sandbox.home().join(".glue/sessions")
    }

    /// A session as Glue leaves it behind, with our series as its capture if it is to have one.
    pub(crate) fn session(&self, id: &str, title: &str, capture: Option<&[u8]>) -> PathBuf {
        let dir = self.sessions().join(id);
        std::fs::create_dir_all(&dir).unwrap();
        let title = serde_json::Value::from(title);
        let meta = format!(
            r#"{{"schema_version":3,"id":"{id}","cwd":"/w","model_ref":"a/b","runtime_id":"daytona","start_time":"2026-05-19T10:24:00.000Z","title":{title}}}"#
        );
        std::fs::write(dir.join("meta.json"), meta).unwrap();
        if let Some(capture) = capture {
            std::fs::write(dir.join("runtime.mbox"), capture).unwrap();
        }
        dir
    }

    /// Runs a program, whatever comes of it.
    pub(crate) fn glue(&self, program: &str, args: &[&str]) -> Output {
        self.sandbox.command(format!("git-glue-{program}")).args(args).output().unwrap()
    }

    /// Runs a program, which must end with that status. What it printed on both streams.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, program: &str, args: &[&str]) -> (String, String) {
        let output = self.glue(program, args);
        let (out, err) = (output.stdout.to_str_lossy(), output.stderr.to_str_lossy());
        assert_eq!(
            output.status.code(),
            Some(code),
            "git-glue-{program} {args:?}\n--- stdout\n{out}\n--- stderr\n{err}"
        );
        (out.into_owned(), err.into_owned())
    }

    /// Runs a program with --json, which must end with that status. The object that it printed.
    #[track_caller]
    pub(crate) fn json(&self, code: i32, program: &str, args: &[&str]) -> serde_json::Value {
        let (out, _) = self.ends(code, program, &[args, &["--json"]].concat());
        let object: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"));
        assert_eq!(object["schema_version"], 1);
        object
    }
}
