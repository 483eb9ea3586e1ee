//! Which files programs run or obey unasked, known by their names.
//!
//! A table, so that a line is all it takes to know one more program. Names are lower case; the path is lowered before it is compared.

use std::sync::LazyLock;

use bstr::{BStr, ByteSlice};

use super::Category::{self, Agent, Build, Ci, Editor, Environment, GitHook, Package};

/// How a pattern is compared with a path.
enum Where {
    /// The last component is one of these.
    File,
    /// These components stand next to each other anywhere in the path.
    Anywhere,
    /// The path is this, or lies below it.
    Top,
    /// The last component ends so.
    Ending,
}
use Where::{Anywhere, Ending, File, Top};

/// What a path's name alone says. Content rules (`package.json`, `.gitattributes`, `.gitmodules`) are not here.
pub(super) fn of(path: &BStr, hooks_path: Option<&BStr>) -> Option<(Category, &'static str)> {
    let lower = path.to_ascii_lowercase();
    if is_hook(&lower, hooks_path) {
        return Some((GitHook, "git runs it as a hook, where its directory is the hooks directory"));
    }
    let name = file_name(&lower);
    let rule = PATTERNS.iter().find(|(pattern, (place, ..))| matches(place, pattern, &lower, name));
    rule.map(|(_, (_, _, category, reason))| (*category, *reason))
}

/// Every pattern of every rule, taken apart once: there may be many paths.
static PATTERNS: LazyLock<Vec<(&[u8], &Rule)>> = LazyLock::new(|| {
    let of_rule = |rule: &'static Rule| rule.1.split_ascii_whitespace().map(move |pattern| (pattern.as_bytes(), rule));
    RULES.iter().flat_map(of_rule).collect()
});

fn matches(place: &Where, pattern: &[u8], path: &[u8], name: &[u8]) -> bool {
    match place {
        File => name == pattern,
        Ending => name.ends_with(pattern),
        Top => is_at_or_below(path, pattern),
        Anywhere => {
            // A search for each pattern in each path takes longer to be made ready than to be done.
            let below = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[at + 1..]);
            std::iter::once(path).chain(below).any(|part| is_at_or_below(part, pattern))
        }
    }
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

