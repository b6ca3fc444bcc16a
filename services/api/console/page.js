// Asks every two seconds what runs where, and shows it. Plain text only goes into the page, never markup.
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const rate = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const show = (value, format = number) => (value === null ? "–" : format.format(value));

function size(bytes) {
  if (bytes === null) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${rate.format(bytes / 1000 ** power)} ${units[power]}`;
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function row(service) {
  const tr = document.createElement("tr");
  const nodes = element("td", "");
  if (service.nodes.length === 0) nodes.append(element("span", "down", { class: "down" }));
  else nodes.append(...service.nodes.map((node) => element("span", node, { class: "node" })));
  tr.append(
    element("th", service.name, { scope: "row" }),
    nodes,
    element("td", show(service.documents), { "data-label": "Documents" }),
    element("td", size(service.bytes), { "data-label": "Size" }),
    element("td", show(service.requestsPerSecond, rate), { "data-label": "Calls / s" }),
  );
  return tr;
}

function state(text, isBad) {
  $("state").textContent = text;
  $("state").classList.toggle("bad", isBad);
}

async function look() {
  try {
    const mesh = await (await fetch("/console.json")).json();
    const down = mesh.services.filter((it) => it.nodes.length === 0);
    state(down.length === 0 ? "All services are up" : `Down: ${down.map((it) => it.name).join(", ")}`, down.length > 0);
    $("rate").textContent = rate.format(mesh.requestsPerSecond);
    $("documents").textContent = number.format(mesh.services.reduce((sum, it) => sum + (it.documents ?? 0), 0));
    $("up").textContent = `${mesh.services.length - down.length} / ${mesh.services.length}`;
    $("nodes").textContent = number.format(mesh.nodes.filter((it) => it.isAlive).length);
    $("services").replaceChildren(...mesh.services.map(row));
  } catch {
    state("The gateway does not answer", true);
  }
  setTimeout(look, 2000);
}
look();
