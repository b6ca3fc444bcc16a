/** The signed-in person's work by role: the amount, and the page where it is done. Unknown amounts are marked. */
import { useEffect, useState } from "preact/hooks";
import { html } from "../../html.ts";
import { useNews } from "../../platform/live.ts";
import { useLoad } from "../../platform/load.ts";
import { chooseWard, useAllWards, wardOf } from "../../platform/own-ward.ts";
import { hrefOf } from "../../platform/router.ts";
import { person } from "../../platform/sign-in.ts";
import { numberIn, t } from "../../platform/texts.ts";
import { careSources } from "./care.ts";
import { adminSources, benchSources, cashSources, deskSources, pharmacySources, recordsSources } from "./desks.ts";
import type { Counted, Source, WorkKey } from "./work.ts";

/** In the order in which they are shown; each is read separately, so that one that is down does not affect the others. */
const SOURCES: readonly Source[] = [
  ...careSources,
  ...benchSources,
  ...pharmacySources,
  ...deskSources,
  ...cashSources,
  ...recordsSources,
  ...adminSources,
];

/** Notifications within this time are handled together, milliseconds: counts of a whole hospital need not follow each of its changes. */
const TOGETHER_MS = 1_000;

const isMine = ({ roles }: Source): boolean => {
  const own = person.value?.roles;
  return own === undefined || roles.some((role) => own.includes(role));
};

interface Told {
  /** Changes with each notification. */
  turn: number;
  isAll: boolean;
  types: ReadonlySet<string>;
}

/** Interval of reading sources with notifications, milliseconds: a dose becomes due without a change. */
const EVERY_MS = 30_000;

export function MyWork() {
  const [told, setTold] = useState<Told>({ turn: 0, isAll: false, types: new Set() });
  const [everyMs, setEveryMs] = useState(EVERY_MS);
  const mine = SOURCES.filter(isMine);
  const types = [...new Set(mine.flatMap((source) => source.types))].sort().join();
  const hasWard = mine.some(({ isOfWard }) => isOfWard);
  const changed = () => setTold(({ turn }) => ({ turn: turn + 1, isAll: true, types: new Set() }));
  if (mine.length === 0) return null;
  return html`<section class="stack" aria-labelledby="home-work">
    <div class="ward-bar"><h2 id="home-work">${t("home.work")}</h2>${hasWard && html`<${MyWard} onChange=${changed} />`}</div>
    ${types !== "" && html`<${Listening} types=${types} onNews=${(news: Omit<Told, "turn">) => setTold(({ turn }) => ({ turn: turn + 1, ...news }))} onEvery=${setEveryMs} />`}
    <ul class="cards work">${mine.map((source) => html`<${OfSource} key=${source.name} source=${source} told=${told} everyMs=${everyMs} />`)}</ul>
  </section>`;
}

/** Chooses the person's own ward. @param onChange called when another ward was chosen */
function MyWard({ onChange }: { onChange: () => void }) {
  const known = useAllWards();
  const [chosen, setChosen] = useState<string | undefined>();
  const all = known.value?.wards ?? [];
  if (all.length === 0) return null;
  const choose = (location: string) => {
    chooseWard(location);
    setChosen(location);
    onChange();
  };
  return html`<label class="visually-hidden" for="own-ward">${t("home.ward")}</label>
    <select id="own-ward" value=${chosen ?? wardOf(all)?.location} onChange=${({ currentTarget }: { currentTarget: HTMLSelectElement }) => choose(currentTarget.value)}>
      ${all.map(({ location, name }) => html`<option key=${location} value=${location}>${name}</option>`)}
    </select>`;
}

interface ListeningProps {
  types: string;
  onNews: (news: Omit<Told, "turn">) => void;
  /** Sets the interval of reading, milliseconds: shorter while no notifications arrive. */
  onEvery: (everyMs: number) => void;
}

/** One stream for all sources: browsers allow few connections to one server. */
function Listening({ types, onNews, onEvery }: ListeningProps) {
  const { everyMs } = useNews(`types=${types}`, onNews, TOGETHER_MS);
  useEffect(() => onEvery(everyMs), [everyMs]);
  return null;
}

function OfSource({ source, told, everyMs }: { source: Source; told: Told; everyMs: number }) {
  const known = useLoad(source.name, source.read, Math.min(source.everyMs ?? EVERY_MS, everyMs));
  useEffect(() => {
    if (told.turn > 0 && (told.isAll || source.types.some((type) => told.types.has(type)))) known.reload();
  }, [told.turn]);
  if (known.error?.status === 403 || known.error?.isAbsent) return null; // not for this role, or not in this hospital
  return html`${source.works.map((key) => html`<${Card} key=${key} work=${key} counted=${known.error ? undefined : known.value?.[key]} isLoading=${known.isLoading} />`)}`;
}

interface CardProps {
  work: WorkKey;
  /** Absent: unknown. */
  counted: Counted | undefined;
  isLoading: boolean;
}

function Card({ work, counted, isLoading }: CardProps) {
  const { n, says, isUrgent, place = [] } = counted ?? {};
  const [page = "home", argument, part] = place;
  const isKnown = n !== undefined;
  const count = isKnown
    ? html`<strong class="count">${numberIn(n)}</strong>`
    : isLoading
      ? html`<span class="count muted" aria-hidden="true">…</span>`
      : html`<span class="not-known"><span aria-hidden="true">?</span> ${t("notKnown.short")}</span>`;
  const content = html`${count}<span>${t(work)}</span>${says && html`<span class=${isUrgent ? "tag bad" : "tag"}>${isUrgent && "⚠ "}${says()}</span>`}`;
  const classes = ["card", "work", isKnown && n === 0 && "nothing", isUrgent && "urgent"].filter(Boolean).join(" ");
  if (place.length === 0) return html`<li aria-busy=${isLoading}><span class=${classes}>${content}</span></li>`;
  return html`<li aria-busy=${isLoading}><a class=${classes} href=${hrefOf(page, argument, part)} data-work=${work}>${content}</a></li>`;
}
