# Builds, checks and installs the programs, their man pages and their completions.
#
#   make                                   builds target/release/git-glue-* and glue-handoff
#   make install                           into /usr/local
#   make install PREFIX=$HOME/.local       for one user
#   make install DESTDIR=pkg PREFIX=/usr   for a package
#   make uninstall                         takes away what install put there
#   make check                             tests, formatting, lints, documentation

PREFIX     = /usr/local
DESTDIR    =
BINDIR     = $(PREFIX)/bin
MANDIR     = $(PREFIX)/share/man
BASHDIR    = $(PREFIX)/share/bash-completion/completions
ZSHDIR     = $(PREFIX)/share/zsh/site-functions
FISHDIR    = $(PREFIX)/share/fish
CARGO      = cargo
INSTALL    = install

# Where the built programs are. Given by hand, they are taken from there and nothing is built.
BINDIR_FROM =

programs    := $(patsubst bins/%.rs,%,$(wildcard bins/*.rs))
man1        := $(wildcard man/*.1)
man7        := $(wildcard man/*.7)
bash        := $(wildcard completions/bash/*)
zsh         := $(wildcard completions/zsh/*)
fish        := $(wildcard completions/fish/*.fish)
fishconf    := $(wildcard completions/fish/conf.d/*.fish)
target      := $(or $(CARGO_TARGET_DIR),target)
built       := $(or $(BINDIR_FROM),$(target)/release)

all:
ifeq ($(BINDIR_FROM),)
	$(CARGO) build --release --locked --bins
endif

install: all
	$(INSTALL) -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(MANDIR)/man7" \
	  "$(DESTDIR)$(BASHDIR)" "$(DESTDIR)$(ZSHDIR)" "$(DESTDIR)$(FISHDIR)/vendor_completions.d" \
	  "$(DESTDIR)$(FISHDIR)/vendor_conf.d"
	$(INSTALL) -m 755 $(foreach program,$(programs),"$(built)/$(program)") "$(DESTDIR)$(BINDIR)"
	$(INSTALL) -m 644 $(man1) "$(DESTDIR)$(MANDIR)/man1"
	$(INSTALL) -m 644 $(man7) "$(DESTDIR)$(MANDIR)/man7"
	$(INSTALL) -m 644 $(bash) "$(DESTDIR)$(BASHDIR)"
	$(INSTALL) -m 644 $(zsh) "$(DESTDIR)$(ZSHDIR)"
	$(INSTALL) -m 644 $(fish) "$(DESTDIR)$(FISHDIR)/vendor_completions.d"
	$(INSTALL) -m 644 $(fishconf) "$(DESTDIR)$(FISHDIR)/vendor_conf.d"

uninstall:
	rm -f $(foreach program,$(programs),"$(DESTDIR)$(BINDIR)/$(program)") \
	  $(foreach page,$(notdir $(man1)),"$(DESTDIR)$(MANDIR)/man1/$(page)") \
	  $(foreach page,$(notdir $(man7)),"$(DESTDIR)$(MANDIR)/man7/$(page)") \
	  $(foreach file,$(notdir $(bash)),"$(DESTDIR)$(BASHDIR)/$(file)") \
	  $(foreach file,$(notdir $(zsh)),"$(DESTDIR)$(ZSHDIR)/$(file)") \
	  $(foreach file,$(notdir $(fish)),"$(DESTDIR)$(FISHDIR)/vendor_completions.d/$(file)") \
	  $(foreach file,$(notdir $(fishconf)),"$(DESTDIR)$(FISHDIR)/vendor_conf.d/$(file)")

check:
	$(CARGO) test --locked
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --no-deps --locked

# Man pages and completions are written from the programs' own definitions.
generate:
	GLUE_REGENERATE=1 $(CARGO) test --test main generated

.PHONY: all install uninstall check generate
