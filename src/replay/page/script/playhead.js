// The player of a page that is complete without it: a playhead on the steps that are there, and what moves it.
// Nothing is loaded, and nothing of the log is ever parsed as markup: what is shown anew is made of text nodes.
// The files of this folder are one script, in this order.
"use strict";

const $ = (id) => document.getElementById(id);
const steps = [...document.querySelectorAll("#steps .step")];
const data = JSON.parse($("data").textContent);

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16, 32, 64];
const WAITS = [500, 2000, 5000, Infinity];
const first = steps.length > 0 ? numberOf(steps[0]) : 1;
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
  if (isPlaying()) dimLater();
}

/** Of what comes later, the stylesheet knows the steps of this turn. */
function dimLater() {
  let isLater = false;
  for (const section of document.querySelectorAll("#steps > section")) {
    section.classList.toggle("later", isLater);
    isLater ||= section === turnOf(steps[at]);
  }
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
