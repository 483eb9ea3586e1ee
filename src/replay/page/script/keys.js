// What is said, and the keys.

let saying = null;

function say(text) {
  const toast = $("toast");
  toast.textContent = text;
  toast.classList.add("on");
  clearTimeout(saying);
  saying = setTimeout(() => toast.classList.remove("on"), 1800);
}

function leave() {
  if (isPlaying()) return pause();
  if (!$("panel").hidden) return toggleFiles();
  $("query").value = "";
  search("");
}

const KEYS = {
  " ": togglePlay,
  h: () => jump(-1, undefined, "step"),
  l: () => jump(1, undefined, "step"),
  ArrowLeft: () => jump(-1, undefined, "step"),
  ArrowRight: () => jump(1, undefined, "step"),
  H: () => jumpTurn(-1),
  L: () => jumpTurn(1),
  "[": () => jumpTurn(-1),
  "]": () => jumpTurn(1),
  g: () => go(Math.max(steps.findIndex(isShown), 0)),
  G: () => go(Math.max(steps.findLastIndex(isShown), 0)),
  ":": () => $("number").select(),
  "#": () => $("number").select(),
  t: () => jump(1, is("edit"), "edit"),
  T: () => jump(-1, is("edit"), "edit"),
  e: () => jump(1, is("bad"), "failure"),
  E: () => jump(-1, is("bad"), "failure"),
  "/": () => $("query").select(),
  n: () => jumpFound(1),
  N: () => jumpFound(-1),
  Enter: foldStep,
  z: foldAll,
  j: () => scrollBy({ top: 80, behavior: "instant" }),
  k: () => scrollBy({ top: -80, behavior: "instant" }),
  F: toggleFiles,
  f: () => $("filter").focus(),
  s: toggleSubagents,
  "+": () => changeSpeed(1),
  "=": () => changeSpeed(1),
  "-": () => changeSpeed(-1),
  i: changeWait,
  y: copyLink,
  "?": () => $("help").showModal(),
  Escape: leave,
};

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) {
    if ($("help").open && event.key === "?") $("help").close();
    return;
  }
  const target = event.target instanceof Element ? event.target : document.body;
  if (target.closest("input, select")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  // What has the focus does what it always does on these.
  if ((event.key === " " || event.key === "Enter") && target.closest("button, a, summary")) return;
  const isBar = target.closest("#bar") !== null;
  const name = isBar && event.key === "Home" ? "g" : isBar && event.key === "End" ? "G" : event.key;
  if (!Object.hasOwn(KEYS, name)) return;
  event.preventDefault();
  KEYS[name]();
}

function listen() {
  const on = (id, event, does) => $(id).addEventListener(event, does);
  const clicks = {
    play: togglePlay,
    back: KEYS.h,
    on: KEYS.l,
    "turn-back": KEYS.H,
    "turn-on": KEYS.L,
    files: toggleFiles,
    close: toggleFiles,
    keys: KEYS["?"],
  };
  for (const [id, does] of Object.entries(clicks)) on(id, "click", does);
  document.addEventListener("keydown", press);
  // What was clicked gives the keys back: Space is to play, not to click it again.
  document.addEventListener("click", (event) => event.detail > 0 && event.target.closest("button, summary")?.blur());
  addEventListener("hashchange", followLink);
  on("speed", "change", (event) => setSpeed(Number(event.target.value)));
  on("filter", "change", (event) => setFilter(event.target.value));
  on("file", "change", (event) => {
    file = Number(event.target.value);
    showFile();
  });
  on("number", "change", (event) => jumpTo(Number(event.target.value)));
  on("number", "keydown", (event) => event.key === "Enter" && event.target.blur());
  let typing = null;
  on("query", "input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => search(event.target.value), 120);
  });
  on("query", "keydown", (event) => {
    if (event.key !== "Enter") return;
    clearTimeout(typing);
    search(event.target.value);
    event.target.blur();
  });
  on("steps", "click", (event) => {
    const step = event.target.closest(".step");
    if (step && !event.target.closest("a") && getSelection().isCollapsed) go(steps.indexOf(step), { scroll: false });
  });
  on("bar", "pointerdown", (event) => {
    $("bar").setPointerCapture(event.pointerId);
    scrub(event);
  });
  on("bar", "pointermove", (event) => ($("bar").hasPointerCapture(event.pointerId) ? scrub : hint)(event));
  new ResizeObserver(() => {
    document.documentElement.style.setProperty("--player", `${$("player").offsetHeight}px`);
    drawBar();
  }).observe($("player"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawBar);
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("#steps details:not([open])")];
    for (const part of folded) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });
}

function offerFiles() {
  const option = (value, text) => Object.assign(document.createElement("option"), { value, textContent: text });
  const group = (label, options) => {
    const element = Object.assign(document.createElement("optgroup"), { label });
    element.append(...options);
    return options.length > 0 ? [element] : [];
  };
  const files = [...data.files.entries()];
  const others = [...unseen.entries()];
  const nameOf = (details) => details.querySelector("code").textContent;
  $("file").append(...files.map(([index, { path }]) => option(String(index), path)));
  $("file").append(
    ...group("Not in the log", others.map(([index, details]) => option(String(files.length + index), nameOf(details)))),
  );
  $("filter").append(...group("One file", files.map(([index, { path }]) => option(`file:${index}`, path))));
  $("beside-note").textContent = $("beside").textContent;
}

/** A page without steps needs no player. */
function start() {
  offerFiles();
  listen();
  document.body.classList.add("plays");
  $("player").hidden = false;
  if (!followLink()) go(0, { scroll: false, link: false });
  // The browser scrolls by itself once all is there.
  addEventListener("load", () => at > 0 && reveal(steps[at]));
}

if (steps.length > 0) start();
