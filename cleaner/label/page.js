// The labelling page: asks the server for a page, lets a person label its blocks, sends the labels back.
// Text of pages only ever becomes textContent: nothing in it can be markup or run here.
"use strict";

const $ = (id) => document.getElementById(id);
let session = { labels: [], unjudged: "", with_spam: "", pages: [] };
let letters = {}; // label → the letter that stands for it
let page = null; // the page that is shown, as the server sent it
let number = 0; // its place in session.pages
let labels = []; // one for each block
let spam = new Set(); // places of the marks that are confirmed
let anchor = 0, cursor = 0; // the chosen blocks reach from one to the other
let saved = labels; // what labels were when the page was shown or saved: each change makes new ones
let past = []; // what labels and spam were, for undo
let busy = false; // the server has been asked and has not answered

const changed = () => labels !== saved;

// From and to the server. Addresses are relative to the token that this page was opened with.

async function ask(path, body) {
  const answer = await fetch(path, body && { method: "POST", body: JSON.stringify(body) });
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

async function alone(work) {
  if (busy) return wait(); // of an impatient second key press
  busy = true;
  try {
    await work();
  } catch (error) {
    const gone = error instanceof TypeError; // how fetch tells that nobody answers
    say(gone ? "no answer: is `cleaner label` still running?" : error.message, true);
  } finally {
    busy = false;
  }
}

// What is changed while the server is asked could be lost, or be said to be saved.
const wait = () => say("one moment: the server has not answered yet");

async function show(wanted) {
  if (!session.pages[wanted]) return say(wanted < 0 ? "this is the first page" : "this was the last page");
  page = await ask(`pages/${wanted}`);
  number = wanted;
  labels = page.blocks.map((block) => block.label);
  spam = new Set(Object.keys(page.marks).filter((place) => page.marks[place].confirmed));
  [anchor, cursor, saved, past] = [0, 0, labels, []];
  draw();
  if (page.error) return say(page.error, true);
  const state = page.done ? "labelled already" : page.judged ? "labelled elsewhere, not saved here" : "proposals: correct and save";
  say(page.unmatched ? `${state}; labelled texts that the page does not hold, which a change drops: ${page.unmatched}` : state);
}

async function save() {
  if (!labels.length) return;
  const answer = await ask(`pages/${number}`, { labels, marks: [...spam], version: page.version });
  [session, page.version, saved] = [answer, answer.version, labels];
  [page.judged, page.done] = [true, true];
  drawProgress();
  labels.forEach((_, at) => paint(at)); // by now labels are the person's, no longer proposals
  say("saved");
}

const turn = (step) => alone(async () => {
  if (changed()) await save();
  await show(number + step);
});

// Drawing.

function say(text, isError = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", isError);
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

const colour = (label) => (label === session.unjudged ? "none" : session.labels.indexOf(label) % 6);

function draw() {
  document.title = `${page.name} – cleaner label`;
  $("url").textContent = page.url.startsWith("file:") ? "" : `· ${page.url}`;
  $("blocks").replaceChildren(...page.blocks.map(drawBlock));
  labels.forEach((_, at) => paint(at));
  drawProgress();
  location.replace(`#${number + 1}`); // so that reloading comes back to this page
  scrollTo(0, 0);
  choose(0, 0);
}

function drawBlock(block, at) {
  const item = element("li", block.has_words ? "" : "wordless", "");
  item.setAttribute("role", "option");
  item.dataset.at = at;
  const text = element("span", "text", "");
  text.dir = "auto";
  for (const [piece, mark] of block.pieces) {
    const part = element(mark ? "mark" : "span", "", piece);
    if (mark) [part.dataset.mark, part.title] = [mark, page.marks[mark].reason];
    text.append(part);
  }
  item.append(element("span", "gutter", ""), text);
  return item;
}

// What of a block depends on its label and marks.
function paint(at) {
  const block = page.blocks[at], item = $("blocks").children[at], label = labels[at];
  const differs = block.has_words && label !== block.proposal;
  item.dataset.colour = colour(label);
  item.classList.toggle("doubtful", block.doubtful && !page.judged);
  item.classList.toggle("differs", differs && page.judged && !block.doubtful && label !== session.unjudged);
  item.title = block.has_words ? `${label}; the model: ${block.proposal} ${block.confidence.toFixed(2)}` : "no words: nothing to label";
  const sure = block.confidence.toFixed(2) + (block.doubtful ? "?" : "");
  const beside = !block.has_words ? "" : differs ? ` → ${letters[block.proposal]} ${sure}` : ` ${sure}`;
  const letter = element("span", "letter", block.has_words ? letters[label] : "·");
  letter.setAttribute("aria-label", label);
  item.firstChild.replaceChildren(letter, beside);
  for (const mark of item.querySelectorAll("mark")) mark.classList.toggle("confirmed", label === session.with_spam && spam.has(mark.dataset.mark));
}

function drawProgress() {
  const done = session.pages.filter((each) => each.done).length;
  $("count").textContent = `labelled ${done} of ${session.pages.length} pages`;
  [$("progress").max, $("progress").value] = [session.pages.length, done];
  const options = session.pages.map((each, at) => new Option(`${at + 1}. ${each.name}${each.done ? " ✓" : ""}`, at));
  $("go").replaceChildren(...options);
  $("go").value = number;
}

function drawLabels() {
  for (const label of session.labels) {
    const free = [...label.toUpperCase(), ..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].find((each) => !Object.values(letters).includes(each));
    letters[label] = free || label;
  }
  letters[session.unjudged] = "–";
  const button = (label, key) => {
    const made = element("button", "", "");
    made.dataset.colour = colour(label);
    if (key < 10) made.append(element("kbd", "", key));
    made.append(" ", element("b", "", letters[label]), ` ${label}`);
    made.onclick = () => give(label);
    return made;
  };
  $("labels").replaceChildren(...session.labels.map((label, at) => button(label, at + 1)), button(session.unjudged, 0));
}

// Choosing and labelling.

function choose(from, to) {
  const items = $("blocks").children;
  if (!items.length) return;
  chosen().forEach((at) => items[at].setAttribute("aria-selected", false));
  items[cursor].tabIndex = -1;
  [anchor, cursor] = [from, to].map((at) => Math.max(0, Math.min(at, items.length - 1)));
  chosen().forEach((at) => items[at].setAttribute("aria-selected", true));
  items[cursor].tabIndex = 0;
  items[cursor].focus({ preventScroll: true });
  items[cursor].scrollIntoView({ block: "nearest" });
}

function chosen() {
  const first = Math.min(anchor, cursor);
  return page.blocks.slice(first, Math.max(anchor, cursor) + 1).map((_, at) => first + at);
}

function change(work) {
  if (busy) return wait();
  past.push([labels, spam]);
  [labels, spam] = [labels.slice(), new Set(spam)];
  chosen().forEach(work);
  chosen().forEach(paint);
  say("not saved yet");
}

const give = (label) => change((at) => {
  if (page.blocks[at].has_words) labels[at] = label;
});

function toggleSpam() {
  const blocks = chosen().filter((at) => labels[at] === session.with_spam);
  const marks = blocks.flatMap((at) => page.blocks[at].pieces.map(([, mark]) => mark)).filter((mark) => mark);
  if (!marks.length) return say(`nothing to mark here: spam is an underlined stretch of ${session.with_spam} blocks`);
  const all = marks.every((mark) => spam.has(mark));
  change(() => marks.forEach((mark) => (all ? spam.delete(mark) : spam.add(mark))));
}

function undo() {
  if (busy) return wait();
  if (!past.length) return say("nothing to undo");
  [labels, spam] = past.pop();
  labels.forEach((_, at) => paint(at));
  say(changed() ? "undone; not saved yet" : "undone; nothing is changed");
}

function nextDoubt() {
  const found = [...$("blocks").children].findIndex((item, at) => at > cursor && item.matches(".doubtful, .differs"));
  if (found < 0) return say("no doubt below");
  choose(found, found);
}

// Keys and mouse.

const KEYS = {
  j: (extend) => choose(extend ? anchor : cursor + 1, cursor + 1),
  k: (extend) => choose(extend ? anchor : cursor - 1, cursor - 1),
  n: () => turn(1),
  p: () => turn(-1),
  s: () => alone(save),
  x: toggleSpam,
  u: undo,
  d: nextDoubt,
};
[KEYS.arrowdown, KEYS.arrowup] = [KEYS.j, KEYS.k];

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
  const key = event.key.toLowerCase();
  const label = key === "0" ? session.unjudged : session.labels[key - 1];
  if (page && label) give(label);
  else if (page && Object.hasOwn(KEYS, key)) KEYS[key](event.shiftKey);
  else return;
  event.preventDefault();
});

const blockAt = (event) => +(event.target.closest("li")?.dataset.at ?? -1);
$("blocks").addEventListener("pointerdown", (event) => {
  const at = blockAt(event);
  if (event.button || at < 0) return;
  event.preventDefault(); // else the browser moves the focus, and begins to drag text
  choose(event.shiftKey ? anchor : at, at);
});
$("blocks").addEventListener("pointerover", (event) => {
  const at = blockAt(event);
  if (event.buttons === 1 && at >= 0 && at !== cursor) choose(anchor, at);
});

for (const [id, key] of Object.entries({ previous: "p", next: "n", save: "s", undo: "u", doubt: "d", spam: "x" }))
  $(id).onclick = () => KEYS[key]();
$("go").onchange = async () => {
  await turn(+$("go").value - number);
  $("go").value = number; // where that could not be done
};
addEventListener("beforeunload", (event) => changed() && event.preventDefault());

alone(async () => {
  session = await ask("pages");
  drawLabels();
  const first = session.pages.findIndex((each) => !each.done);
  await show(+location.hash.slice(1) - 1 in session.pages ? +location.hash.slice(1) - 1 : Math.max(first, 0));
});
