/** The frame of every page: menu, search, language, signed-in person. */
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.ts";
import { type Page, PAGES } from "./pages.ts";
import { Interruptions } from "./parts/interruptions.ts";
import { Notices, undoLast } from "./parts/notices.ts";
import { SilentServices } from "./parts/silent-services.ts";
import { PatientSearch } from "./parts/patient-search.ts";
import { isOffered, MENU } from "./platform/menu.ts";
import { loadModule } from "./platform/modules.ts";
import { go, hrefOf, place } from "./platform/router.ts";
import { isOpenToAll } from "./platform/settings.ts";
import { person, signOut } from "./platform/sign-in.ts";
import { LANGUAGES, type Language, language, speak, t } from "./platform/texts.ts";

/** Roles without a patient search. */
const WITHOUT_PATIENTS = ["administrator", "auditor"];

const loaded = new Map<string, Page>(); // bounded by PAGES

type Shown = Page | "loading" | "failed" | undefined;

/** The page with this name; the previous page is not shown, and loads nothing, under the new URL. */
function usePage(name: string): Shown {
  const [state, setState] = useState<{ name: string; page: Shown }>({ name: "", page: "loading" });
  const load = Object.hasOwn(PAGES, name) ? PAGES[name] : undefined;
  useEffect(() => {
    let isOver = false;
    const show = (page: Shown) => !isOver && setState({ name, page });
    if (load === undefined) return;
    loadModule(load).then(
      ({ default: found }) => {
        loaded.set(name, found);
        show(found);
      },
      () => show("failed"),
    );
    return () => {
      isOver = true;
    };
  }, [name]);
  return loaded.get(name) ?? (state.name === name ? state.page : load && "loading");
}

function onKeyDown(event: KeyboardEvent): void {
  const isTyping = (event.target as HTMLElement).closest("input, textarea, select");
  if (event.altKey && event.code === "KeyZ") {
    event.preventDefault();
    undoLast();
  } else if (event.key === "/" && !isTyping) {
    event.preventDefault();
    document.getElementById("patient-search")?.focus();
  }
}

/** Scrolls the menu to the current page. `scrollIntoView` would make the next Tab start there, skipping what comes first. */
function showInMenu(): void {
  const current = document.querySelector(".pages [aria-current]")?.getBoundingClientRect();
  const menu = document.querySelector("header nav");
  const shown = menu?.getBoundingClientRect();
  if (current && shown) menu?.scrollBy({ left: current.left + current.width / 2 - shown.left - shown.width / 2 });
}

/** The whole document. */
export function Shell() {
  const { page: name, argument, part } = place.value;
  const page = usePage(name);
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const title = t(MENU[name]?.title ?? "page.none");
  useEffect(() => {
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
  useEffect(() => {
    document.title = `${title} · OpenWard`;
  }, [title]);
  useEffect(() => {
    // So that screen readers announce the new page.
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
    showInMenu();
  }, [name, argument, part]);
  const isShown = typeof page === "function";
  useEffect(() => {
    const meant = part === undefined ? null : document.getElementById(`part-${part}`);
    if (!isShown || !meant) return;
    meant.tabIndex = -1;
    meant.focus();
  }, [name, argument, part, isShown]);
  const hasPatients = !person.value?.roles.every((role) => WITHOUT_PATIENTS.includes(role));
  return html`<a class="skip" href="#main" onClick=${(event: Event) => {
    event.preventDefault();
    main.current?.focus();
  }}>${t("skip")}</a>
    <header>
    ${isOpenToAll() && html`<p class="open-to-all">${t("openToAll")}</p>`}
    <div class="interruptions"><${Interruptions} kind="open-to-all" /></div>
    <div class="top">
      <a class="brand" href=${hrefOf("home")}>OpenWard</a>
      <nav aria-label=${t("menu")}><ul class="pages">${Object.entries(MENU)
        .filter(([, entry]) => isOffered(entry))
        .map(
          ([key, entry]) =>
            html`<li key=${key}><a href=${hrefOf(key)} aria-current=${key === name ? "page" : undefined}>${t(entry.title)}</a></li>`,
        )}</ul></nav>
      <div class="top-end">
      ${hasPatients && html`<div class="top-search"><${PatientSearch} id="patient-search" label=${t("search")} isLabelHidden shortcut="/" onPick=${({ id }: { id?: string }) => go("chart", id)} /></div>`}
      <${Own} />
      </div>
    </div></header>
    <main id="main" ref=${main} tabindex="-1" aria-labelledby="page-title" data-page=${isShown ? name : undefined}><h1 id="page-title">${title}</h1>
      <${SilentServices} />
      ${page === undefined && html`<p>${t("page.none")}</p>`}
      ${page === "loading" && html`<p class="muted" role="status" aria-busy="true">${t("loading")}</p>`}
      ${isShown && html`<${page} key=${`${name}/${argument ?? ""}/${part ?? ""}`} argument=${argument} part=${part} />`}
    </main>
    <${Notices} />`;
}

/** Language, and the signed-in person. */
function Own() {
  const change = ({ currentTarget }: { currentTarget: HTMLSelectElement }) =>
    speak(currentTarget.value as Language).catch(() => {
      currentTarget.value = language.value;
    });
  return html`<div class="own">
    <label class="visually-hidden" for="language">${t("language")}</label>
    <select id="language" value=${language.value} onChange=${change}>
      ${LANGUAGES.map(([code, own]) => html`<option key=${code} value=${code} lang=${code}>${own}</option>`)}
    </select>
    ${person.value && html`<a class="who" dir="auto" href="/auth/account" title=${t("account.own")}><bdi>${person.value.name}</bdi></a> <button type="button" class="sign-out" title=${t("signOut")} onClick=${signOut}><svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d="M9.5 2h-7v12h7M6 8h8.5M11 4.5 14.5 8 11 11.5" /></svg><span>${t("signOut")}</span></button>`}
  </div>`;
}
