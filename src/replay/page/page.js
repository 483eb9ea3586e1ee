// The player of a page that is complete without it: a playhead on the steps that are there, and what moves it.
// Nothing is loaded, and nothing of the log is ever parsed as markup: what is shown anew is made of text nodes.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const steps = [...document.querySelectorAll("#steps .step")];
  const data = JSON.parse($("data").textContent);
  if (steps.length === 0) return;

  const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];
  const WAITS = [500, 2000, 5000, Infinity];
  const first = numberOf(steps[0]);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let at = 0;
  let speed = 1;
  let wait = 2000;
  let timer = null;
  let matches = [];
  let file = null;
  let withSubagents = true;

  const is = (name) => (step) => step.classList.contains(name);
  const isShown = (step) => !step.hidden;
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function numberOf(step) {
    return Number(step.id.slice(1));
  }

  function turnOf(step) {
    return step.parentElement;
  }

  function timeOf(step) {
    return step.dataset.at === undefined ? null : Number(step.dataset.at);
  }

  // The playhead.

  function go(index, { scroll = true, link = true } = {}) {
    const before = steps[at];
    at = clamp(index, 0, steps.length - 1);
    const step = steps[at];
    before.classList.remove("current");
    before.removeAttribute("aria-current");
    step.classList.add("current");
    step.setAttribute("aria-current", "step");
    if (scroll) reveal(step);
    if (link) tellLink();
    showPlace();
    showFile();
    showFound();
  }

  /** The nearest step behind or before the playhead that is shown and of that kind. */
  function seek(direction, wanted = () => true) {
    for (let index = at + direction; index >= 0 && index < steps.length; index += direction) {
      if (isShown(steps[index]) && wanted(steps[index])) return index;
    }
    return null;
  }

  function jump(direction, wanted, what) {
    const index = seek(direction, wanted);
    if (index === null) return say(direction > 0 ? `No ${what} after this` : `No ${what} before this`);
    go(index);
  }

  function jumpTurn(direction) {
    const turn = turnOf(steps[at]);
    const start = steps.findIndex((step) => turnOf(step) === turn && isShown(step));
    if (direction < 0 && start < at) return go(start);
    jump(direction, (step) => turnOf(step) !== turn && step === [...turnOf(step).children].filter(is("step")).find(isShown), "turn");
  }

  function jumpTo(number) {
    if (!Number.isInteger(number)) return showPlace();
    const index = clamp(number - first, 0, steps.length - 1);
    if (!isShown(steps[index])) setFilter("all");
    go(index);
  }

  /** Scrolls a step into view, unless all of it is. */
  function reveal(step) {
    const [top, bottom] = [72, innerHeight - $("player").offsetHeight - 32];
    const place = step.getBoundingClientRect();
    if (place.top >= top && place.bottom <= bottom) return;
    const isTall = place.height > (bottom - top) * 0.6;
    const wanted = isTall ? top : top + (bottom - top) * 0.2;
    const by = place.top - wanted;
    if (Math.abs(by) < innerHeight && !calm.matches && !isPlaying()) return scrollBy({ top: by, behavior: "smooth" });
    scrollBy({ top: by, behavior: "instant" });
    settle(step, wanted, 20);
  }

  /** What comes into view is laid out only now, and may be taller than it was taken for. */
  function settle(step, wanted, frames) {
    if (frames === 0 || steps[at] !== step) return;
    requestAnimationFrame(() => {
      scrollBy({ top: step.getBoundingClientRect().top - wanted, behavior: "instant" });
      settle(step, wanted, frames - 1);
    });
  }

  // Links to steps.

  let linking = null;

  /** Browsers refuse when the address changes too often. */
  function tellLink() {
    clearTimeout(linking);
    linking = setTimeout(() => history.replaceState(null, "", `#${steps[at].id}`), 120);
  }

  function followLink() {
    const linked = /^#s(\d+)$/.exec(location.hash);
    if (linked) jumpTo(Number(linked[1]));
    return linked !== null;
  }

  async function copyLink() {
    const link = `${location.href.split("#")[0]}#${steps[at].id}`;
    try {
      await navigator.clipboard.writeText(link);
      say("Link copied");
    } catch {
      history.replaceState(null, "", `#${steps[at].id}`);
      say("The link is in the address bar");
    }
  }

  // Playing.

  /** How long a step stays, in milliseconds: as long as it took, or at an even pace by how much there is to read. */
  function stay(step, next) {
    const [from, to] = [timeOf(step), timeOf(next)];
    const isTold = data.pace === "recorded" && from !== null && to !== null;
    const took = isTold ? to - from : 600 + Math.min(step.textContent.length, 4000) / 4;
    return Math.max(Math.min(took, wait), 40) / speed;
  }

  function play() {
    if (seek(1) === null) go(steps.findIndex(isShown));
    document.body.classList.add("playing");
    $("play").setAttribute("aria-pressed", "true");
    $("play").setAttribute("aria-label", "Pause");
    tick();
  }

  function tick() {
    clearTimeout(timer);
    const next = seek(1);
    if (next === null) return pause();
    timer = setTimeout(() => {
      go(next);
      tick();
    }, stay(steps[at], steps[next]));
  }

  function pause() {
    clearTimeout(timer);
    timer = null;
    document.body.classList.remove("playing");
    $("play").setAttribute("aria-pressed", "false");
    $("play").setAttribute("aria-label", "Play");
  }

  const isPlaying = () => document.body.classList.contains("playing");
  const togglePlay = () => (isPlaying() ? pause() : play());

  function setSpeed(value) {
    speed = value;
    $("speed").value = String(value);
    if (isPlaying()) tick();
  }

  function changeSpeed(by) {
    setSpeed(SPEEDS[clamp(SPEEDS.indexOf(speed) + by, 0, SPEEDS.length - 1)]);
    say(`Speed ${speed}×`);
  }

  function changeWait() {
    wait = WAITS[(WAITS.indexOf(wait) + 1) % WAITS.length];
    say(wait === Infinity ? "Waits are as long as they were" : `No wait longer than ${wait / 1000} s`);
  }

  // The bar.

  function drawBar() {
    const canvas = $("marks");
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
    const mark = (kind, name, top, bottom) => {
      pen.fillStyle = colour(name);
      for (const [index, step] of steps.entries()) {
        if (is(kind)(step)) pen.fillRect(placeOf(index) * width - 1, top, 2, bottom - top);
      }
    };
    pen.scale(ratio, ratio);
    pen.fillStyle = colour("--line");
    pen.fillRect(0, height / 2 - 1.5, width, 3);
    mark("prompt", "--accent", 3, height - 3);
    mark("edit", "--good", height / 2 - 5, height / 2 + 5);
    mark("bad", "--bad", height / 2 - 5, height / 2 + 5);
  }

  const placeOf = (index) => (index + 0.5) / steps.length;

  function showPlace() {
    const [step, last] = [steps[at], steps[steps.length - 1]];
    $("head").style.left = `${placeOf(at) * 100}%`;
    const bar = $("bar");
    bar.setAttribute("aria-valuenow", numberOf(step));
    bar.setAttribute("aria-valuemin", first);
    bar.setAttribute("aria-valuemax", numberOf(last));
    bar.setAttribute("aria-valuetext", `Step ${numberOf(step)} of ${numberOf(last)}`);
    $("number").value = numberOf(step);
    $("count").textContent = numberOf(last);
    const [start, now] = [timeOf(steps[0]), timeOf(step)];
    $("elapsed").textContent = start === null || now === null ? "" : clock(now - start);
    const prompt = [...turnOf(step).children].find(is("prompt"));
    for (const link of document.querySelectorAll(".turns a")) {
      const isHere = prompt !== undefined && link.hash === `#${prompt.id}`;
      link.classList.toggle("here", isHere);
    }
  }

  function clock(milliseconds) {
    const seconds = Math.max(Math.round(milliseconds / 1000), 0);
    const two = (value) => String(value).padStart(2, "0");
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)}`;
  }

  function scrub(event) {
    const box = $("bar").getBoundingClientRect();
    const index = Math.floor(((event.clientX - box.left) / box.width) * steps.length);
    const near = clamp(index, 0, steps.length - 1);
    if (isShown(steps[near])) go(near);
  }

  // Search.

  function search(text) {
    const query = text.toLowerCase();
    matches = query === "" ? [] : steps.filter((step) => isShown(step) && step.textContent.toLowerCase().includes(query));
    if (matches.length > 0 && !matches.includes(steps[at])) {
      const after = matches.find((step) => steps.indexOf(step) > at);
      go(steps.indexOf(after ?? matches[0]));
    } else {
      showFound();
    }
  }

  function jumpFound(direction) {
    if (matches.length === 0) return say("Nothing is found");
    const index = seek(direction, (step) => matches.includes(step));
    go(index ?? steps.indexOf(direction > 0 ? matches[0] : matches[matches.length - 1]));
  }

  function showFound() {
    const query = $("query").value.toLowerCase();
    const number = matches.indexOf(steps[at]) + 1;
    $("hits").textContent = query === "" ? "" : number > 0 ? `${number} of ${matches.length}` : `${matches.length} found`;
    const ranges = number > 0 ? found(steps[at], query) : [];
    if (window.Highlight && CSS.highlights) CSS.highlights.set("found", new Highlight(...ranges));
  }

  /** Where the text is in a step; what is folded around it opens. */
  function found(step, query) {
    const MOST = 500;
    const walker = document.createTreeWalker(step, NodeFilter.SHOW_TEXT);
    const ranges = [];
    for (let node = walker.nextNode(); node && ranges.length < MOST; node = walker.nextNode()) {
      const text = node.data.toLowerCase();
      // Some letters become longer in lower case: then places are not the same.
      if (text.length !== node.data.length) continue;
      for (let start = text.indexOf(query); start >= 0; start = text.indexOf(query, start + query.length)) {
        const range = new Range();
        range.setStart(node, start);
        range.setEnd(node, start + query.length);
        ranges.push(range);
        const folded = node.parentElement.closest("details:not([open])");
        if (folded && !node.parentElement.closest("summary")) folded.open = true;
      }
    }
    return ranges;
  }

  // What is shown.

  function setFilter(value) {
    $("filter").value = value;
    const filters = {
      all: () => true,
      talk: (step) => is("prompt")(step) || is("answer")(step),
      call: is("call"),
      edit: is("edit"),
      bad: is("bad"),
    };
    const ofFile = (step) => (step.dataset.files ?? "").split(" ").includes(value.slice("file:".length));
    const wanted = filters[value] ?? ofFile;
    for (const step of steps) step.hidden = !wanted(step) || (!withSubagents && is("nested")(step));
    for (const turn of document.querySelectorAll("#steps .turn")) {
      turn.hidden = ![...turn.children].some((child) => is("step")(child) && isShown(child));
    }
    const shown = steps.filter(isShown).length;
    if (shown === 0) say("There is none");
    else if (!isShown(steps[at])) go(seek(1) ?? seek(-1));
    else reveal(steps[at]);
    search($("query").value);
  }

  function toggleSubagents() {
    withSubagents = !withSubagents;
    setFilter($("filter").value);
    say(withSubagents ? "With subagents" : "Without subagents");
  }

  const foldable = (root) => [...root.querySelectorAll("details.call, details.fold, details.rest")];

  function foldStep() {
    const parts = foldable(steps[at]);
    const isOpen = parts.some((part) => part.open);
    for (const part of parts) part.open = !isOpen;
  }

  function foldAll() {
    const parts = foldable($("steps"));
    const isOpen = parts.some((part) => part.open);
    for (const part of parts) part.open = !isOpen;
    reveal(steps[at]);
  }

  // Files at the playhead.

  function toggleFiles() {
    const panel = $("panel");
    if (data.files.length === 0) return say("No file was changed");
    panel.hidden = !panel.hidden;
    $("files").setAttribute("aria-expanded", String(!panel.hidden));
    file = null;
    showFile();
  }

  /** The file that was picked, else the one of this step, else the last that was changed. */
  function fileAtPlayhead() {
    if (file !== null) return file;
    for (let index = at; index >= 0; index -= 1) {
      const files = steps[index].dataset.files;
      if (files) return Number(files.split(" ")[0]);
    }
    return 0;
  }

  function showFile() {
    if ($("panel").hidden) return;
    const index = fileAtPlayhead();
    const number = numberOf(steps[at]);
    const changes = data.files[index].whole.filter(([step]) => step <= number);
    const [, whole] = changes[changes.length - 1] ?? [];
    const parts = [];
    let note = `After ${changes.length} ${changes.length === 1 ? "change" : "changes"}, at step ${number}.`;
    if (changes.length === 0) {
      note = `Not changed up to step ${number}.`;
    } else if (whole === null) {
      note += data.leftOut > 0 ? " Too much for one diff, so each by itself." : " The log does not tell the whole file, so each by itself.";
      parts.push(...changesOf(index, number));
    } else if (data.texts[whole] === "") {
      note += " It is as it was before.";
    } else {
      parts.push(diff(data.texts[whole]));
    }
    $("file").value = String(index);
    $("since").textContent = note;
    $("whole").replaceChildren(...parts);
  }

  function changesOf(index, number) {
    const all = [...document.querySelectorAll(`.change[data-file="${index}"]`)];
    return all.flatMap((change) => {
      const step = numberOf(change.closest(".step"));
      if (step > number) return [];
      const title = document.createElement("p");
      title.className = "note";
      title.textContent = `Step ${step}`;
      return [title, change.cloneNode(true)];
    });
  }

  function diff(text) {
    const pre = document.createElement("pre");
    pre.className = "diff";
    for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
      const name = { "+": "ins", "-": "del", "@": "b" }[line[0]];
      const part = name ? document.createElement(name) : document.createTextNode(line);
      if (name) part.textContent = line;
      pre.append(part);
    }
    return pre;
  }

  // What is said, and the keys.

  let saying = null;

  function say(text) {
    const toast = $("toast");
    toast.textContent = text;
    toast.classList.add("on");
    clearTimeout(saying);
    saying = setTimeout(() => toast.classList.remove("on"), 1800);
  }

  function escape() {
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
    Escape: escape,
  };

  function key(event) {
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
    document.addEventListener("keydown", key);
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
    on("bar", "pointermove", (event) => $("bar").hasPointerCapture(event.pointerId) && scrub(event));
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
    const option = (value, text) => {
      const element = document.createElement("option");
      element.value = value;
      element.textContent = text;
      return element;
    };
    if (data.files.length === 0) return;
    const group = document.createElement("optgroup");
    group.label = "One file";
    for (const [index, { path }] of data.files.entries()) {
      $("file").append(option(String(index), path));
      group.append(option(`file:${index}`, path));
    }
    $("filter").append(group);
  }

  offerFiles();
  listen();
  document.body.classList.add("plays");
  $("player").hidden = false;
  if (!followLink()) go(0, { scroll: false, link: false });
  // The browser scrolls by itself once all is there.
  addEventListener("load", () => at > 0 && reveal(steps[at]));
})();
