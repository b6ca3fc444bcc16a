/** Notifies pages of changes of a board, as server-sent events: which wards and beds, never which patients. */
import type { IncomingMessage } from "node:http";
import type { BoardChanges, Touched } from "../../wards/board-events.contract.ts";
import { MAX_TOUCHED } from "../../wards/board-events.contract.ts";
import { httpError } from "./http-error.ts";
import { EventStreams } from "./event-streams.ts";
import { ID_PATTERN } from "../../../fhir/ids.ts";

/** Path of the streams. */
export const BOARD_EVENTS_PATH = "/api/wards/board/events";
/** Changes within this time are sent together, milliseconds. */
const GATHER_MS = 50;
const WARD = new RegExp(`^Location/${ID_PATTERN}$`);
const ALL: BoardChanges = { isAll: true, wards: [] };

/** The ward of a stream; undefined: all. */
type Ward = string | undefined;

/** What the streams need of the gateway. */
export interface BoardStreamOptions {
  isReady(): boolean;
  /** @throws 401 when this is not, or no longer, a signed-in person; 403 when they may not see boards */
  enter(request: IncomingMessage): Promise<unknown>;
  /** The wards of these. */
  locate(touched: Touched[]): Promise<BoardChanges>;
}

/** Whether a request is for a stream. */
export const isForBoardStream = ({ method, url = "" }: IncomingMessage): boolean =>
  method === "GET" && url.split("?", 1)[0] === BOARD_EVENTS_PATH;

/** The streams of one gateway. */
export class BoardStreams extends EventStreams<Ward, BoardChanges> {
  readonly #locate: BoardStreamOptions["locate"];
  #touched: Touched[] = [];
  #isOverflown = false;
  #gathering: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor({ isReady, enter, locate }: BoardStreamOptions) {
    super({
      event: "board",
      isReady,
      enter: async (request) => {
        const ward = wardOf(request);
        await enter(request);
        return ward;
      },
      concerns: ({ isAll, wards }, ward) => isAll || (ward === undefined ? wards.length > 0 : wards.some((it) => it.ward === ward)),
      dataOf,
      sameFor: (ward) => ward ?? "",
      anything: ALL,
    });
    this.#locate = locate;
  }

  /** Called for a version that changes some board. */
  touch(touched: Touched): void {
    if (!this.isHeard) return;
    if (this.#touched.length >= MAX_TOUCHED) this.#isOverflown = true;
    else this.#touched.push(touched);
    this.#gather();
  }

  override close(): void {
    clearTimeout(this.#gathering);
    super.close();
  }

  #gather(): void {
    if (this.#isAsking) return;
    this.#gathering ??= setTimeout(() => void this.#ask(), GATHER_MS).unref();
  }

  async #ask(): Promise<void> {
    const touched = this.#touched;
    const isOverflown = this.#isOverflown;
    this.#touched = [];
    this.#isOverflown = false;
    this.#gathering = undefined;
    this.#isAsking = true;
    const changes = isOverflown ? ALL : await this.#locate(touched).catch(() => ALL);
    this.#isAsking = false;
    this.tell(
      changes,
      touched.map(({ id }) => id),
    );
    if (this.#touched.length > 0) this.#gather();
  }
}

function wardOf({ url = "" }: IncomingMessage): Ward {
  const ward = new URLSearchParams(url.split("?")[1]).get("ward") ?? undefined;
  if (ward !== undefined && !WARD.test(ward)) throw httpError(400, "BAD_WARD", "`ward` must be a reference like Location/1.");
  return ward;
}

/** `wards` is empty if it may be any ward. */
function dataOf(changes: BoardChanges[], ward: Ward): object {
  const [isAll, beds] = [changes.some((one) => one.isAll), new Map<string, Set<string>>()];
  for (const { wards } of changes) {
    for (const it of wards) {
      if (ward !== undefined && it.ward !== ward) continue;
      beds.set(it.ward, new Set([...(beds.get(it.ward) ?? []), ...it.beds]));
    }
  }
  return { isAll, wards: isAll && ward !== undefined ? [ward] : [...beds.keys()], beds: [...beds.values()].flatMap((it) => [...it]) };
}
