"use strict";

/* The pages a listener goes through: welcome (-2), practice (-1), trials, end. */

const test = JSON.parse(document.getElementById("test").textContent);
const session = new Session(test);
const player = new Player();
const main = document.getElementById("main");
const abx = test.test === "abx";
let shown = null;

listening.player = player;

const say = (text) => {
  document.getElementById("status").textContent = text;
};

function keep() {
  session.keep();
  if (!session.kept) {
    say("This browser stores nothing for this page: save your results before you close or reload it.");
  }
}

window.addEventListener("beforeunload", (event) => {
  if (!session.kept && Object.keys(session.state.answers).length) event.preventDefault();
});

window.addEventListener("pagehide", () => shown?.close());
document.addEventListener("visibilitychange", () => {
  if (document.hidden) shown?.close();
});

function go(page) {
  leave();
  session.state.page = page;
  if (page < session.count) session.state.saved = null;
  keep();
  show();
  main.focus();
  window.scrollTo(0, 0);
}

function leave() {
  shown?.close();
  player.stop();
  shown = null;
}

function show() {
  const { page } = session.state;
  say("");
  document.getElementById("save").hidden = page < 0 || page >= session.count;
  const bar = document.getElementById("progress");
  bar.hidden = page < 0;
  bar.max = session.count;
  bar.value = page;
  const within = page >= 0 && page < session.count;
  document.getElementById("count").textContent = within ? `${page + 1} of ${session.count}` : "";
  if (page === -2) welcome();
  else if (page >= session.count) end();
  else if (!player.context) resume(page);
  else trialPage(page);
}

/* Pages */

function welcome() {
  const field = h("input", {
    id: "listener", type: "text", maxlength: 60, autocomplete: "off", "aria-describedby": "why",
  });
  field.value = session.state.listener;
  const minutes = Math.max(1, Math.round((test.trials.length * (abx ? 25 : 20 * size())) / 60));
  const begin = async (event) => {
    event.preventDefault();
    session.state.listener = field.value.trim() || `listener-${session.state.session.slice(0, 8)}`;
    session.state.started ??= new Date().toISOString();
    await player.open();
    go(-1);
  };
  main.replaceChildren(h("form", { onsubmit: begin },
    h("h1", {}, test.title),
    h("p", {}, abx
      ? "You will hear three sounds, A, B and X. X is the same as A or the same as B. Choose which. If you cannot tell, guess."
      : test.reference
        ? "You will hear a reference and several versions of it. Rate how close each version is to the reference. One of them is the reference itself: give that one 100."
        : "You will hear several versions of the same clip. Rate how good each one sounds."),
    h("ul", {},
      h("li", {}, "Use headphones, in a quiet place."),
      h("li", {}, `There are ${session.count} ${abx ? "trials" : "clips"}; this takes about ${minutes} minutes. Take a break whenever you like.`),
      h("li", {}, "Nothing is lost if you close or reload this page: open it again in the same browser.")),
    h("div", { class: "field" },
      h("label", { for: "listener" }, "Your name or a pseudonym"), field,
      h("p", { class: "hint", id: "why" }, "Your answers, the times they took, your comments, this name, and your browser's name, language and screen size will be in a file that is saved on this device. Nothing is sent anywhere: you pass that file on yourself. Leave the field empty to stay anonymous.")),
    h("div", { class: "actions" }, h("span"), h("button", { type: "submit", class: "primary" }, "Begin"))));
}

function size() {
  return Math.max(...test.trials.map((trial) => trial.files.length));
}

/** After a reload: sound needs a gesture first. */
function resume(page) {
  const start = button("Continue", async () => {
    await player.open();
    player.volume(session.state.volume);
    show();
  }, { class: "primary" });
  main.replaceChildren(
    h("h1", {}, "Welcome back"),
    h("p", {}, page < 0
      ? "You were about to begin."
      : `You were at ${page + 1} of ${session.count}. Your answers are still here.`),
    h("div", { class: "actions" }, h("span"), start));
  start.focus();
}

