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
  dimLater();
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
