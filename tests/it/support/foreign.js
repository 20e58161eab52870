// What a page of another origin tries: every way by which it can have the browser of whoever is signed in send something, or can
// read an answer. Each way that is not harmless is answered by its name.
const ended = (made, within = 5000) =>
  new Promise((done) => {
    made.addEventListener("load", () => done("load"), { once: true });
    made.addEventListener("error", () => done("error"), { once: true });
    setTimeout(done, within, "late");
  });

function put(name, properties) {
  const made = Object.assign(document.createElement(name), properties);
  document.body.append(made);
  return made;
}

async function frame(url) {
  const made = put("iframe", { src: url });
  await ended(made);
  let isRead = false;
  try {
    isRead = made.contentDocument?.URL.startsWith("http") || made.contentWindow.document.title !== "";
  } catch {
    // It is another's.
  }
  made.remove();
  return isRead;
}

async function image(url) {
  const made = put("img", { src: url });
  const how = await ended(made);
  made.remove();
  return how === "load";
}

async function post(url, fields) {
  const into = put("iframe", { name: `into-${Math.random()}` });
  const form = put("form", { method: "post", action: url, target: into.name });
  for (const [name, value] of Object.entries(fields)) form.append(Object.assign(document.createElement("input"), { name, value }));
  const sent = ended(into);
  HTMLFormElement.prototype.submit.call(form);
  await sent;
  form.remove();
  into.remove();
}

async function attack(base, rows) {
  const harmful = [];
  const attackOne = async ([method, path, fields, isOpen]) => {
    const url = base + path;
    const body = ["GET", "HEAD"].includes(method) ? undefined : new URLSearchParams(fields);
    const ask = async (way, options, isHarmless) => {
      try {
        const answer = await fetch(url, { method, body, cache: "no-store", signal: AbortSignal.timeout(20_000), ...options });
        if (!isHarmless(answer)) harmful.push(`${way}: ${method} ${path}: ${answer.status}`);
      } catch {
        // It was not sent, or its answer is not handed out.
      }
    };
    const isSimple = ["GET", "HEAD", "POST"].includes(method);
    await Promise.all([
      ask("read with cookies", { credentials: "include" }, () => false),
      ask("read without", { credentials: "omit" }, () => isOpen),
      ask("read with a header", { credentials: "include", headers: { "Content-Type": "application/json" } }, () => false),
      isSimple && ask("sent unread", { credentials: "include", mode: "no-cors" }, (answer) => answer.type === "opaque"),
    ]);
    if (method === "GET" && (await image(url))) harmful.push(`image: ${path}`);
    if (method === "GET" && (await frame(url))) harmful.push(`frame: ${path}`);
    if (method === "POST") await post(url, fields);
  };
  await Promise.all(rows.map(attackOne));
  return harmful;
}

// The same from a page whose origin is `null`.
function attackFromNowhere(kind, base, rows) {
  const script = `${document.scripts[0].text}\nattack(${JSON.stringify(base)}, ${JSON.stringify(rows)})
    .then((harmful) => parent.postMessage({ origin, harmful }, "*"), (bug) => parent.postMessage({ harmful: [String(bug)] }, "*"));`;
  const page = `<!doctype html><body><script>${script.replaceAll("</", "<\\/")}</scr` + "ipt>";
  const within = kind === "data" ? { src: `data:text/html,${encodeURIComponent(page)}` } : { srcdoc: page };
  return new Promise((done) => {
    addEventListener("message", (event) => {
      done(event.data.origin === "null" ? event.data.harmful : [`its origin is ${event.data.origin}`, ...event.data.harmful]);
      made.remove();
    }, { once: true });
    const made = document.createElement("iframe");
    if (kind === "sandbox") made.setAttribute("sandbox", "allow-scripts allow-forms");
    document.body.append(Object.assign(made, within));
  });
}
