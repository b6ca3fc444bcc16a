/** The attributes of a bed itself, or of a room for all its beds; those of the room are shown at the bed, and changed at the room. */
import { useState } from "preact/hooks";
import type { wards as wardsContract } from "../../../../wards/wards.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Form, NOT_YET } from "../../parts/form.ts";
import { Needs } from "../../parts/needs.ts";
import { say } from "../../parts/notices.ts";
import { actionsOf, Refused } from "../../platform/api.ts";
import { takeBackVersion } from "../../platform/taken-back.ts";
import { listed, t, tIfAny } from "../../platform/texts.ts";
import { useKeptChoices } from "../../platform/drafts.ts";
import { isSame, mergedOf } from "../../platform/merging.ts";

const wards = actionsOf<typeof wardsContract>("wards");

/** A bed or a room with its own attributes. */
export interface Described {
  /** "Location/…" */
  place: string;
  version: number;
  has: string[];
  /** For a bed: attributes of its room. */
  ofRoom?: string[] | undefined;
}

interface AttributesProps {
  own: string[];
  ofRoom?: string[] | undefined;
}

const wordOf = (one: string): string => tIfAny(`attribute.${one}`) ?? one;

/** The attributes of a place, marked if they are the room's. */
export const Attributes = ({ own, ofRoom = [] }: AttributesProps) =>
  html`${own.map((one) => html`<span key=${one} class="tag">${wordOf(one)}</span> `)}${ofRoom
    .filter((one) => !own.includes(one))
    .map((one) => html`<span key=${one} class="tag muted">${t("places.ofRoom", { what: wordOf(one) })}</span> `)}`;

/** The current place; undefined if its ward no longer has it. */
async function placeNow(ward: string, place: string): Promise<Described | undefined> {
  const { rooms } = (await wards.board({ ward })).wards[0] ?? { rooms: [] };
  for (const { location, version, attributes = [], beds } of rooms) {
    if (location === place) return { place, version, has: attributes };
    const bed = beds.find((one) => one.location === place);
    if (bed) return { place, version: bed.version, has: bed.own ?? bed.attributes, ofRoom: attributes };
  }
  return undefined;
}

interface DescribeProps {
  of: Described;
  /** "Location/…" */
  ward: string;
  name: string;
  onClose: () => void;
  onDone: () => void;
}

export function Describe({ of: found, ward, name, onClose, onDone }: DescribeProps) {
  const location = found.place;
  const [seen, setSeen] = useState(found);
  const [isTheirs, setTheirs] = useState(false);
  const kept = `describe ${location}`;
  const [attributes, setAttributes] = useKeptChoices(kept, "attributes", found.has);
  const store = async ({ version, has: before }: Described) => {
    const stored = await wards.describe({ location, version, attributes });
    const back = (now: number) => wards.describe({ location, version: now, attributes: before });
    say(t("places.described", { name }), () => takeBackVersion(location, { before: version, stored: stored.version }, back).then(onDone));
    onClose();
    onDone();
  };
  const send = async () => {
    try {
      return await store(seen);
    } catch (error) {
      const theirs = error instanceof Refused && error.type === "PLACE_CHANGED" ? await placeNow(ward, location) : undefined;
      if (!theirs) throw error;
      // The change did not concern the attributes: e.g. the bed was cleaned.
      if (isSame(theirs.has, seen.has)) return store(theirs);
      setAttributes(mergedOf(seen.has, { mine: attributes, theirs: theirs.has }));
      setSeen(theirs);
      setTheirs(true);
      return NOT_YET;
    }
  };
  const ofRoom = seen.ofRoom ?? [];
  return html`<${Dialog} title=${name} onClose=${onClose}>
    ${
      isTheirs &&
      html`<div role="alert"><p class="not-known">${t("places.conflict")}</p><p aria-label=${t("merge.theirs")}><${Attributes} own=${seen.has} /></p></div>`
    }
    ${ofRoom.length > 0 && html`<p class="hint">${t("places.byRoom", { what: listed(ofRoom.map(wordOf)) })}</p>`}
    <${Form} draft=${kept} send=${send} submit=${t("store")} onCancel=${onClose}>
      ${() => html`<${Needs} legend=${t("places.has")} chosen=${attributes} onChoose=${setAttributes} />`}
    <//>
  <//>`;
}
