// Keeps a page as the server has it: asks again while somebody looks at it, and leaves alone what they do there. Shows times in
// their zone, and helps by keys. Without it all works, too: the page is then as old as its loading.
const EVERY_MS = 10_000;
// A server that does not answer is asked sooner at first, then more and more rarely, but at least so often.
const SOONEST_MS = 5_000;
const RAREST_MS = 60_000;
const PATIENCE_MS = 30_000;

const main = document.getElementById("main");
const icon = document.querySelector("link[rel=icon]");

// Times

const two = (number) => String(number).padStart(2, "0");

// As the server says it: see words.rs.
function rough(ms) {
  const secs = Math.floor(Math.abs(ms) / 1000);
  const [mins, hours, days] = [60, 3600, 86_400].map((unit) => Math.floor(secs / unit));
  if (secs < 60) return `${secs}s`;
  if (secs < 3600) return `${mins}m`;
  if (secs < 86_400) return `${hours}h ${mins % 60}m`;
  return days < 14 ? `${days}d ${hours % 24}h` : `${days}d`;
}

function fromNow(ms) {
  if (ms > 0) return `in ${rough(ms)}`;
  return ms > -1000 ? "just now" : `${rough(ms)} ago`;
}

const date = (at) => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;

function clock(at, today) {
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  return date(at) === today ? time : `${date(at)} ${time}`;
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Shows the times below a node in the viewer's zone; `now`, where it is known, is the server's time: how long ago they are.
function localise(root, now) {
  const today = date(new Date(now ?? Date.now()));
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const small = time.querySelector("small");
    if (Number.isNaN(at.getTime())) continue;
    const lasts = time.classList.contains("lasts");
    if (now !== undefined) {
      say(time.firstChild, (lasts ? rough(now - at) : fromNow(at - now)) + (small ? " " : ""));
    }
    if (small) say(small, (lasts ? "since " : "") + clock(at, today));
    time.title = at.toISOString().replace("T", " ").replace(/(\.\d+)?Z$/, " UTC");
  }
}

// What changed

// What of a page the viewer changes: it stays as they have it. A form keeps its rid, so that it counts once.
const isTheirs = (node, name) =>
  (name === "open" && node.localName === "details") || (name === "value" && node.name === "rid");

const keyOf = (node) => node.id || node.dataset?.key;
const kindOf = (node) => `${node.nodeName} ${keyOf(node) ?? ""}`;

function become(node, fresh, byKey) {
  if (node.nodeType !== Node.ELEMENT_NODE) {
    if (node.data !== fresh.data) node.data = fresh.data;
    return;
  }
  if (node.isEqualNode(fresh)) return;
  for (const { name } of [...node.attributes]) {
    if (!fresh.hasAttribute(name) && !isTheirs(node, name)) node.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (node.getAttribute(name) !== value && !isTheirs(node, name)) node.setAttribute(name, value);
  }
  const rest = new Map();
  for (const child of node.childNodes) {
    if (!rest.has(kindOf(child))) rest.set(kindOf(child), []);
    rest.get(kindOf(child)).push(child);
  }
  const children = [...fresh.childNodes].map((wanted) => {
    // What has a key is found wherever it was: a row goes from one part of a list to another.
    const kind = kindOf(wanted);
    const same = keyOf(wanted) ? byKey.get(kind) : rest.get(kind)?.shift();
    byKey.delete(kind);
    return [same ?? document.importNode(wanted, false), wanted];
  });
  const stay = new Set(children.map(([child]) => child));
  for (const child of [...node.childNodes]) if (!stay.has(child)) child.remove();
  let place = node.firstChild;
  for (const [child, wanted] of children) {
    if (child === place) place = place.nextSibling;
    else put(node, child, place);
    become(child, wanted, byKey);
  }
}

// Where a browser can, it moves a node as it is, with the focus in it.
function put(parent, child, before) {
  if (child.isConnected && parent.moveBefore) parent.moveBefore(child, before);
  else parent.insertBefore(child, before);
}

function show(fresh, now) {
  localise(fresh, now);
  const focused = document.activeElement;
  const status = main.dataset.status;
  const keyed = [...main.querySelectorAll("[id], [data-key]")];
  become(main, fresh.getElementById("main"), new Map(keyed.map((node) => [kindOf(node), node])));
  if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
  title = fresh.title;
  image = fresh.querySelector("link[rel=icon]").href;
  if (main.dataset.status !== status) {
    say(said, `${main.dataset.status} now: ${main.querySelector("h1").textContent}`);
  }
}

// A page of another version brings its own script, unless something is typed that would be lost.
function isOutdated(fresh) {
  const version = (page) => page.querySelector("script[src]")?.getAttribute("src");
  return version(fresh) !== version(document) && !isTyped;
}

// Asking again

// Only the worst status and whether the server answers are read out.
const said = document.createElement("p");
said.className = "said";
said.setAttribute("role", "status");
const stale = document.createElement("section");
stale.className = "banner bad stale";
stale.setAttribute("aria-label", "How old this page is");
stale.hidden = true;

let title = document.title;
let image = icon.href;
let tag = main.dataset.tag;
let asOf = Date.now();
let failures = 0;
let why = "";
let isAsking = false;
let isTyped = false;
let timer;
let ticking;

