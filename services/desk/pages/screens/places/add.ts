/** Adds a ward, rooms of a ward, or beds of a room: names, separated by commas. */
import type { BoardRoom, BoardWard } from "../../../../wards/board.contract.ts";
import type { wards as wardsContract } from "../../../../wards/wards.contract.ts";
import { html } from "../../html.ts";
import { Dialog } from "../../parts/dialog.ts";
import { Field } from "../../parts/field.ts";
import { Form } from "../../parts/form.ts";
import { Needs } from "../../parts/needs.ts";
import { say } from "../../parts/notices.ts";
import { actionsOf, deleteTogether, Refused } from "../../platform/api.ts";
import { go } from "../../platform/router.ts";
import { joined, t } from "../../platform/texts.ts";
import { plainTyped } from "../../../../../fhir/plain-digits.ts";
import { useKept, useKeptChoices } from "../../platform/drafts.ts";

const wards = actionsOf<typeof wardsContract>("wards");

/** "A, B", or a range of numbers, "1-6", in the digits of any script; copied from a table, too. */
function namesIn(text: string): string[] {
  return text
    .split(/[,،;؛\t]/)
    .map((name) => name.trim())
    .filter(Boolean)
    .flatMap((name) => {
      const [, from, to] = /^(\d{1,3})\s*[-–]\s*(\d{1,3})$/.exec(plainTyped(name)) ?? [];
      const [first, last] = [Number(from), Number(to)];
      return from === undefined || last < first ? [name] : Array.from({ length: last - first + 1 }, (_, index) => `${first + index}`);
    });
}

interface Place {
  location: string;
}

const placesOf = (places: Place[]): string[] => places.map(({ location }) => location);
const roomPlaces = ({ location, beds }: Place & { beds: Place[] }): string[] => [...placesOf(beds), location];

interface AddProps {
  what: "ward" | "room" | BoardRoom;
  /** Where a room or beds are added. */
  ward: BoardWard | undefined;
  onClose: () => void;
  onDone: () => void;
}

export function Add({ what, ward, onClose, onDone }: AddProps) {
  const kept = `add ${typeof what === "object" ? what.location : what} ${ward?.location ?? ""}`;
  const [name, setName] = useKept(kept, "name");
  const [rooms, setRooms] = useKept(kept, "rooms");
  const [beds, setBeds] = useKept(kept, "beds");
  const [attributes, setAttributes] = useKeptChoices(kept, "attributes");
  const isBeds = typeof what === "object";
  /** @returns everything that was created, "Location/…", inner places first */
  const add = async (names: string[]): Promise<string[]> => {
    if (isBeds) return placesOf(await wards.addBeds({ room: what.location, beds: names, ...(attributes.length > 0 && { attributes }) }));
    if (what === "room") return roomPlaces(await wards.addRoom({ ward: ward?.location ?? "", name, beds: names }));
    const inside = namesIn(rooms).map((room) => ({ name: room, beds: names }));
    if (inside.length === 0) throw new Refused(422, "ROOMS_MISSING", "");
    const made = await wards.open({ name, rooms: inside });
    go("places", made.location);
    return [...made.rooms.flatMap(roomPlaces), made.location];
  };
  const send = async () => {
    const names = namesIn(beds);
    if (names.length === 0) throw new Refused(422, "NAMES_MISSING", "");
    const made = await add(names);
    // They have not been used yet, so undo deletes them.
    say(t("places.added"), () => deleteTogether(made).then(onDone));
    onClose();
    onDone();
  };
  const title = isBeds
    ? joined(t("places.addBeds"), ward?.name ?? "", what.name)
    : what === "room"
      ? joined(t("places.newRoom"), ward?.name ?? "")
      : t("places.newWard");
  const fieldOf = { NAMES_MISSING: "beds", ROOMS_MISSING: "rooms", BED_NAME_TAKEN: "beds", WARD_ALREADY_OPEN: "name" };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <${Form} draft=${kept} send=${send} submit=${t("add")} onCancel=${onClose} fieldOf=${fieldOf}>
      ${(faultOf: (field: string) => string | undefined) => html`
        ${!isBeds && html`<${Field} label=${t(what === "room" ? "places.roomName" : "places.wardName")} name="places-name" value=${name} onValue=${setName} required autofocus fault=${faultOf("name")} />`}
        ${what === "ward" && html`<${Field} label=${t("places.rooms")} name="places-rooms" value=${rooms} onValue=${setRooms} required hint=${t("places.names.hint")} fault=${faultOf("rooms")} />`}
        <${Field} label=${t(what === "ward" ? "places.bedsOfEach" : "places.beds")} name="places-beds" value=${beds} onValue=${setBeds} required autofocus=${isBeds} hint=${t("places.names.hint")} fault=${faultOf("beds")} />
        ${isBeds && html`<${Needs} legend=${t("places.has")} chosen=${attributes} onChoose=${setAttributes} />`}`}
    <//>
  <//>`;
}