fn is_at_or_below(path: &[u8], top: &[u8]) -> bool {
    path.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

fn is_hook(lower: &[u8], hooks_path: Option<&BStr>) -> bool {
    let configured = hooks_path.is_some_and(|directory| {
        let directory = directory.to_ascii_lowercase();
        let directory = directory.trim_end_with(|ch| ch == '/');
        let directory = directory.strip_prefix(b"./").unwrap_or(directory);
        !directory.is_empty() && is_at_or_below(lower, directory)
    });
    let is_named = || HOOKS.split_ascii_whitespace().any(|hook| hook.as_bytes() == file_name(lower));
    let mut folders = lower.rsplit(|&byte| byte == b'/').skip(1);
    configured || folders.any(|name| name.ends_with(b"hooks")) && is_named()
}

/// The hooks of githooks(5).
const HOOKS: &str = "applypatch-msg pre-applypatch post-applypatch pre-commit pre-merge-commit \
    prepare-commit-msg commit-msg post-commit pre-rebase post-checkout post-merge \
    pre-push pre-receive update proc-receive post-receive post-update \
    reference-transaction push-to-checkout pre-auto-gc post-rewrite \
    sendemail-validate fsmonitor-watchman p4-changelist p4-prepare-changelist \
    p4-post-changelist p4-pre-submit post-index-change";

/// Where to look, the patterns between blanks, what makes it run, and why it is listed.
type Rule = (Where, &'static str, Category, &'static str);

/// The first rule that fits decides.
static RULES: &[Rule] = &[
    (
        Anywhere,
        ".husky .githooks .git-hooks .git_hooks",
        GitHook,
        "git hooks, once the project's setup points git at them",
    ),
    (
        File,
        ".pre-commit-config.yaml .pre-commit-config.yml .pre-commit-hooks.yaml \
         lefthook.yml lefthook.yaml lefthook.toml lefthook.json .lefthook.yml \
         .lefthook.yaml lefthook-local.yml .overcommit.yml captainhook.json .huskyrc \
         .huskyrc.json .huskyrc.js .simple-git-hooks.json .simple-git-hooks.js prek.toml",
        GitHook,
        "names programs that a hook manager runs at commits",
    ),
    (
        Anywhere,
        ".claude .cursor .codex .gemini .windsurf .aider .continue .roo .cline \
         .clinerules .kiro .amazonq .opencode .goose .agents .agent .augment .factory \
         .zed .glue .junie .qwen .trae",
        Agent,
        "configures a coding agent: instructions, permissions, hooks or tool servers",
    ),
    (
        File,
        "agents.md agent.md claude.md claude.local.md gemini.md qwen.md \
         copilot-instructions.md .cursorrules .windsurfrules .clinerules .roorules \
         .goosehints .mcp.json mcp.json .aider.conf.yml .aiderignore opencode.json \
         opencode.jsonc skill.md crush.json .rules",
        Agent,
        "instructs a coding agent or names tool servers that it starts",
    ),
    (
        Top,
        ".github/instructions .github/prompts .github/chatmodes .github/agents \
         .github/skills .github/copilot",
        Agent,
        "instructs a coding agent",
    ),
    (
        Anywhere,
        ".vscode .idea .fleet .vs .devcontainer .sublime .nova .theia .gitpod",
        Editor,
        "an editor's settings, tasks or containers, read when the folder is opened",
    ),
    (
        File,
        ".vimrc .exrc _vimrc .nvimrc .nvim.lua .gvimrc .lvimrc .local.vimrc \
         .dir-locals.el .dir-locals-2.el .devcontainer.json .gitpod.yml \
         .gitpod.dockerfile .idx .kakrc .emacs .project.vim .lazy.lua .neoconf.json",
        Editor,
        "an editor may run it when a file here is opened",
    ),
    (Anywhere, ".vim .nvim", Editor, "an editor may run it when a file here is opened"),
    (Ending, ".code-workspace .sublime-project .iml", Editor, "an editor's project, with tasks and settings"),
    (
        File,
        ".envrc .env .mise.toml mise.toml .mise.local.toml mise.local.toml .rtx.toml \
         .tool-versions .autoenv .autoenv.zsh .nvmrc .node-version .python-version \
         .ruby-version .rvmrc .sdkmanrc .shadowenv devbox.json devenv.nix devenv.yaml \
         flake.nix shell.nix default.nix .bashrc .zshrc .profile .bash_profile .zshenv",
        Environment,
        "a shell or version manager reads it when the directory is entered",
    ),
    (
        Anywhere,
        ".mise .shadowenv.d .direnv .config/mise",
        Environment,
        "a shell or version manager reads it when the directory is entered",
    ),
    (
        File,
        "rust-toolchain rust-toolchain.toml",
        Environment,
        "decides which compiler every cargo command downloads and runs",
    ),
    (
        Top,
        ".github/workflows .github/actions .gitlab-ci.yml .gitlab/ci .circleci \
         jenkinsfile azure-pipelines.yml azure-pipelines.yaml .azure-pipelines \
         .azuredevops .buildkite bitbucket-pipelines.yml .travis.yml appveyor.yml \
         .appveyor.yml .drone.yml .woodpecker .woodpecker.yml .forgejo/workflows \
         .gitea/workflows .teamcity .cirrus.yml .semaphore wercker.yml codefresh.yml \
         .tekton cloudbuild.yaml cloudbuild.yml buildspec.yml .builds .build.yml \
         .github/dependabot.yml renovate.json .woodpecker.yaml netlify.toml vercel.json \
         fly.toml",
        Ci,
        "a server runs it once it is pushed",
    ),
    (File, "action.yml action.yaml jenkinsfile", Ci, "a server runs it once it is pushed"),
    (
        File,
        ".npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs pnpm-workspace.yaml .pnp.cjs .pnp.js \
         .pnp.loader.mjs bunfig.toml .bowerrc binding.gyp pip.conf pip.ini .pypirc .gemrc \
         .bundle nuget.config auth.json",
        Package,
        "decides where packages come from and what their install runs",
    ),
    (Anywhere, ".yarn .bundle", Package, "a package manager runs or obeys it"),
    (
        File,
        "setup.py setup.cfg pyproject.toml hatch_build.py composer.json gemfile podfile \
         mix.exs rebar.config package.swift deno.json deno.jsonc cartfile dune-project \
         rakefile extconf.rb",
        Package,
        "a package manager runs it, or what it names, on install",
    ),
    (Ending, ".gemspec .podspec .cabal .pth", Package, "a package manager runs it, or what it names, on install"),
    (
        Anywhere,
        ".cargo/config.toml .cargo/config",
        Build,
        "names programs that cargo runs: linkers, runners, wrappers, aliases",
    ),
    (
        File,
        "build.rs makefile gnumakefile bsdmakefile makefile.am makefile.in cmakelists.txt \
         cmakepresets.json configure configure.ac autogen.sh meson.build sconstruct \
         sconscript wscript build.gradle build.gradle.kts settings.gradle \
         settings.gradle.kts init.gradle gradlew gradlew.bat gradle-wrapper.properties \
         gradle-wrapper.jar pom.xml mvnw mvnw.cmd build.xml build.sbt justfile .justfile \
         taskfile.yml taskfile.yaml dockerfile containerfile docker-compose.yml \
         docker-compose.yaml compose.yml compose.yaml vagrantfile tiltfile procfile \
         build.zig build build.bazel workspace workspace.bazel module.bazel .bazelrc \
         earthfile noxfile.py tox.ini fabfile.py dodo.py tasks.py magefile.go \
         gruntfile.js gulpfile.js gulpfile.ts directory.build.props \
         directory.build.targets conanfile.py skaffold.yaml dangerfile fastfile bake.hcl \
         docker-bake.hcl stack.yaml",
        Build,
        "a build runs it",
    ),
    (
        File,
        "conftest.py sitecustomize.py usercustomize.py pytest.ini .mocharc.js \
         .mocharc.cjs karma.conf.js .noserc .rspec",
        Build,
        "tests run it",
    ),
    (
        File,
        "eslint.config.js eslint.config.mjs eslint.config.cjs eslint.config.ts \
         .eslintrc.js .eslintrc.cjs prettier.config.js prettier.config.mjs .prettierrc.js \
         babel.config.js .babelrc.js webpack.config.js vite.config.js vite.config.ts \
         vite.config.mjs vitest.config.ts vitest.config.js jest.config.js jest.config.ts \
         rollup.config.js rollup.config.mjs next.config.js next.config.mjs next.config.ts \
         nuxt.config.ts svelte.config.js astro.config.mjs tailwind.config.js \
         tailwind.config.ts postcss.config.js playwright.config.ts .pylintrc turbo.json \
         nx.json",
        Build,
        "a build, a test or an editor's linter runs it",
    ),
    (Anywhere, "gradle/init.d buildsrc .mvn", Build, "a build runs it"),
    (Ending, ".mk .cmake .gradle .csproj .fsproj .vbproj .vcxproj .targets .dockerfile", Build, "a build runs it"),
];