function head() {
  document.title = failures > 0 ? `(old) ${title}` : title;
  const href = failures > 0 ? icon.dataset.old : image;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

function age() {
  say(stale.firstChild, `This page is ${rough(Date.now() - asOf)} old: ${why}. `);
}

function answered() {
  asOf = Date.now();
  if (failures > 0) say(said, "The server answers again");
  failures = 0;
  stale.hidden = true;
  clearInterval(ticking);
}

function failed(reason) {
  why = reason;
  failures += 1;
  age();
  if (failures === 1) {
    say(said, reason);
    clearInterval(ticking);
    ticking = setInterval(age, 1000);
  }
  stale.hidden = false;
}

function reasonOf(answer) {
  if (answer.type === "opaqueredirect" || answer.status === 401) return "you are signed out, or it has moved";
  if (answer.status === 403) return "you may not see it any more";
  if (answer.status === 404) return "the server has no such page any more";
  if (answer.ok) return "something else answers in the server's place";
  return `the server answers with status ${answer.status}`;
}

function take(answer, text) {
  if (!answer) return failed("the server does not answer");
  const now = Date.parse(answer.headers.get("date")) || undefined;
  if (answer.status === 304) {
    localise(main, now);
    return answered();
  }
  const fresh = answer.ok ? new DOMParser().parseFromString(text, "text/html") : undefined;
  if (!fresh?.querySelector("main[data-tag]")) return failed(reasonOf(answer));
  if (isOutdated(fresh)) return location.reload();
  show(fresh, now);
  tag = answer.headers.get("etag");
  answered();
}

async function ask() {
  clearTimeout(timer);
  if (isAsking || document.hidden) return;
  isAsking = true;
  try {
    take(...(await get()));
  } finally {
    isAsking = false;
    head();
    const wait = failures > 0 ? Math.min(SOONEST_MS * 2 ** (failures - 1), RAREST_MS) : EVERY_MS;
    timer = setTimeout(ask, wait);
  }
}

// The answer and its text, or nothing.
async function get() {
  const headers = { "If-None-Match": tag };
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const answer = await fetch(location.href, { headers, signal, redirect: "manual", cache: "no-store" });
    return [answer, await answer.text()];
  } catch {
    return [];
  }
}

if (tag) {
  const again = document.createElement("a");
  again.href = location.href;
  again.textContent = "Load it again";
  stale.append("", again);
  main.before(said, stale);
  timer = setTimeout(ask, EVERY_MS);
  document.addEventListener("visibilitychange", ask);
  addEventListener("online", ask);
  main.addEventListener("input", () => (isTyped = true));
  addEventListener("pageshow", (event) => event.persisted && ask());
}
localise(document);

// Copying

// Its buttons are shown by the style.
document.documentElement.classList.add("scripted");

// The lines stay chosen: where a browser lets no page copy, people can. The clipboard of pages is there with TLS alone.
async function copy(button) {
  const lines = button.previousElementSibling;
  getSelection().selectAllChildren(lines);
  const asked = () => navigator.clipboard?.writeText(lines.textContent).then(() => true, () => false);
  const became = document.execCommand("copy") || (await asked()) ? "Copied" : "Chosen";
  say(button.firstChild, became);
  say(said, became);
  setTimeout(() => say(button.firstChild, "Copy"), 2000);
}

main.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) copy(button);
});

// Keys

const KEYS = [
  ["/", "to the filter"],
  ["j", "to the next one of a list"],
  ["k", "to the one before"],
  ["Enter", "open it"],
  ["a", "answer the incident"],
  ["?", "this help"],
];

function element(name, text, ...children) {
  const made = document.createElement(name);
  made.append(text, ...children);
  return made;
}

const help = element("dialog", "", element("h2", "Keys"));
const list = element("dl", "");
for (const [key, does] of KEYS) list.append(element("dt", "", element("kbd", key)), element("dd", does));
const close = element("button", "Close");
close.addEventListener("click", () => help.close());
help.append(list, close);
help.setAttribute("aria-label", "Keys");
const opener = element("button", "?");
opener.className = "keys";
opener.setAttribute("aria-label", "Keys");
opener.addEventListener("click", () => help.showModal());
document.querySelector("nav").append(opener, help);

// To the link of the row that is so many further down.
function move(by) {
  const links = [...main.querySelectorAll("a.name")];
  const row = document.activeElement?.closest("tr");
  const at = links.findIndex((link) => row?.contains(link));
  const to = at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1);
  links[to]?.focus();
}

function toAnswer() {
  const form = main.querySelector("details[data-key^=Answer]");
  if (!form) return;
  form.open = true;
  form.querySelector("input:not([type=hidden]), button").focus();
}

const DOES = {
  "/": () => main.querySelector("input[type=search]")?.focus(),
  j: () => move(1),
  k: () => move(-1),
  a: toAnswer,
  "?": () => help.showModal(),
};

document.addEventListener("keydown", (event) => {
  const isElsewhere = event.target.closest?.("input:not([type=hidden]), select, textarea, dialog");
  if (isElsewhere || event.ctrlKey || event.altKey || event.metaKey || !Object.hasOwn(DOES, event.key)) return;
  event.preventDefault();
  DOES[event.key]();
});
