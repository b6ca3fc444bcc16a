/** The start page: the person's work lists, by role, and their pages. */
import { html } from "../html.ts";
import { isOffered, MENU } from "../platform/menu.ts";
import { hrefOf } from "../platform/router.ts";
import { person } from "../platform/sign-in.ts";
import { joined, listed, t, tIfAny } from "../platform/texts.ts";
import { MyWork } from "./home/my-work.ts";

export default function Home() {
  const offered = Object.entries(MENU).filter(([key, entry]) => key !== "home" && isOffered(entry));
  return html`<p class="muted">${person.value ? joined(t("home.hello", { name: person.value.name }), listed(person.value.roles.map((role) => tIfAny(`role.${role}`) ?? role))) : t("home.anybody")}</p>
    <${MyWork} />
    <section class="stack" aria-labelledby="home-pages"><h2 id="home-pages">${t("menu")}</h2>
      <ul class="cards">${offered.map(
        ([key, entry]) =>
          html`<li key=${key}><a class="card" href=${hrefOf(key)}><strong>${t(entry.title)}</strong><span class="muted">${tIfAny(`${key}.about`)}</span></a></li>`,
      )}</ul></section>
    <p class="keys muted">${t("home.keys")}</p>`;
}