async function trialPage(page) {
  const practice = page < 0;
  const trial = practice ? session.order.at(-1) : session.order[page];
  main.replaceChildren(h("p", { class: "loading" }, "Loading the sounds…"));
  try {
    const takes = session.takes(trial, practice);
    const buffers = await fetchAll(takes.played);
    if (session.state.page !== page) return;
    player.load(buffers);
    shown = new Trial(page, trial, takes, practice);
    main.replaceChildren(shown.element);
    shown.hear(player.current);
  } catch (error) {
    if (session.state.page === page) broken(page, trial, practice, error);
  }
}

function broken(page, trial, practice, error) {
  const skip = () => {
    if (!practice) session.answer(trial).skipped = String(error.message ?? error);
    go(page + 1);
  };
  main.replaceChildren(
    h("h1", {}, "This clip cannot be played"),
    h("p", {}, `${error.message ?? error} Your answers so far are kept.`),
    h("div", { class: "actions" }, button("Skip it", skip), button("Try again", show, { class: "primary" })));
}

function end() {
  const given = abx ? session.right() : null;
  const save = button("Save the results", saveResults, { class: "primary" });
  const text = h("textarea", { rows: 4, readonly: true, "aria-label": "The results as text" });
  const again = button("Another listener", () => {
    if (!session.state.saved) saveResults();
    const ask = "Start over? The answers are then only in the saved file. Check that you have it.";
    if (confirm(ask)) {
      session.restart();
      show();
    }
  }, { class: "quiet" });
  main.replaceChildren(
    h("h1", {}, "Thank you"),
    h("p", {}, "The test is finished. Save the results, and send the file to the person who gave you this test."),
    ...(given ? [h("p", {}, `You were right in ${given[0]} of ${given[1]} trials.`)] : []),
    commentBox("Anything to add? (optional)", session.state.comment, (value) => {
      session.state.comment = value;
      session.state.saved = null;
      keep();
    }),
    h("div", { class: "actions" }, button("Back", () => go(session.count - 1)), save),
    h("details", { ontoggle: () => { text.value = JSON.stringify(session.results(), null, 1); } },
      h("summary", {}, "No file appeared?"),
      h("p", {}, "Copy this text and send it instead."), text),
    h("p", {}, again));
}

/* Sound */

const decoded = new Map();

async function fetchAll(names) {
  const wanted = new Set(names);
  for (const name of decoded.keys()) if (!wanted.has(name)) decoded.delete(name);
  return Promise.all(names.map(async (name) => {
    if (!decoded.has(name)) decoded.set(name, decode(name));
    try {
      return await decoded.get(name);
    } catch (error) {
      decoded.delete(name);
      throw error;
    }
  }));
}

async function decode(name) {
  const text = atob(await delivered(name));
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  try {
    return await player.decode(bytes.buffer);
  } catch {
    throw new Error("This browser cannot decode the sound; a current Firefox, Chrome or Safari can.");
  }
}

/** The sound as text: from the page, or from a script file, which also works for local files. */
function delivered(name) {
  if (listening.sounds.has(name)) return listening.sounds.get(name);
  return new Promise((resolve, reject) => {
    const script = h("script", { src: `audio/${name}.js` });
    const finish = (act) => {
      clearTimeout(timer);
      script.remove();
      act();
    };
    const failed = () => finish(() => reject(new Error("A sound file is missing next to the page, or the connection is lost.")));
    const timer = setTimeout(failed, 120000);
    listening.waiting.set(name, () => finish(() => {
      resolve(listening.sounds.get(name));
      listening.sounds.delete(name);
    }));
    script.onerror = failed;
    document.head.append(script);
  });
}

/* Saving */

function saveResults() {
  session.state.saved = new Date().toISOString();
  keep();
  const blob = new Blob([JSON.stringify(session.results(), null, 1)], { type: "application/json" });
  const link = h("a", { href: URL.createObjectURL(blob), download: session.fileName() });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  say(`Saved as ${session.fileName()} in the download folder of this browser.`);
}

document.getElementById("save").addEventListener("click", saveResults);
document.addEventListener("keydown", (event) => shown?.key(event));
document.addEventListener("keyup", (event) => {
  /* Firefox presses a focused button when the space bar is released */
  if (event.key === " " && event.target.matches(".sound, .play")) event.preventDefault();
});
player.onTick = () => shown?.tick();
show();
