/** Hand-over notes of stays, as they were written: a note stays on record, and a later one replaces it. */
import type { Communication } from "../../../../../fhir/r4.ts";
import { html } from "../../html.ts";
import { Dotted } from "../../parts/dotted.ts";
import { search } from "../../platform/api.ts";
import { authorOf, withAuthors } from "../../platform/authors.ts";
import { momentOf } from "../../platform/clock.ts";

/** Number of notes of one stay that are shown with it. */
const MAX_SHOWN = 3;
/** Notes per search for the latest of several stays, and the searches in all: a ward of forty with three notes a day needs two. */
const PAGE = 200;
const MAX_SEARCHES = 5;

export interface Note {
  id: string;
  /** "Encounter/…" */
  stay: string;
  text: string;
  at: string | undefined;
  by: string;
}

/** Notes of these stays, the latest first. */
async function notesIn(stays: readonly string[], count: number): Promise<{ notes: Note[]; hasMore: boolean }> {
  const { resources, included, hasMore } = await search<Communication>("Communication", {
    encounter: stays.join(),
    category: "hand-over",
    "status:not": "entered-in-error",
    _sort: "-sent",
    _count: `${count}`,
    ...withAuthors("Communication:sender"),
  });
  const notes = resources.map((one) => {
    const { id = "", encounter, payload = [], sent, sender } = one;
    const by = authorOf(one, sender, included);
    return { id, stay: encounter?.reference ?? "", text: payload[0]?.contentString ?? "", at: sent, by };
  });
  return { notes, hasMore };
}

/** The latest notes of a stay. @param stay "Encounter/…" */
export const notesOf = async (stay: string): Promise<Note[]> => (await notesIn([stay], MAX_SHOWN)).notes;

/** The latest note of each of several stays. */
export interface LatestNotes {
  /** By stay, "Encounter/…". */
  byStay: ReadonlyMap<string, Note>;
  /** The stays without a note. Of a stay that is in neither it is not known. */
  without: ReadonlySet<string>;
}

/** Asks for the notes of all stays at once, and again for those that the notes of others have pushed out of the answer. */
export async function latestNotesOf(stays: readonly string[]): Promise<LatestNotes> {
  const byStay = new Map<string, Note>();
  let missing = [...stays];
  let isAll = missing.length === 0;
  for (let searches = 0; !isAll && searches < MAX_SEARCHES; searches += 1) {
    const { notes, hasMore } = await notesIn(missing, PAGE);
    for (const note of notes) if (!byStay.has(note.stay)) byStay.set(note.stay, note);
    missing = missing.filter((stay) => !byStay.has(stay));
    isAll = !hasMore || missing.length === 0;
  }
  return { byStay, without: new Set(isAll ? missing : []) };
}

/** A note, when it was written, and by whom. */
export const NoteText = ({ note: { text, at, by } }: { note: Note }) =>
  html`<span class="note-text" dir="auto">${text}</span> <span class="muted"><${Dotted} of=${[momentOf(at), by]} /></span>`;
