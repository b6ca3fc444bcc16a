/** Dead letters: events that a service could not handle. They can be examined, and handled again once the cause is fixed. */
import { useState } from "preact/hooks";
import type { ListedLetter } from "../../../../../mixins/events/events.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { Dialog } from "../../parts/dialog.ts";
import { For } from "../../parts/for.ts";
import { say, sayFault } from "../../parts/notices.ts";
import { Panel, Partial } from "../../parts/panel.ts";
import { Wide } from "../../parts/wide.ts";
import { callNamed, getJson } from "../../platform/api.ts";
import { momentOf } from "../../platform/clock.ts";
import { useLoad } from "../../platform/load.ts";
import { numberIn, t } from "../../platform/texts.ts";
import type { MeshState } from "./services.ts";

/** Interval of reading, milliseconds. */
const EVERY_MS = 10_000;

type Letter = ListedLetter & { service: string };

interface Letters {
  letters: Letter[];
  /** A service that may have some does not answer. */
  isPartial: boolean;
}

async function deadLetters(): Promise<Letters> {
  const { services } = await getJson<MeshState>("/console.json");
  const withEvents = services.filter(({ hasEvents }) => hasEvents);
  const asked = withEvents.filter(({ nodes }) => nodes.length > 0);
  const found = await Promise.allSettled(
    asked.map(async ({ name: service }) =>
      ((await callNamed(`${service}.events.listDead`, {})) as ListedLetter[]).map((one): Letter => ({ ...one, service })),
    ),
  );
  const letters = found.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const isPartial = asked.length < withEvents.length || found.some(({ status }) => status === "rejected");
  return { letters: letters.sort((a, b) => (a.at < b.at ? 1 : -1)), isPartial };
}

export function DeadLetters() {
  const known = useLoad("dead letters", deadLetters, EVERY_MS);
  const [open, setOpen] = useState<Letter | undefined>();
  const close = () => setOpen(undefined);
  const replay = async ({ service, id, event }: Letter) => {
    close();
    try {
      await callNamed(`${service}.events.replay`, { id });
      say(t("letters.done", { event }));
    } catch (error) {
      sayFault(error);
    }
    known.reload();
  };
  const again = (one: Letter, isMain: boolean) =>
    html`<button type="button" class=${isMain ? "main" : ""} onClick=${() => replay(one)}>${t("letters.replay")}<${For} who=${`${one.event}, ${one.key}`} /></button>`;
  const row = (
    one: Letter,
  ) => html`<tr key=${`${one.service} ${one.id}`}><td class="nowrap">${momentOf(one.at)}</td><th scope="row" translate=${false}>${one.service}</th>
    <td translate=${false}>${one.event}</td><td><bdi translate=${false}>${one.key}</bdi></td><td translate=${false}>${one.type ?? "–"}</td>
    <td class="nowrap"><button type="button" class="quiet" onClick=${() => setOpen(one)}>${t("letters.look")}<${For} who=${`${one.event}, ${one.key}`} /></button> ${again(one, false)}</td></tr>`;
  const show = ({ letters, isPartial }: Letters) => html`<${Partial} isPartial=${isPartial} />
    ${letters.length === 0 && !isPartial && html`<p class="muted">${t("letters.none")}</p>`}
    ${
      letters.length > 0 &&
      html`<${Wide} label=${t("letters")}><table class="stacked"><thead><tr><th scope="col">${t("result.when")}</th><th scope="col">${t("services.service")}</th><th scope="col">${t("letters.event")}</th><th scope="col">${t("anomalies.subject")}</th><th scope="col">${t("reason")}</th><td></td></tr></thead>
          <tbody>${letters.map(row)}</tbody></table><//>`
    }`;
  return html`<${Panel} title=${t("letters")} loaded=${known} show=${show} />
    ${
      open &&
      html`<${Dialog} title=${t("letters.one")} onClose=${close}>
        <dl class="facts" translate=${false}>
          <dt>${t("services.service")}</dt><dd>${open.service}</dd>
          <dt>${t("letters.event")}</dt><dd>${open.event}</dd>
          <dt>${t("letters.id")}</dt><dd><code>${open.id}</code></dd>
          <dt>${t("anomalies.subject")}</dt><dd><code>${open.key}</code></dd>
          <dt>${t("reason")}</dt><dd>${open.type ?? t("letters.ours")} ${open.code}</dd>
          <dt>${t("letters.tries")}</dt><dd><${Dotted} of=${[numberIn(open.tries), momentOf(open.at)]} /></dd>
        </dl>
        <p class="hint">${t("letters.hint")}</p>
        <div class="buttons">${again(open, true)}</div>
      <//>`
    }`;
}
