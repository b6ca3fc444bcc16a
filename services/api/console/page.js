// Asks every two seconds what runs where, and shows it. Plain text only goes into the page, never markup.
// Where who asks must sign in it does so as an app: by code and PKCE (RFC 7636). The token stays in this tab.
import { locale, texts, translate } from "./console-texts.js";

const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat(locale);
const rate = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
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
  if (service.nodes.length === 0) nodes.append(element("span", texts.isDown, { class: "down" }));
  else nodes.append(...service.nodes.map((node) => element("span", node, { class: "node" })));
  tr.append(
    element("th", service.name, { scope: "row" }),
    nodes,
    element("td", show(service.documents), { "data-label": texts.documents }),
    element("td", size(service.bytes), { "data-label": texts.size }),
    element("td", show(service.requestsPerSecond, rate), { "data-label": texts.calls }),
  );
  return tr;
}

function state(text, isBad, isGood = false) {
  $("state").textContent = text;
  $("state").classList.toggle("bad", isBad);
  $("state").classList.toggle("good", isGood);
  $("state").removeAttribute("data-text");
}

const CLIENT = "openward-console";
const HERE = `${location.origin}/`;
const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/[+/=]/g, (sign) => ({ "+": "-", "/": "_" })[sign] ?? "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const discovered = async () => (await fetch("/.well-known/smart-configuration")).json();

async function goToSignIn() {
  const { authorization_endpoint } = await discovered();
  const [verifier, state] = [random(), random()];
  sessionStorage.setItem("sign-in", JSON.stringify({ verifier, state }));
  const challenge = base64url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const asked = { client_id: CLIENT, response_type: "code", redirect_uri: HERE, scope: "openid profile actions", state };
  const query = new URLSearchParams({ ...asked, code_challenge: challenge, code_challenge_method: "S256" });
  location.assign(`${authorization_endpoint}?${query}`);
}

/** Back from the sign-in: the code of the address becomes a token. */
async function finishSignIn() {
  const { code, state, error_description: refusal } = Object.fromEntries(new URLSearchParams(location.search));
  const begun = JSON.parse(sessionStorage.getItem("sign-in") ?? "{}");
  if (location.search !== "") history.replaceState(null, "", "/");
  sessionStorage.removeItem("sign-in");
  if (refusal !== undefined) throw new Error(refusal);
  if (code === undefined || state !== begun.state) return;
  const { token_endpoint } = await discovered();
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: CLIENT,
    redirect_uri: HERE,
    code,
    code_verifier: begun.verifier,
  });
  const answer = await (await fetch(token_endpoint, { method: "POST", body })).json();
  if (answer.access_token) sessionStorage.setItem("token", answer.access_token);
}

async function look() {
  let wait = 2000;
  try {
    const token = sessionStorage.getItem("token");
    const answer = await fetch("/console.json", { headers: token === null ? {} : { Authorization: `Bearer ${token}` } });
    $("sign-in").hidden = answer.status !== 401;
    if (answer.status === 401) {
      sessionStorage.removeItem("token");
      state(texts.signInFirst, false);
      $("known").hidden = true;
      return;
    }
    const mesh = await answer.json();
    if (answer.status === 403) {
      state(texts.notAllowed, true);
      $("sign-in").hidden = false;
      return;
    }
    $("known").hidden = false;
    const down = mesh.services.filter((it) => it.nodes.length === 0);
    state(down.length === 0 ? texts.allUp : texts.down(down.map((it) => it.name).join(", ")), down.length > 0, down.length === 0);
    $("rate").textContent = rate.format(mesh.requestsPerSecond);
    $("documents").textContent = number.format(mesh.services.reduce((sum, it) => sum + (it.documents ?? 0), 0));
    $("up").textContent = `${mesh.services.length - down.length} / ${mesh.services.length}`;
    $("nodes").textContent = number.format(mesh.nodes.filter((it) => it.isAlive).length);
    $("services").replaceChildren(...mesh.services.map(row));
    $("open").hidden = !mesh.isOpen;
  } catch {
    state(texts.silent, true);
    wait = 5000;
  }
  setTimeout(look, wait);
}

$("sign-in").addEventListener("click", () => goToSignIn().catch(() => state(texts.signInDown, true)));
translate();
await finishSignIn().catch((error) => state(error.message, true));
await look();
